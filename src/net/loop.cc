// The event loop: one tick in the order that loop.h promises.
#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "net/buffer.h"
#include "net/limits.h"
#include "net/linger.h"
#include "net/timer_wheel.h"

namespace gwanmun::net {

namespace {

std::uint64_t clock_us() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

/// Swallows the wake-ups of other threads; what they want is in the mailbox.
class Wakeup final : public EventHandler {
 public:
  int fd = -1;
  void on_event(std::uint32_t) override {
    std::uint64_t count;
    while (::read(fd, &count, sizeof count) > 0) {
    }
  }
};

}  // namespace

struct Loop::Impl {
  int epoll = -1;
  Wakeup wakeup;
  std::array<epoll_event, kEventsPerTick> events;
  int event_at = 0;
  int event_count = 0;

  TimerWheel wheel;
  std::vector<Deferred*> deferred;
  std::vector<Flushable*> flushing;
  std::vector<std::unique_ptr<Disposable>> disposing;
  BlockPool blocks;
  LingerSet lingering;
  std::unique_ptr<char[]> scratch = std::make_unique_for_overwrite<char[]>(2 * kScratchBytes);

  std::mutex mutex;
  std::vector<std::move_only_function<void()>> posted;  // guarded by mutex
  std::atomic<bool> has_posted = false;
  std::atomic<bool> stopping = false;

  void wake() const {
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wakeup.fd, &one, sizeof one);  // full: awake anyway
  }
};

// ---- what registers itself with the loop ----

Flushable::~Flushable() {
  if (!flush_queued_) return;
  std::ranges::replace(Loop::current().impl_->flushing, this, nullptr);
}

Deferred::~Deferred() {
  if (!deferred_) return;
  std::ranges::replace(Loop::current().impl_->deferred, this, nullptr);
}

void Timer::arm(Loop& loop, std::uint64_t after_ms, Callback callback, void* context) {
  disarm();
  loop_ = &loop;
  // now_ms() is rounded down, hence one more.
  loop.impl_->wheel.insert(*this, loop.now_ms_ + after_ms + 1, callback, context);
}

void Timer::remove() { std::exchange(loop_, nullptr)->impl_->wheel.remove(*this); }

void Sleep::await_suspend(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  timer_.arm(
      loop_, after_ms_,
      [](void* self) {
        auto* sleep = static_cast<Sleep*>(self);
        sleep->loop_.make_ready(sleep->waiter_);
      },
      this);
}

// ---- life ----

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  scratch_ = {impl_->scratch.get(), kScratchBytes};
  second_scratch_ = {impl_->scratch.get() + kScratchBytes, kScratchBytes};
  now_ms_ = clock_us() / 1'000;
  impl_->wheel.start_at(now_ms_);
}

Result<std::unique_ptr<Loop>> Loop::create() {
  std::unique_ptr<Loop> loop(new Loop);
  Impl& impl = *loop->impl_;
  impl.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (impl.epoll < 0) return fail(str_cat("epoll_create1: ", std::strerror(errno)));
  impl.wakeup.fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl.wakeup.fd < 0) return fail(str_cat("eventfd: ", std::strerror(errno)));
  auto watched = loop->watch(impl.wakeup.fd, impl.wakeup, EPOLLIN | EPOLLET);
  if (!watched) return std::unexpected(watched.error());
  return loop;
}

Loop::~Loop() {
  Loop* previous = std::exchange(current_, this);  // destructors below may ask for it
  impl_->posted.clear();                           // unrun work may own streams
  impl_->lingering.close_all();
  dispose_all();
  if (impl_->wakeup.fd >= 0) ::close(impl_->wakeup.fd);
  if (impl_->epoll >= 0) ::close(impl_->epoll);
  current_ = previous == this ? nullptr : previous;
}

void Loop::run() {
  bind();
  while (!impl_->stopping.load(std::memory_order_acquire)) tick(-1);
  impl_->stopping.store(false, std::memory_order_relaxed);
}

void Loop::run_once(int timeout_ms) {
  bind();
  tick(timeout_ms);
}

void Loop::stop() {
  impl_->stopping.store(true, std::memory_order_release);
  impl_->wake();
}

void Loop::post(std::move_only_function<void()> work) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(work));
  }
  if (!impl_->has_posted.exchange(true, std::memory_order_acq_rel)) impl_->wake();
}

// ---- descriptors ----

Result<void> Loop::watch(int fd, EventHandler& handler, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  if (::epoll_ctl(impl_->epoll, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  if (errno == EEXIST && ::epoll_ctl(impl_->epoll, EPOLL_CTL_MOD, fd, &event) == 0) return {};
  return fail(str_cat("epoll_ctl: ", std::strerror(errno)));
}

void Loop::unwatch(int fd, EventHandler& handler) {
  ::epoll_ctl(impl_->epoll, EPOLL_CTL_DEL, fd, nullptr);
  forget(handler);
}

void Loop::forget(EventHandler& handler) {
  for (int i = impl_->event_at; i < impl_->event_count; ++i) {
    if (impl_->events[i].data.ptr == &handler) impl_->events[i].data.ptr = nullptr;
  }
}

// ---- one tick ----

void Loop::tick(int timeout_ms) {
  Impl& impl = *impl_;
  std::uint64_t next = impl.wheel.next_in();
  if (next != TimerWheel::kNever && (timeout_ms < 0 || next < static_cast<unsigned>(timeout_ms))) {
    timeout_ms = static_cast<int>(std::min<std::uint64_t>(next, 1 << 30));
  }
  bool work_left = !impl.deferred.empty() || !impl.flushing.empty() || !impl.disposing.empty() ||
                   !ready_.empty() || impl.has_posted.load(std::memory_order_acquire);
  int count =
      ::epoll_wait(impl.epoll, impl.events.data(), kEventsPerTick, work_left ? 0 : timeout_ms);
  now_ms_ = clock_us() / 1'000;
  impl.event_count = std::max(count, 0);  // EINTR: nothing happened
  for (impl.event_at = 0; impl.event_at < impl.event_count;) {
    epoll_event& event = impl.events[impl.event_at++];
    if (!event.data.ptr) continue;
    static_cast<EventHandler*>(event.data.ptr)->on_event(event.events);
    run_ready();
    if (impl.flushing.size() >= kFlushBatch) flush_all();
  }
  impl.event_count = impl.event_at = 0;
  run_ready();
  run_deferred_items();
  impl.wheel.advance(now_ms_);
  run_ready();
  run_posted();
  flush_all();
  dispose_all();
}

void Loop::run_ready() {
  while (next_ready_ < ready_.size()) ready_[next_ready_++].resume();
  ready_.clear();
  next_ready_ = 0;
}

void Loop::defer(Deferred& item) {
  if (std::exchange(item.deferred_, true)) return;
  impl_->deferred.push_back(&item);
}

void Loop::run_deferred_items() {
  std::vector<Deferred*>& items = impl_->deferred;
  for (int round = 0; round < kDeferredRounds && !items.empty(); ++round) {
    // By index: items may be added (they belong to the next round) and, destroyed, become null.
    std::size_t count = items.size();
    for (std::size_t i = 0; i < count; ++i) {
      Deferred* item = std::exchange(items[i], nullptr);
      if (!item) continue;
      item->deferred_ = false;
      item->run_deferred();
      run_ready();
    }
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

void Loop::run_posted() {
  if (!impl_->has_posted.load(std::memory_order_acquire)) return;
  impl_->has_posted.store(false, std::memory_order_release);
  std::vector<std::move_only_function<void()>> work;
  {
    std::lock_guard lock(impl_->mutex);
    work.swap(impl_->posted);
  }
  for (auto& item : work) {
    item();
    run_ready();
  }
}

void Loop::flush_later(Flushable& item) {
  if (std::exchange(item.flush_queued_, true)) return;
  impl_->flushing.push_back(&item);
}

void Loop::flush_all() {
  std::vector<Flushable*>& items = impl_->flushing;
  for (int round = 0; round < kFlushRounds && !items.empty(); ++round) {
    std::size_t count = items.size();
    for (std::size_t i = 0; i < count; ++i) {
      Flushable* item = std::exchange(items[i], nullptr);
      if (!item) continue;
      item->flush_queued_ = false;
      item->flush();
      run_ready();
    }
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

void Loop::dispose(std::unique_ptr<Disposable> item) {
  if (item) impl_->disposing.push_back(std::move(item));
}

void Loop::dispose_all() {
  std::vector<std::unique_ptr<Disposable>> items;
  while (!impl_->disposing.empty()) {
    items.swap(impl_->disposing);
    items.clear();
  }
}

std::uint64_t Loop::now_us() { return clock_us(); }
BlockPool& Loop::blocks() { return impl_->blocks; }
LingerSet& Loop::lingering() { return impl_->lingering; }

}  // namespace gwanmun::net
