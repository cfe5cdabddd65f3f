// Loop: one thread's event loop on edge-triggered epoll. Everything that a worker owns is used on
// its loop's thread only; other threads reach it through post().
//
// One tick: wait for events; for each: its handler runs, then the ready queue (coroutines that the
// handler woke) runs dry; after all events: deferred reads, timers, posted work, flush (staged
// writes go out, once per connection; a batch of connections is flushed between events already),
// then disposal of what closed. Nothing is destroyed before that, so a handler may close anything
// without dangling.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace gwanmun::net {

class BlockPool;
class LingerSet;
class Loop;

/// Something the loop can destroy at the end of the tick.
class Disposable {
 public:
  virtual ~Disposable() = default;
};

/// A descriptor's owner. `events` is epoll's bit set (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR |
/// EPOLLHUP).
class EventHandler {
 public:
  virtual void on_event(std::uint32_t events) = 0;

 protected:
  ~EventHandler() = default;
};

/// Has staged output; called once, at the latest at the end of the tick in which it was enqueued.
class Flushable {
 public:
  virtual void flush() = 0;

 protected:
  ~Flushable();

 private:
  friend class Loop;
  bool flush_queued_ = false;
};

/// Wants a turn from the loop itself (not inside its caller): reading goes on, a fault is told.
/// Runs in this tick when enqueued by an event or a coroutine, else in the next one, without a
/// wait.
class Deferred {
 public:
  virtual void run_deferred() = 0;

 protected:
  ~Deferred();

 private:
  friend class Loop;
  bool deferred_ = false;
};

/// A one-shot timer, intrusive: arming allocates nothing. Resolution about 1 ms (a hierarchical
/// wheel); fires on or after its time, counted from the tick's now_ms(). Destruction disarms.
/// Re-arming moves it.
class Timer {
 public:
  using Callback = void (*)(void* context);
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { disarm(); }

  void arm(Loop& loop, std::uint64_t after_ms, Callback callback, void* context);
  void disarm() {
    if (loop_) remove();
  }
  bool armed() const { return loop_ != nullptr; }

 private:
  friend class Loop;
  friend class TimerWheel;
  void remove();
  Loop* loop_ = nullptr;
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this one
  std::uint64_t due_ms_ = 0;
  Callback callback_ = nullptr;
  void* context_ = nullptr;
};

class Loop {
 public:
  static constexpr std::size_t kScratchBytes =
      64 * 1024;  // one read; hot in cache, shared by all connections

  static Result<std::unique_ptr<Loop>> create();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// The loop of the calling thread; requires run() (or run_once()) to be active on it, or bind().
  static Loop& current() {
    assert(current_);
    return *current_;
  }
  /// Makes this the calling thread's loop without running it (set-up and tests).
  void bind() { current_ = this; }

  /// Runs until stop().
  void run();
  /// One tick; waits at most `timeout_ms` (-1: until something happens). For tests and start-up.
  void run_once(int timeout_ms);
  /// Any thread.
  void stop();

  /// Any thread: runs `work` on this loop's thread, in order of posting.
  void post(std::move_only_function<void()> work);

  // ---- the loop's thread only ----

  /// Calls the handler on `events` of fd (epoll's bits; level-triggered unless EPOLLET is among
  /// them). A descriptor that is watched already changes its handler and events.
  Result<void> watch(int fd, EventHandler& handler, std::uint32_t events);
  /// No more events, not even those of this tick. Must come before the descriptor is closed.
  void unwatch(int fd, EventHandler& handler);
  /// unwatch() for a descriptor that the caller closes right now: saves the system call.
  void forget(EventHandler& handler);
  /// Queues a coroutine; it runs after the current event handler (or timer, or posted work)
  /// returns.
  void make_ready(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }
  /// Runs the ready queue dry; called by the loop, and by a stream that lends the scratch buffer.
  void run_ready();
  void flush_later(Flushable& item);
  void defer(Deferred& item);
  /// Destroys it at the end of the tick (after flush).
  void dispose(std::unique_ptr<Disposable> item);

  /// Milliseconds, monotonic; taken once a tick.
  std::uint64_t now_ms() const { return now_ms_; }
  /// Microseconds, monotonic; reads the clock (access log, histograms).
  static std::uint64_t now_us();
  std::span<char> scratch() { return scratch_; }
  /// Where a stream that transforms what it reads (TLS) puts the result, to lend it in turn.
  std::span<char> second_scratch() { return second_scratch_; }
  /// Memory for staged output.
  BlockPool& blocks();
  /// Sockets that send their last bytes and wait for the peer's FIN.
  LingerSet& lingering();

 private:
  struct Impl;
  Loop();
  void tick(int timeout_ms);
  void run_deferred_items();
  void run_posted();
  void flush_all();
  void dispose_all();
  friend class Timer;
  friend class Flushable;
  friend class Deferred;
  static inline constinit thread_local Loop* current_ = nullptr;
  std::vector<std::coroutine_handle<>> ready_;
  std::size_t next_ready_ = 0;
  std::uint64_t now_ms_ = 0;
  std::span<char> scratch_;
  std::span<char> second_scratch_;
  std::unique_ptr<Impl> impl_;
};

/// `co_await sleep(loop, ms)`; not cancellable: for back-off and periodic jobs, not for deadlines.
class Sleep {
 public:
  Sleep(Loop& loop, std::uint64_t after_ms) : loop_(loop), after_ms_(after_ms) {}
  bool await_ready() const noexcept { return after_ms_ == 0; }
  void await_suspend(std::coroutine_handle<> waiter) noexcept;
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  std::uint64_t after_ms_;
  Timer timer_;
  std::coroutine_handle<> waiter_;
};
inline Sleep sleep(Loop& loop, std::uint64_t after_ms) { return {loop, after_ms}; }

}  // namespace gwanmun::net
