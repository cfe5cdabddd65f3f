// The loop: order within a tick, timers, posting from other threads, coroutines.
#include "net/loop.h"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "net/event.h"
#include "net/limits.h"
#include "net/task.h"
#include "net/test_util.h"
#include "net/timer_wheel.h"

namespace gwanmun::net {
namespace {

using ::testing::ElementsAre;
using testing::make_loop;
using testing::run_until;

TEST(Loop, PostedWorkRunsInOrderAndWakesTheLoop) {
  auto loop = make_loop();
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      loop->post([&order, i] { order.push_back(i); });
    }
    loop->post([&loop] { loop->stop(); });
  });
  loop->run();
  other.join();
  ASSERT_EQ(order.size(), 1000u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Loop, StopFromAnotherThreadEndsRun) {
  auto loop = make_loop();
  std::thread other([&] { loop->stop(); });
  loop->run();
  other.join();
}

struct Noted : Disposable {
  explicit Noted(std::vector<std::string>& log) : log_(log) {}
  ~Noted() override { log_.push_back("destroyed"); }
  std::vector<std::string>& log_;
};

struct Flusher final : Flushable {
  std::vector<std::string>* log;
  void flush() override { log->push_back("flushed"); }
};

TEST(Loop, FlushesOncePerTickAndDestroysAfterwards) {
  auto loop = make_loop();
  std::vector<std::string> log;
  Flusher flusher;
  flusher.log = &log;
  loop->post([&] {
    loop->dispose(std::make_unique<Noted>(log));
    loop->flush_later(flusher);
    loop->flush_later(flusher);
    log.push_back("worked");
  });
  loop->run_once(0);
  EXPECT_THAT(log, ElementsAre("worked", "flushed", "destroyed"));
}

struct Queuer final : EventHandler {
  Loop* loop = nullptr;
  std::vector<Flusher*> flushers;
  void on_event(std::uint32_t) override {
    for (Flusher* flusher : flushers) loop->flush_later(*flusher);
  }
};

TEST(Loop, AFullBatchIsFlushedBetweenEvents) {
  for (std::size_t batch : {kFlushBatch - 1, kFlushBatch}) {
    auto loop = make_loop();
    std::vector<std::string> log;
    std::vector<std::unique_ptr<Flusher>> flushers;
    Queuer queuer;
    queuer.loop = loop.get();
    for (std::size_t i = 0; i < batch; ++i) {
      flushers.push_back(std::make_unique<Flusher>());
      flushers.back()->log = &log;
      queuer.flushers.push_back(flushers.back().get());
    }
    auto [a, b] = testing::socket_pair();
    ASSERT_TRUE(loop->watch(a, queuer, EPOLLIN | EPOLLET));
    ASSERT_EQ(1, ::write(b, "x", 1));
    std::size_t flushed_before_work = 0;
    loop->post([&] { flushed_before_work = log.size(); });
    loop->run_once(100);
    EXPECT_EQ(batch == kFlushBatch ? batch : 0, flushed_before_work);
    EXPECT_EQ(batch, log.size());
    loop->unwatch(a, queuer);
    ::close(a);
    ::close(b);
  }
}

TEST(Loop, AQueuedFlushableMayDie) {
  auto loop = make_loop();
  std::vector<std::string> log;
  {
    Flusher flusher;
    flusher.log = &log;
    loop->flush_later(flusher);
  }
  loop->run_once(0);
  EXPECT_TRUE(log.empty());
}

struct Reader final : EventHandler {
  std::function<void()> hook;
  int events = 0;
  void on_event(std::uint32_t) override {
    ++events;
    if (hook) hook();
  }
};

TEST(Loop, AnUnwatchedHandlerGetsNoEventOfTheSameTick) {
  auto loop = make_loop();
  auto [a, a2] = testing::socket_pair();
  auto [b, b2] = testing::socket_pair();
  Reader first;
  Reader second;
  int fa = a;
  int fb = b;
  first.hook = [&] { loop->unwatch(fb, second); };
  second.hook = [&] { loop->unwatch(fa, first); };
  ASSERT_TRUE(loop->watch(a, first, EPOLLIN | EPOLLET));
  ASSERT_TRUE(loop->watch(b, second, EPOLLIN | EPOLLET));
  ASSERT_EQ(1, ::write(a2, "x", 1));
  ASSERT_EQ(1, ::write(b2, "x", 1));
  loop->run_once(100);
  EXPECT_EQ(1, first.events + second.events);
  for (int fd : {a, a2, b, b2}) ::close(fd);
}

// ---- timers ----

TEST(Timer, FiresOnceNotBeforeItsTime) {
  auto loop = make_loop();
  int fired = 0;
  Timer timer;
  std::uint64_t start = Loop::now_us();
  loop->run_once(0);
  timer.arm(*loop, 30, [](void* count) { ++*static_cast<int*>(count); }, &fired);
  ASSERT_TRUE(run_until(*loop, [&] { return fired > 0; }));
  EXPECT_GE(Loop::now_us() - start, 30'000u);
  EXPECT_FALSE(timer.armed());
  loop->run_once(5);
  EXPECT_EQ(1, fired);
}

TEST(Timer, DisarmedByHandByRearmingAndByDestruction) {
  auto loop = make_loop();
  int fired = 0;
  auto count = [](void* n) { ++*static_cast<int*>(n); };
  Timer kept;
  kept.arm(*loop, 5, count, &fired);
  kept.disarm();
  {
    Timer gone;
    gone.arm(*loop, 5, count, &fired);
  }
  Timer moved;
  moved.arm(*loop, 1'000'000, count, &fired);
  moved.arm(*loop, 10, count, &fired);
  ASSERT_TRUE(run_until(*loop, [&] { return fired > 0; }));
  std::uint64_t end = Loop::now_us() + 30'000;
  while (Loop::now_us() < end) loop->run_once(5);
  EXPECT_EQ(1, fired);
}

struct Armed {
  Timer timer;
  std::uint64_t due = 0;
  bool waiting = true;
  std::vector<std::uint64_t>* fired = nullptr;

  static void fire(void* context) {
    auto* self = static_cast<Armed*>(context);
    self->waiting = false;
    self->fired->push_back(self->due);
  }
};

/// The obvious thing that a wheel must agree with.
class PlainTimers {
 public:
  PlainTimers(std::uint64_t now, std::uint32_t seed) : now_(now), random_(seed) {
    wheel_.start_at(now_);
  }

  void insert() {
    auto armed = std::make_unique<Armed>();
    // All magnitudes alike, so that all levels are used.
    armed->due = now_ + 1 + random_() % (std::uint64_t{1} << (random_() % 34));
    armed->fired = &fired_;
    wheel_.insert(armed->timer, armed->due, Armed::fire, armed.get());
    timers_.push_back(std::move(armed));
  }

  void remove() {
    if (timers_.empty()) return;
    std::swap(timers_[random_() % timers_.size()], timers_.back());
    wheel_.remove(timers_.back()->timer);
    timers_.pop_back();
  }

  void advance() {
    std::uint64_t first = TimerWheel::kNever;
    for (const auto& armed : timers_) first = std::min(first, armed->due);
    std::uint64_t next = wheel_.next_in();
    if (timers_.empty()) {
      EXPECT_EQ(TimerWheel::kNever, next);
    } else {
      EXPECT_LE(next, first - now_) << "would sleep past a timer";
      EXPECT_GT(next, 0u) << "would spin";
    }
    bool follow = next != TimerWheel::kNever && random_() % 2;
    now_ += follow ? next : random_() % (std::uint64_t{1} << (random_() % 32));
    wheel_.advance(now_);
    EXPECT_TRUE(std::ranges::is_sorted(fired_));
    for (const auto& armed : timers_) EXPECT_EQ(armed->due > now_, armed->waiting);
    std::erase_if(timers_, [](const auto& armed) { return !armed->waiting; });
    fired_.clear();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      for (auto count = random_() % 4; count > 0; --count) insert();
      if (random_() % 3 == 0) remove();
      advance();
    }
  }

 private:
  std::uint64_t now_;
  std::mt19937_64 random_;
  TimerWheel wheel_;
  std::vector<std::uint64_t> fired_;
  std::vector<std::unique_ptr<Armed>> timers_;
};

TEST(TimerWheel, AgreesWithAPlainList) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    PlainTimers(seed * 12'345, seed).run(300);
    PlainTimers(0xffff'fff0u, seed).run(300);  // a carry through many digits
  }
}

TEST(TimerWheel, ATimerOfThePastFiresAtTheNextMillisecond) {
  TimerWheel wheel;
  wheel.start_at(1000);
  std::vector<std::uint64_t> fired;
  Armed armed{.due = 10, .fired = &fired};
  wheel.insert(armed.timer, armed.due, Armed::fire, &armed);
  EXPECT_EQ(1u, wheel.next_in());
  wheel.advance(1000);
  EXPECT_TRUE(fired.empty());
  wheel.advance(1001);
  EXPECT_THAT(fired, ElementsAre(10));
}

TEST(TimerWheel, ACallbackMayDisarmAndArmOthersOfItsSlot) {
  auto loop = make_loop();
  struct Pair {
    Loop* loop;
    Timer a, b;
    int fired = 0;
    static void fire(void* context) {
      auto* self = static_cast<Pair*>(context);
      ++self->fired;
      self->a.disarm();
      self->b.disarm();
    }
  } pair;
  pair.loop = loop.get();
  pair.a.arm(*loop, 3, Pair::fire, &pair);
  pair.b.arm(*loop, 3, Pair::fire, &pair);
  ASSERT_TRUE(run_until(*loop, [&] { return pair.fired > 0; }));
  std::uint64_t end = Loop::now_us() + 10'000;
  while (Loop::now_us() < end) loop->run_once(2);
  EXPECT_EQ(1, pair.fired);
}

// ---- coroutines ----

Task<int> twice(int value) { co_return 2 * value; }
Task<void> waits(Event& event, std::vector<int>& log) {
  log.push_back(1);
  co_await event;
  log.push_back(co_await twice(21));
}

TEST(Task, ResumesFromTheReadyQueueNotInsideFire) {
  auto loop = make_loop();
  Event event;
  std::vector<int> log;
  spawn(waits(event, log));
  EXPECT_THAT(log, ElementsAre(1));
  event.fire();
  EXPECT_THAT(log, ElementsAre(1));
  loop->run_once(0);
  EXPECT_THAT(log, ElementsAre(1, 42));
  event.fire();  // nobody waits: nothing happens
  loop->run_once(0);
}

Task<void> sleeps(Loop& loop, bool& done) {
  co_await sleep(loop, 0);
  co_await sleep(loop, 10);
  done = true;
}

TEST(Task, Sleeps) {
  auto loop = make_loop();
  bool done = false;
  spawn(sleeps(*loop, done));
  EXPECT_TRUE(run_until(*loop, [&] { return done; }));
}

TEST(Task, FramesAreRecycledBySizeClass) {
  void* first = allocate_frame(200);
  free_frame(first, 200);
  void* second = allocate_frame(193);
#if !defined(__has_feature) || !__has_feature(address_sanitizer)
  EXPECT_EQ(first, second);
#endif
  free_frame(second, 193);
  void* large = allocate_frame(1 << 20);
  free_frame(large, 1 << 20);
}

}  // namespace
}  // namespace gwanmun::net
