// Connections whose peer is slow, silent or greedy: each ends at its limit, and who is merely quiet
// by design stays. The peer is a bare socket that sends hand-written frames.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/connection.h"
#include "http/http2_test_util.h"
#include "net/task.h"

namespace gwanmun::http {
namespace {

using namespace http2::testing;
using http2::ErrorCode;
using http2::FrameType;

struct Rig final : ServerHandler {
  ServerLimits limits;
  std::unique_ptr<net::Loop> loop = std::move(net::Loop::create().value());
  int peer = -1;
  ServerConnection* server = nullptr;
  void* context_seen = nullptr;
  int requests = 0, closed = 0, replaced = 0;
  std::map<std::string, Fault, std::less<>> ended;  // by path
  std::string received;

  ~Rig() {
    if (peer >= 0) ::close(peer);
    run([&] { return closed > 0; });
  }
  std::unique_ptr<net::Stream> connect() {
    loop->bind();
    int fds[2];
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    peer = fds[1];
    return net::make_tcp_stream(*loop, fds[0], {}, {});
  }
  void start() {
    server = serve_http2(*loop, connect(), *this, limits, false);
    send(client_start());
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    loop->run_once(0);
  }
  /// Until `done`, while taking what the server says (unless it is to stay unread).
  bool run(const std::function<bool()>& done, bool read = true) {
    std::uint64_t end = net::Loop::now_us() + 8'000'000;
    while (!done()) {
      if (net::Loop::now_us() > end) return false;
      loop->run_once(5);
      char buffer[65536];
      while (read && peer >= 0) {
        ssize_t n = ::recv(peer, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        received.append(buffer, static_cast<std::size_t>(n));
      }
    }
    return true;
  }
  ErrorCode goaway() const {
    for (const Frame& f : split_frames(received)) {
      if (f.header.type == FrameType::kGoaway) return f.code(4);
    }
    return ErrorCode::kNoError;
  }
  std::size_t body_bytes() const {
    std::size_t sum = 0;
    for (const Frame& f : split_frames(received)) {
      if (f.header.type == FrameType::kData) sum += f.payload.size();
    }
    return sum;
  }

  void on_request(ServerStream& stream) override {
    ++requests;
    net::spawn(serve(*this, stream));
  }
  void on_refused(ServerConnection&, int, std::string_view) override {}
  void on_replaced(ServerConnection& old, ServerConnection& now) override {
    EXPECT_EQ(&old, server);
    server = &now;
    context_seen = now.context;
    ++replaced;
  }
  void on_closed(ServerConnection&) override { ++closed, server = nullptr; }

  /// Reads the body, then sends as much as `?N` asks for.
  static net::Task<> serve(Rig& rig, ServerStream& stream) {
    std::string path(stream.request().path);
    auto size = static_cast<std::size_t>(std::atoll(std::string(stream.request().query).c_str()));
    while (stream.state() == BodyReader::kData || stream.state() == BodyReader::kPending) {
      if (stream.state() == BodyReader::kData) {
        stream.consume(stream.data().size());
      } else {
        co_await stream.readable();
      }
    }
    Fault fault = stream.read_fault();
    if (fault == Fault::kNone) {
      ResponseHead head(stream.arena());
      stream.send_head(head);
      std::string piece(10'000, 'x');
      for (std::size_t sent = 0; sent < size && stream.write_fault() == Fault::kNone;) {
        if (stream.ready()) {
          stream.write(piece);
          sent += piece.size();
        } else {
          co_await stream.writable();
        }
      }
      stream.finish(nullptr);
      fault = stream.write_fault();
    }
    rig.ended[path] = fault;
    stream.release();
  }
};

std::string request(std::string_view path,
                    std::vector<std::pair<std::string, std::string>> more = {}) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return block(fields);
}

TEST(Http2Slow, AHeaderBlockThatIsNotFinished) {
  for (const std::string& part :
       {frame(FrameType::kHeaders, 0, 1, request("/a")), headers(1, request("/a")).substr(0, 20),
        std::string("\0\0", 2)}) {
    Rig rig;
    rig.limits.head_timeout = Milliseconds(40);
    rig.start();
    rig.send(part);
    std::uint64_t start = net::Loop::now_us();
    ASSERT_TRUE(rig.run([&] { return rig.closed == 1; }));
    EXPECT_GE(net::Loop::now_us() - start, 35'000u);
    EXPECT_EQ(rig.goaway(), ErrorCode::kEnhanceYourCalm);
    EXPECT_EQ(rig.requests, 0);
  }
}

TEST(Http2Slow, AnIdleConnectionIsTakenLeaveOf) {
  Rig rig;
  rig.limits.head_timeout = Milliseconds(20);
  rig.limits.idle_timeout = Milliseconds(60);
  rig.start();
  ASSERT_TRUE(rig.run([&] { return rig.closed == 1; }));
  std::vector<Frame> frames = split_frames(rig.received);
  EXPECT_EQ(frames.back().header.type, FrameType::kGoaway);
  EXPECT_EQ(frames.back().code(4), ErrorCode::kNoError);
}

TEST(Http2Slow, BodiesThatStopInEitherDirection) {
  Rig rig;
  rig.limits.body_idle_timeout = Milliseconds(300);
  rig.start();
  rig.send(setting(http2::SettingId::kInitialWindowSize, 100));
  rig.send(headers(1, request("/silent-upload"), false) + data(1, "abc"));
  rig.send(headers(3, request("/grpc", {{"content-type", "application/grpc"}}), false));
  rig.send(headers(5, request("/unread?50000")));
  ASSERT_TRUE(rig.run([&] { return rig.ended.size() == 2; }));
  EXPECT_EQ(rig.ended["/silent-upload"], Fault::kTimeout);
  EXPECT_EQ(rig.ended["/unread"], Fault::kTimeout);
  EXPECT_EQ(rig.closed, 0) << "only those streams";
  rig.send(data(3, "", true));
  ASSERT_TRUE(rig.run([&] { return rig.ended.contains("/grpc"); }));
  EXPECT_EQ(rig.ended["/grpc"], Fault::kNone) << "a quiet gRPC client is normal";
}

TEST(Http2Slow, BodiesThatDrip) {
  Rig rig;
  rig.limits.min_rate_grace = Milliseconds(500);
  rig.limits.min_body_rate = 1'000;
  rig.start();
  rig.send(headers(1, request("/drip"), false));
  rig.send(headers(3, request("/steady"), false));
  std::uint64_t next = 0;
  ASSERT_TRUE(rig.run([&] {
    if (net::Loop::now_us() > next && rig.ended.empty()) {
      next = net::Loop::now_us() + 50'000;
      rig.send(data(1, "x") + data(3, std::string(200, 'x')));
    }
    return !rig.ended.empty();
  }));
  EXPECT_EQ(rig.ended.begin()->first, "/drip");
  EXPECT_EQ(rig.ended["/drip"], Fault::kTimeout);
  rig.send(data(3, "", true));
  ASSERT_TRUE(rig.run([&] { return rig.ended.contains("/steady"); }));
  EXPECT_EQ(rig.ended["/steady"], Fault::kNone);
}

TEST(Http2Slow, AnswersThatNobodyReadsAreNotPiledUp) {
  Rig rig;
  rig.limits.max_control_frames = 1'000'000'000;
  rig.limits.max_queued_control_bytes = 10'000;
  rig.start();
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += frame(FrameType::kPing, 0, 0, "12345678");
  bool ended = rig.run(
      [&] {
        if (rig.closed == 0) (void)::send(rig.peer, pings.data(), pings.size(), MSG_NOSIGNAL);
        return rig.closed == 1;
      },
      false);
  EXPECT_TRUE(ended);
}

TEST(Http2Slow, AReplyToAClientThatDoesNotReadIsBounded) {
  Rig rig;
  rig.start();
  rig.send(setting(http2::SettingId::kInitialWindowSize, 0x7fff'ffff) +
           window_update(0, 0x7000'0000));
  rig.send(headers(1, request("/big?50000000")));
  std::uint64_t stop = net::Loop::now_us() + 300'000;
  rig.run([&] { return net::Loop::now_us() > stop; }, false);
  EXPECT_LT(rig.server->transport().staged(), 256u * 1024);
  EXPECT_TRUE(rig.ended.empty());
  ASSERT_TRUE(rig.run([&] { return !rig.ended.empty(); }));
  EXPECT_EQ(rig.ended["/big"], Fault::kNone);
  ASSERT_TRUE(rig.run([&] { return rig.body_bytes() == 50'000'000; }));
}

TEST(ServeAuto, ThePrefaceOfHttp2IsRecognisedByteByByte) {
  Rig rig;
  rig.server = serve_auto(*rig.loop, rig.connect(), rig, rig.limits);
  rig.server->context = &rig;
  std::string wire = client_start() + headers(1, request("/a"));
  for (char c : wire) rig.send({&c, 1});
  ASSERT_TRUE(rig.run([&] { return rig.ended.contains("/a"); }));
  EXPECT_EQ(rig.replaced, 1);
  EXPECT_EQ(rig.context_seen, &rig);
}

TEST(ServeAuto, EverythingElseIsHttp1) {
  Rig rig;
  rig.server = serve_auto(*rig.loop, rig.connect(), rig, rig.limits);
  rig.send("P");
  EXPECT_EQ(rig.replaced, 0);
  rig.send("UT /put HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(rig.run([&] { return rig.ended.contains("/put"); }));
  EXPECT_EQ(rig.replaced, 1);
  ASSERT_TRUE(rig.run([&] { return rig.received.starts_with("HTTP/1.1 200"); }));
}

TEST(ServeAuto, WhatIsNoHttpAtAllIsClosedWithoutAWord) {
  Rig rig;
  rig.server = serve_auto(*rig.loop, rig.connect(), rig, rig.limits);
  rig.send("INVALID CONNECTION PREFACE\r\n\r\n");
  ASSERT_TRUE(rig.run([&] { return rig.closed == 1; }));
  EXPECT_EQ(rig.received, "");
  for (const char* http1 : {"GET /\r\n\r\n", "GET / http/1.1\r\n\r\n"}) {
    Rig other;
    other.server = serve_auto(*other.loop, other.connect(), other, other.limits);
    other.send(http1);
    EXPECT_TRUE(other.run([&] { return other.received.starts_with("HTTP/1.1 400"); })) << http1;
  }
}

TEST(ServeAuto, AClientThatSaysNothingIsClosed) {
  Rig rig;
  rig.limits.head_timeout = Milliseconds(30);
  rig.server = serve_auto(*rig.loop, rig.connect(), rig, rig.limits);
  ASSERT_TRUE(rig.run([&] { return rig.closed == 1; }));
  EXPECT_EQ(rig.replaced, 0);
}

}  // namespace
}  // namespace gwanmun::http
