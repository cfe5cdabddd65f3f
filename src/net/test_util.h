// Helpers of net's own tests: connected pairs of streams, a recording handler, running the loop
// until something is true.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/loop.h"
#include "net/stream.h"

namespace gwanmun::net::testing {

inline std::unique_ptr<Loop> make_loop() {
  auto loop = Loop::create();
  EXPECT_TRUE(loop.has_value());
  (*loop)->bind();
  return *std::move(loop);
}

/// Runs ticks until `done`, at most half a minute (sanitizers on a busy machine are slow).
inline bool run_until(Loop& loop, const std::function<bool()>& done) {
  std::uint64_t end = Loop::now_us() + 30'000'000;
  while (!done()) {
    if (Loop::now_us() > end) return false;
    loop.run_once(20);
  }
  return true;
}

/// Two ends of a stream socket, non-blocking. (UNIX sockets: same calls, no TCP options.)
inline std::pair<int, int> socket_pair() {
  int fds[2];
  EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  return {fds[0], fds[1]};
}

/// Two ends of a TCP connection over loopback, non-blocking.
std::pair<int, int> tcp_pair();

struct Recorder : StreamHandler {
  virtual ~Recorder() = default;
  std::string data;
  bool use_all = true;
  std::size_t use = 0;  // otherwise so many bytes a call
  int calls = 0;
  int ends = 0;
  int writable = 0;
  StreamFault fault = StreamFault::kNone;
  std::function<void(std::string_view)> hook;

  std::size_t on_data(std::string_view bytes) override {
    ++calls;
    if (hook) hook(bytes);
    std::size_t used = use_all ? bytes.size() : std::min(use, bytes.size());
    data += bytes.substr(0, used);
    return used;
  }
  void on_end() override { ++ends; }
  void on_writable() override { ++writable; }
  void on_fault(StreamFault why) override { fault = why; }
};

}  // namespace gwanmun::net::testing
