// Exits 0 when an aggregate temporary inside a co_await expression is destroyed exactly once.
#include <coroutine>
#include <exception>
#include <expected>
#include <string>

static int destroyed = 0;
struct Counted {
  std::string text;
  ~Counted() { ++destroyed; }
};
struct Aggregate {
  Counted member;
};
struct Ready {
  explicit Ready(const Aggregate&) {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return 1; }
};
struct Job {
  struct promise_type {
    Job get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};
static Job run() { co_await Ready(Aggregate{{"a string long enough to be on the heap"}}); }

int main() {
  run();
  std::expected<int, int> value = 1;
  return destroyed == 1 && value.has_value() ? 0 : 1;
}
