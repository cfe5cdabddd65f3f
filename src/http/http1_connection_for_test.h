// Helpers of the connections' tests: one end of a socket pair is the connection, the other one is
// plain bytes in the test's hands.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/stream.h"

namespace gwanmun::http::testing {

/// The plain end.
class RawPeer {
 public:
  explicit RawPeer(int fd) : fd_(fd) {}
  ~RawPeer() { close(); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  /// Returns how many the other end's socket took.
  std::size_t send(std::string_view bytes) {
    std::size_t total = 0;
    while (total < bytes.size()) {
      ssize_t sent = ::send(fd_, bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL);
      if (sent <= 0) break;
      total += static_cast<std::size_t>(sent);
    }
    return total;
  }
  /// What has come so far; sees the end too.
  const std::string& received() {
    char buffer[65536];
    for (;;) {
      ssize_t count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count == 0) ended_ = true;
      if (count <= 0) break;
      received_.append(buffer, static_cast<std::size_t>(count));
    }
    return received_;
  }
  std::string take() {
    received();
    return std::exchange(received_, {});
  }
  bool ended() {
    received();
    return ended_;
  }
  void finish() { ::shutdown(fd_, SHUT_WR); }
  /// With FIN: bytes left unread would make it a reset.
  void close() {
    received();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  bool ended_ = false;
  std::string received_;
};

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = *net::Loop::create();
    loop_->bind();
    int fds[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    peer_ = std::make_unique<RawPeer>(fds[1]);
    stream_ = net::make_tcp_stream(*loop_, fds[0], {}, {});
  }

  /// Runs ticks until `done` or for about two seconds.
  bool run_until(const std::function<bool()>& done) {
    std::uint64_t end = net::Loop::now_us() + 2'000'000;
    while (!done()) {
      if (net::Loop::now_us() > end) return false;
      loop_->run_once(5);
    }
    return true;
  }
  /// Until nothing more is to be expected.
  void settle_down() {
    for (int i = 0; i < 5; ++i) loop_->run_once(1);
  }
  bool peer_gets(std::string_view text) {
    return run_until([&] { return peer_->received().find(text) != std::string::npos; });
  }
  bool peer_ends() {
    return run_until([&] { return peer_->ended(); });
  }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<RawPeer> peer_;
};

}  // namespace gwanmun::http::testing
