// Event: where one coroutine waits for something to happen on its own loop.
#pragma once

#include <cassert>
#include <coroutine>
#include <utility>

#include "net/loop.h"

namespace gwanmun::net {

/// A single-waiter, auto-reset event. fire() wakes the waiter through the loop's ready queue, never
/// inside the caller; with no waiter it does nothing (so: check the condition, then wait, in a
/// loop). One thread. Destroying an Event that somebody waits on is a bug (asserted).
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { assert(!waiter_); }

  void fire() {
    Event& event = target_ ? *target_ : *this;
    if (event.waiter_) Loop::current().make_ready(std::exchange(event.waiter_, nullptr));
  }
  /// Passes every fire() on to `target` (nullptr: no longer), so that one coroutine can wait for
  /// several things at once: it waits on the target and checks all conditions when woken. One
  /// level only; the target must outlive this event or the forwarding.
  void forward_to(Event* target) { target_ = target; }
  bool has_waiter() const { return waiter_ != nullptr; }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  void await_resume() const noexcept {}
  Event& operator co_await() noexcept { return *this; }

 private:
  std::coroutine_handle<> waiter_;
  Event* target_ = nullptr;
};

}  // namespace gwanmun::net
