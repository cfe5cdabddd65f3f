// Deadline: a timer for deadlines that move with every request. Moving one later, or clearing it,
// costs a store; the loop's timer is touched only when it fires or when the deadline comes nearer.
// Used by the connections. One thread.
#pragma once

#include <cstdint>

#include "net/loop.h"

namespace gwanmun::http {

/// Calls `(owner.*Expired)()` from the loop when the deadline has passed.
template <class Owner, void (Owner::*Expired)()>
class Deadline {
 public:
  explicit Deadline(Owner& owner) : owner_(owner) {}

  void set(net::Loop& loop, std::uint64_t after_ms) {
    due_ms_ = loop.now_ms() + after_ms;
    if (!timer_.armed() || due_ms_ < fires_ms_) arm(loop, after_ms);
  }
  void clear() { due_ms_ = 0; }
  bool is_set() const { return due_ms_ != 0; }

 private:
  void arm(net::Loop& loop, std::uint64_t after_ms) {
    fires_ms_ = loop.now_ms() + after_ms;
    timer_.arm(loop, after_ms, [](void* self) { static_cast<Deadline*>(self)->fired(); }, this);
  }
  void fired() {
    if (due_ms_ == 0) return;
    net::Loop& loop = net::Loop::current();
    if (loop.now_ms() < due_ms_) return arm(loop, due_ms_ - loop.now_ms());
    due_ms_ = 0;
    (owner_.*Expired)();
  }

  Owner& owner_;
  std::uint64_t due_ms_ = 0;    // 0: none
  std::uint64_t fires_ms_ = 0;  // when the armed timer fires, never later than due
  net::Timer timer_;
};

}  // namespace gwanmun::http
