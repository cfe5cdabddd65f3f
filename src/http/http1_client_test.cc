// Client connections over a socket pair: what a server's raw bytes make of an exchange.
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "http/connection.h"
#include "http/http1_connection_for_test.h"
#include "net/task.h"

namespace gwanmun::http {
namespace {

using net::Task;

constexpr std::string_view kRequest = "GET /p HTTP/1.1\r\nhost: a\r\n\r\n";

class Http1ClientTest : public testing::ConnectionTest, public ClientHandler {
 protected:
  void SetUp() override {
    ConnectionTest::SetUp();
    connection_ = connect_http1(*loop_, std::move(stream_), *this, limits_);
  }
  void TearDown() override {
    if (closed_ == 0) connection_->retire();
    settle_down();
    EXPECT_EQ(running_, 0);
    EXPECT_EQ(closed_, 1);
  }

  void on_idle(ClientConnection&) override { ++idle_; }
  void on_capacity(ClientConnection&) override {}
  void on_retired(ClientConnection&) override { ++retired_; }
  void on_closed(ClientConnection&) override { ++closed_; }

  struct Request {
    std::string_view method = "GET";
    std::string_view upgrade;
    BodyLength body;
    std::string_view content;
    bool finish = true;
  };

  void start(Request request) { net::spawn(exchange(request)); }
  void start() { start(Request{}); }

  // Reads everything and writes down what it saw.
  Task<> exchange(Request request) {
    ++running_;
    Arena arena;
    ClientStream& stream = connection_->open(arena);
    current_ = &stream;
    RequestHead head(arena);
    head.method = request.method;
    head.authority = "a";
    head.path = "/p";
    head.upgrade = request.upgrade;
    head.body = request.body;
    stream.send_head(head);
    if (!request.content.empty()) stream.write(request.content);
    if (request.finish && request.body.kind != BodyLength::Kind::kNone) stream.finish(nullptr);
    bool answered = co_await read_heads(stream);
    if (answered) co_await read_body(stream);
    if (stream.response().status == 101 && answered) stream.finish(nullptr);
    seen_ += "|";
    current_ = nullptr;
    stream.release();
    --running_;
  }

  Task<bool> read_heads(ClientStream& stream) {
    for (;;) {
      while (stream.head_state() == ClientStream::kHeadPending) co_await stream.head_event();
      if (stream.head_state() == ClientStream::kHeadFailed) {
        seen_ += str_cat("failed ", to_string(stream.head_fault()));
        co_return false;
      }
      seen_ += str_cat(stream.response().status, " ");
      if (stream.response().status >= 200 || stream.response().status == 101) co_return true;
      stream.next_head();
    }
  }

  Task<> read_body(ClientStream& stream) {
    for (;;) {
      while (stream.state() == BodyReader::kPending || hold_) {
        if (hold_) co_await proceed_;
        else co_await stream.readable();
      }
      if (stream.state() != BodyReader::kData) break;
      seen_ += stream.data();
      stream.consume(stream.data().size());
    }
    if (stream.state() == BodyReader::kFailed) {
      seen_ += str_cat(" failed ", to_string(stream.read_fault()));
    }
    if (stream.trailers() != nullptr) {
      for (const Field& field : *stream.trailers()) {
        seen_ += str_cat(" [", field.name, "=", field.value, "]");
      }
    }
  }

  // Takes what comes with the head, and asks for more only when told.
  Task<> take_and_hold() {
    ++running_;
    Arena arena;
    ClientStream& stream = connection_->open(arena);
    RequestHead head(arena);
    head.method = "GET";
    head.authority = "a";
    head.path = "/p";
    stream.send_head(head);
    if (co_await read_heads(stream) && stream.state() == BodyReader::kData) {
      seen_ += stream.data();
      stream.consume(stream.data().size());
      co_await proceed_;
    }
    co_await read_body(stream);
    seen_ += "|";
    stream.release();
    --running_;
  }

  void answer(std::string_view bytes) {
    peer_->send(bytes);
    settle_down();
  }

  ClientLimits limits_;
  ClientConnection* connection_ = nullptr;
  ClientStream* current_ = nullptr;
  int idle_ = 0, retired_ = 0, closed_ = 0, running_ = 0;
  bool hold_ = false;
  net::Event proceed_;
  std::string seen_;
};

TEST_F(Http1ClientTest, IsUsedAgain) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_EQ(connection_->capacity(), 1u);
    start();
    EXPECT_EQ(connection_->capacity(), 0u);
    ASSERT_TRUE(peer_gets(kRequest));
    EXPECT_EQ(peer_->take(), kRequest);
    answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(idle_, i);
  }
  EXPECT_EQ(seen_, "200 hello|200 hello|200 hello|");
  EXPECT_EQ(retired_, 0);
}

TEST_F(Http1ClientTest, RepliesByteByByte) {
  start();
  std::string reply =
      "HTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n";
  for (char c : reply) {
    peer_->send(std::string_view(&c, 1));
    loop_->run_once(1);
  }
  EXPECT_EQ(seen_, "103 200 abcde [x-sum=5]|");
  EXPECT_EQ(idle_, 1);
  EXPECT_EQ(connection_->capacity(), 1u);
}

TEST_F(Http1ClientTest, InformationalAndFinalHeadAtOnce) {
  start();
  answer(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 X\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(seen_, "100 102 200 ok|");
  EXPECT_EQ(idle_, 1);
}

TEST_F(Http1ClientTest, TooManyInformationalHeads) {
  start();
  for (int i = 0; i < 17; ++i) peer_->send("HTTP/1.1 102 X\r\n\r\n");
  settle_down();
  EXPECT_TRUE(seen_.ends_with("failed too_large|"));
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, RequestBodies) {
  start({.method = "POST", .body = BodyLength::known(5), .content = "hello"});
  ASSERT_TRUE(peer_gets("hello"));
  EXPECT_EQ(peer_->take(), "POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
  answer("HTTP/1.1 204 X\r\n\r\n");
  start({.method = "POST", .body = BodyLength::unknown(), .content = "hello"});
  ASSERT_TRUE(peer_gets("0\r\n\r\n"));
  EXPECT_EQ(peer_->take(),
            "POST /p HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n0\r\n\r\n");
  answer("HTTP/1.1 204 X\r\n\r\n");
  EXPECT_EQ(seen_, "204 |204 |");
  EXPECT_EQ(idle_, 2);
}

TEST_F(Http1ClientTest, HeadHasNoBody) {
  start({.method = "HEAD"});
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(seen_, "200 |");
  EXPECT_EQ(idle_, 1);
}

TEST_F(Http1ClientTest, CloseDelimitedBodies) {
  start();
  answer("HTTP/1.1 200 OK\r\n\r\nhel");
  answer("lo");
  EXPECT_EQ(retired_, 1);
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "200 hello|");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, ConnectionCloseRetires) {
  start();
  answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(seen_, "200 ok|");
  EXPECT_EQ(idle_, 0);
  EXPECT_EQ(retired_, 1);
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, MalformedReplies) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx");
  EXPECT_EQ(seen_, "failed malformed|");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, MalformedChunks) {
  start();
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX");
  EXPECT_EQ(seen_, "200 hello failed malformed|");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, HeadsBeyondTheLimit) {
  start();
  answer("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'));
  EXPECT_EQ(seen_, "failed too_large|");
}

TEST_F(Http1ClientTest, CutOffBodies) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "200 hello failed closed|");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, ExtraBytesAreNeverTheNextReply) {
  start();
  answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(seen_, "200 ok|");
  EXPECT_EQ(idle_, 0);
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, BytesWhileIdleCloseTheConnection) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(idle_, 1);
  answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, AServerThatClosesWhileIdle) {
  peer_->close();
  settle_down();
  EXPECT_EQ(retired_, 1);
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, AFreshConnectionThatDiesIsNotRefused) {
  start();
  ASSERT_TRUE(peer_gets(kRequest));
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "failed closed|");
}

TEST_F(Http1ClientTest, AReusedConnectionThatDiesIsRefusedForIdempotentMethods) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  start();
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "200 |failed refused|");
}

TEST_F(Http1ClientTest, AReusedConnectionThatDiesMayHaveProcessedAPost) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  peer_->take();
  start({.method = "POST"});
  ASSERT_TRUE(peer_gets("POST"));
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "200 |failed closed|");
}

TEST_F(Http1ClientTest, AReusedConnectionThatDiesBeforeAnythingWasSent) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  peer_->close();  // the connection has not seen it yet
  start({.method = "POST"});
  settle_down();
  EXPECT_EQ(seen_, "200 |failed refused|");
}

TEST_F(Http1ClientTest, AReplyThatBeganIsNotRefused) {
  start();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  start();
  answer("HTTP/1.1 20");
  peer_->close();
  settle_down();
  EXPECT_EQ(seen_, "200 |failed closed|");
}

TEST_F(Http1ClientTest, EarlyRepliesEndTheExchangeAndTheConnection) {
  start({.method = "POST", .body = BodyLength::known(100), .content = "x", .finish = false});
  answer("HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(seen_, "413 no|");
  EXPECT_EQ(idle_, 0);
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, UpgradesTunnel) {
  start({.upgrade = "websocket"});
  ASSERT_TRUE(peer_gets("upgrade: websocket\r\n\r\n"));
  answer("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  answer(" late");
  peer_->finish();
  settle_down();
  EXPECT_EQ(seen_, "101 early late|");
  EXPECT_EQ(idle_, 0);
  EXPECT_EQ(closed_, 1);
  EXPECT_TRUE(peer_ends());
}

TEST_F(Http1ClientTest, BackpressureStopsReading) {
  hold_ = true;
  start();
  std::string body(4'000'000, 'x');
  std::string reply = str_cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
  std::string_view rest = reply;
  for (int i = 0; i < 200; ++i) {
    rest.remove_prefix(peer_->send(rest));
    loop_->run_once(0);
  }
  EXPECT_FALSE(rest.empty());
  EXPECT_LE(connection_->transport().bytes_received(), 200'000u);
  hold_ = false;
  proceed_.fire();
  EXPECT_TRUE(run_until([&] {
    rest.remove_prefix(peer_->send(rest));
    return running_ == 0;
  }));
  EXPECT_EQ(seen_.size(), body.size() + 5);
  EXPECT_EQ(idle_, 1);
}

TEST_F(Http1ClientTest, NothingIsReadForAReaderThatDoesNotAsk) {
  net::spawn(take_and_hold());
  answer("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
  EXPECT_TRUE(connection_->transport().reading_paused());
  answer("def");
  EXPECT_EQ(connection_->transport().bytes_received(), 41u);
  proceed_.fire();
  settle_down();
  EXPECT_EQ(seen_, "200 abcdef|");
}

TEST_F(Http1ClientTest, AConnectionGoesBackReadingAlsoWhenItsReaderDidNotAsk) {
  net::spawn(take_and_hold());
  answer("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  EXPECT_TRUE(connection_->transport().reading_paused());
  proceed_.fire();
  settle_down();
  EXPECT_FALSE(connection_->transport().reading_paused());
  start();
  answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(seen_, "200 abc|200 ok|");
}

TEST_F(Http1ClientTest, ResetGivesUp) {
  start();
  ASSERT_TRUE(peer_gets(kRequest));
  current_->reset(Fault::kTimeout);
  settle_down();
  EXPECT_EQ(seen_, "failed timeout|");
  EXPECT_TRUE(peer_ends());
}

TEST_F(Http1ClientTest, RetiredWhileBusyEndsAfterTheExchange) {
  start();
  connection_->retire();
  EXPECT_EQ(closed_, 0);
  answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(seen_, "200 ok|");
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ClientTest, AnUnusedStreamGivesTheConnectionBack) {
  Arena arena;
  connection_->open(arena).release();
  EXPECT_EQ(idle_, 1);
  EXPECT_EQ(connection_->capacity(), 1u);
}

}  // namespace
}  // namespace gwanmun::http
