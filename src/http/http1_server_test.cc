// Server connections over a socket pair: what the client's raw bytes make the proxy see, and the
// raw bytes that come back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "http/connection.h"
#include "http/http1_connection_for_test.h"
#include "http/http1_server.h"
#include "net/task.h"

namespace gwanmun::http {
namespace {

using net::Task;

// What the proxy does with a request.
enum class Plan {
  kEcho,          // read the body, answer with it (known length)
  kEchoStreamed,  // answer at once, body as it comes, unknown length
  kIgnoreBody,    // answer without reading
  kBig,           // 4 MiB, with backpressure
  kTunnel,        // 101, echo raw bytes
  kWait,          // until the test says
  kCutOff,        // half an answer, then reset
  kShort,         // less than the announced length
  kEarlyHints,
};

class Http1ServerTest : public testing::ConnectionTest, public ServerHandler {
 protected:
  void serve(Plan plan = Plan::kEcho) {
    plan_ = plan;
    connection_ = serve_http1(*loop_, std::move(stream_), *this, limits_, false);
  }
  void TearDown() override {
    if (closed_ == 0) connection_->abort(Fault::kCancelled);
    proceed_.fire();
    settle_down();
    peer_->close();
    settle_down();
    EXPECT_EQ(running_, 0);
    EXPECT_EQ(closed_, 1);
  }

  void on_request(ServerStream& stream) override {
    ++requests_;
    net::spawn(answer(stream));
  }
  void on_refused(ServerConnection&, int status, std::string_view why) override {
    refused_.push_back(str_cat(status, " ", why));
  }
  void on_closed(ServerConnection&) override { ++closed_; }

  Task<> answer(ServerStream& stream) {
    ++running_;
    seen_ += str_cat(stream.request().method, " ", stream.request().path, "|");
    switch (plan_) {
      case Plan::kEcho:
        co_await echo(stream);
        break;
      case Plan::kEchoStreamed:
        co_await echo_streamed(stream);
        break;
      case Plan::kIgnoreBody:
        send(stream, BodyLength::none());
        break;
      case Plan::kBig:
        co_await big(stream);
        break;
      case Plan::kTunnel:
        co_await tunnel(stream);
        break;
      case Plan::kWait:
        co_await wait(stream);
        break;
      case Plan::kCutOff:
        send(stream, BodyLength::unknown());
        stream.write("half");
        stream.reset(Fault::kReset);
        break;
      case Plan::kShort:
        send(stream, BodyLength::known(10));
        stream.write("half");
        stream.finish(nullptr);
        break;
      case Plan::kEarlyHints: {
        Headers hints(stream.arena());
        hints.add("link", "</a.css>");
        stream.send_informational(103, hints);
        send(stream, BodyLength::none());
        break;
      }
    }
    stream.release();
    --running_;
  }

  void send(ServerStream& stream, BodyLength body) {
    ResponseHead head(stream.arena());
    head.status = 200;
    head.body = body;
    stream.send_head(head);
  }

  // The whole body; false when it fails.
  Task<bool> read_all(ServerStream& stream, std::string& body) {
    stream.continue_if_expected();
    for (;;) {
      BodyReader::State state = stream.state();
      while (state == BodyReader::kPending) {
        co_await stream.readable();
        state = stream.state();
      }
      if (state != BodyReader::kData) {
        fault_ = stream.read_fault();
        co_return state == BodyReader::kEnd;
      }
      body += stream.data();
      stream.consume(stream.data().size());
    }
  }

  Task<> echo(ServerStream& stream) {
    std::string body;
    bool whole = co_await read_all(stream, body);
    if (stream.trailers() != nullptr) {
      for (const Field& field : *stream.trailers()) {
        body += str_cat("[", field.name, "=", field.value, "]");
      }
    }
    if (!whole) body += "<broken>";
    send(stream, BodyLength::known(body.size()));
    stream.write(body);
    stream.finish(nullptr);
  }

  Task<> echo_streamed(ServerStream& stream) {
    send(stream, BodyLength::unknown());
    for (;;) {
      while (stream.state() == BodyReader::kPending) co_await stream.readable();
      if (stream.state() != BodyReader::kData) break;
      stream.write(stream.data());
      stream.consume(stream.data().size());
    }
    Headers trailers(stream.arena());
    trailers.add("x-end", "1");
    stream.finish(&trailers);
  }

  Task<> big(ServerStream& stream) {
    constexpr std::size_t kPiece = 10'000;
    static const std::string piece(kPiece, 'b');
    send(stream, BodyLength::known(400 * kPiece));
    for (int i = 0; i < 400 && stream.write_fault() == Fault::kNone; ++i) {
      while (!stream.ready() && stream.write_fault() == Fault::kNone) co_await stream.writable();
      stream.write(piece);
      most_staged_ = std::max(most_staged_, stream.connection().transport().staged());
    }
    fault_ = stream.write_fault();
    stream.finish(nullptr);
  }

  Task<> tunnel(ServerStream& stream) {
    ResponseHead head(stream.arena());
    head.status = 101;
    head.upgrade = stream.request().upgrade;
    stream.send_head(head);
    for (;;) {
      while (stream.state() == BodyReader::kPending) co_await stream.readable();
      if (stream.state() != BodyReader::kData) break;
      stream.write(stream.data());
      stream.consume(stream.data().size());
    }
    stream.finish(nullptr);
  }

  Task<> wait(ServerStream& stream) {
    stream.gone().forward_to(&proceed_);
    co_await proceed_;
    stream.gone().forward_to(nullptr);
    gone_ = stream.is_gone();
    send(stream, BodyLength::none());
  }

  ServerLimits limits_;
  Plan plan_ = Plan::kEcho;
  ServerConnection* connection_ = nullptr;
  int requests_ = 0, closed_ = 0, running_ = 0;
  std::string seen_;
  std::vector<std::string> refused_;
  Fault fault_ = Fault::kNone;
  std::size_t most_staged_ = 0;
  bool gone_ = false;
  net::Event proceed_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kEmptyOk = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

TEST_F(Http1ServerTest, KeepsAliveAndSaysSoByDefault) {
  serve();
  for (int i = 1; i <= 3; ++i) {
    peer_->send(kGet);
    ASSERT_TRUE(run_until([&] { return peer_->received().size() >= kEmptyOk.size(); }));
    EXPECT_EQ(peer_->take(), kEmptyOk);
  }
  EXPECT_EQ(requests_, 3);
  EXPECT_FALSE(peer_->ended());
}

TEST_F(Http1ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += str_cat("POST /", i, " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", 100 + i);
  }
  peer_->send(all);
  EXPECT_TRUE(peer_gets("149"));
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    expected += str_cat("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", 100 + i);
  }
  EXPECT_EQ(peer_->received(), expected);
}

TEST_F(Http1ServerTest, PipelinedBehindASlowOne) {
  serve(Plan::kWait);
  peer_->send(std::string(kGet) + std::string(kGet));
  settle_down();
  EXPECT_EQ(requests_, 1);
  plan_ = Plan::kEcho;
  proceed_.fire();
  EXPECT_TRUE(run_until([&] { return peer_->received().size() == 2 * kEmptyOk.size(); }));
  EXPECT_EQ(requests_, 2);
}

TEST_F(Http1ServerTest, EveryByteAlone) {
  serve();
  std::string request =
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n";
  for (char c : request + std::string(kGet)) {
    peer_->send(std::string_view(&c, 1));
    loop_->run_once(1);
  }
  EXPECT_TRUE(peer_gets("hello![x-sum=6]"));
  EXPECT_TRUE(run_until([&] { return requests_ == 2; }));
}

TEST_F(Http1ServerTest, StreamsUnknownLengthsInChunksWithTrailers) {
  serve(Plan::kEchoStreamed);
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(peer_gets("x-end"));
  EXPECT_EQ(peer_->take(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n0\r\nx-end: 1\r\n\r\n");
}

TEST_F(Http1ServerTest, StreamsToHttp10UntilClose) {
  serve(Plan::kEchoStreamed);
  peer_->send("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(peer_->take(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
}

TEST_F(Http1ServerTest, Http10KeepsAliveOnlyWhenAsked) {
  serve();
  peer_->send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(peer_gets("connection: keep-alive\r\n\r\n"));
  peer_->send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(requests_, 2);
}

TEST_F(Http1ServerTest, HeadGetsTheLengthAndNoBody) {
  serve();
  peer_->send("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  peer_->send(kGet);
  EXPECT_TRUE(run_until([&] { return requests_ == 2; }));
  settle_down();
  EXPECT_EQ(peer_->take(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" + std::string(kEmptyOk));
}

TEST_F(Http1ServerTest, ClosesWhenAsked) {
  serve();
  peer_->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string(kGet));
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(peer_->take(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http1ServerTest, RefusesAndCloses) {
  serve();
  peer_->send("GET / HTTP/1.1\r\n\r\n" + std::string(kGet));
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(requests_, 0);
  EXPECT_EQ(refused_, std::vector<std::string>{"400 missing Host"});
}

TEST_F(Http1ServerTest, ABadSecondRequestDoesNotHurtTheFirstAnswer) {
  serve();
  peer_->send(std::string(kGet) + "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with(std::string(kEmptyOk) + "HTTP/1.1 400 "));
}

TEST_F(Http1ServerTest, ABrokenChunkFailsTheBodyAndClosesTheConnection) {
  serve();
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX" +
              std::string(kGet));
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(fault_, Fault::kMalformed);
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(peer_->take(),
            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\nhello<broken>");
}

TEST_F(Http1ServerTest, Expect100IsAnsweredWhenTheBodyIsWanted) {
  serve();
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(peer_gets("HTTP/1.1 100 Continue\r\n\r\n"));
  peer_->take();
  peer_->send("hi");
  EXPECT_TRUE(peer_gets("\r\n\r\nhi"));
  EXPECT_FALSE(peer_->ended());
}

TEST_F(Http1ServerTest, Expect100WithoutInterestInTheBodyCloses) {
  serve(Plan::kIgnoreBody);
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(peer_->take(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

TEST_F(Http1ServerTest, AnUnreadBodyIsDiscardedUpToALimit) {
  limits_.max_discarded_bytes = 1'000;
  serve(Plan::kIgnoreBody);
  std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  peer_->send(head + "1000\r\n\r\n" + std::string(500, 'x'));
  EXPECT_TRUE(peer_gets(kEmptyOk));
  peer_->send(std::string(500, 'x') + std::string(kGet));
  EXPECT_TRUE(run_until([&] { return requests_ == 2; }));
  peer_->send(head + "1001\r\n\r\n");
  EXPECT_TRUE(peer_ends());
}

TEST_F(Http1ServerTest, AnUnreadChunkedBodyIsDiscardedUpToALimit) {
  limits_.max_discarded_bytes = 10;
  serve(Plan::kIgnoreBody);
  std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  peer_->send(head + "a\r\n0123456789\r\n0\r\n\r\n" + std::string(kGet));
  EXPECT_TRUE(run_until([&] { return requests_ == 2; }));
  peer_->send(head + "b\r\n0123456789a\r\n0\r\n\r\n");
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(requests_, 3);
}

TEST_F(Http1ServerTest, BackpressureBoundsWhatIsStaged) {
  serve(Plan::kBig);
  peer_->send(kGet);
  settle_down();
  EXPECT_EQ(running_, 1);
  EXPECT_LE(most_staged_, limits_.max_staged_bytes + 20'000);
  EXPECT_TRUE(run_until([&] { return peer_->received().size() >= 4'000'000; }));
  settle_down();
  EXPECT_EQ(running_, 0);
  EXPECT_EQ(fault_, Fault::kNone);
}

TEST_F(Http1ServerTest, AnswersThatAreNotReadHoldBackFurtherRequests) {
  serve();
  std::string request = str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n",
                                std::string(20'000, 'x'));
  std::string many;
  for (int i = 0; i < 500; ++i) many += request;
  std::string_view rest = many;
  for (int i = 0; i < 1'000 && !rest.empty(); ++i) {
    rest.remove_prefix(peer_->send(rest));
    loop_->run_once(0);
  }
  EXPECT_FALSE(rest.empty()) << "everything was taken in although no answer was read";
  settle_down();
  EXPECT_LT(connection_->transport().staged(), 200'000u);
}

TEST_F(Http1ServerTest, WebSocketTunnelsBothWays) {
  serve(Plan::kTunnel);
  peer_->send(
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  EXPECT_TRUE(peer_gets("early"));
  EXPECT_EQ(peer_->take(),
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n"
            "upgrade: websocket\r\n\r\nearly");
  peer_->send(std::string("\0\r\n\r\nGET", 8));
  EXPECT_TRUE(peer_gets("GET"));
  peer_->finish();
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http1ServerTest, AClientThatLeavesIsNoticed) {
  serve(Plan::kWait);
  peer_->send(kGet);
  EXPECT_TRUE(run_until([&] { return requests_ == 1; }));
  peer_->close();
  EXPECT_TRUE(run_until([&] { return running_ == 0; }));
  EXPECT_TRUE(gone_);
}

TEST_F(Http1ServerTest, AClientThatLeavesInTheMiddleOfItsBody) {
  serve();
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  settle_down();
  peer_->finish();
  EXPECT_TRUE(run_until([&] { return running_ == 0; }));
  EXPECT_EQ(fault_, Fault::kClosed);
}

TEST_F(Http1ServerTest, AHalfClosedClientStillGetsItsAnswer) {
  serve();
  peer_->send(kGet);
  peer_->finish();
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http1ServerTest, ACutOffAnswerIsVisiblyCutOff) {
  serve(Plan::kCutOff);
  peer_->send(kGet);
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().ends_with("4\r\nhalf\r\n"));
}

TEST_F(Http1ServerTest, AnAnswerShorterThanItsLengthIsCutOff) {
  serve(Plan::kShort);
  peer_->send(std::string(kGet) + std::string(kGet));
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().ends_with("content-length: 10\r\n\r\nhalf"));
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http1ServerTest, InformationalHeads) {
  serve(Plan::kEarlyHints);
  peer_->send(kGet);
  EXPECT_TRUE(peer_gets("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK"));
  peer_->take();
  peer_->send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with("HTTP/1.1 200 OK"));
}

TEST_F(Http1ServerTest, DrainEndsIdleConnectionsAndAnswersTheOthersWithClose) {
  limits_.drain_idle = Milliseconds(30);
  serve();
  peer_->send(kGet);
  EXPECT_TRUE(peer_gets(kEmptyOk));
  peer_->take();
  connection_->drain();
  EXPECT_FALSE(peer_->ended());
  peer_->send(kGet);  // was on its way already
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().ends_with("connection: close\r\n\r\n"));
}

TEST_F(Http1ServerTest, DrainEndsIdleConnections) {
  limits_.drain_idle = Milliseconds(30);
  serve();
  connection_->drain();
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ServerTest, SlowHeadsGet408) {
  limits_.head_timeout = Milliseconds(40);
  serve();
  peer_->send("GET / HT");
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(refused_.size(), 1u);
}

TEST_F(Http1ServerTest, SilentClientsAreClosedWithoutAWord) {
  limits_.head_timeout = Milliseconds(40);
  serve();
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(peer_->take(), "");
  EXPECT_TRUE(refused_.empty());
}

TEST_F(Http1ServerTest, SlowSecondHeadsHaveTheHeadTimeoutNotTheIdleOne) {
  limits_.head_timeout = Milliseconds(40);
  serve();
  peer_->send(kGet);
  EXPECT_TRUE(peer_gets(kEmptyOk));
  peer_->take();
  peer_->send("GET ");
  EXPECT_TRUE(peer_ends());
  EXPECT_TRUE(peer_->take().starts_with("HTTP/1.1 408 "));
}

TEST_F(Http1ServerTest, IdleConnectionsAreClosedAfterTheIdleTimeout) {
  limits_.idle_timeout = Milliseconds(40);
  serve();
  peer_->send(kGet);
  EXPECT_TRUE(peer_ends());
  EXPECT_EQ(peer_->take(), kEmptyOk);
}

TEST_F(Http1ServerTest, ABodyThatStopsComingTimesOut) {
  limits_.body_idle_timeout = Milliseconds(1'000);
  serve();
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_TRUE(run_until([&] { return running_ == 0 && requests_ == 1; }));
  EXPECT_EQ(fault_, Fault::kTimeout);
  EXPECT_TRUE(peer_ends());
}

TEST_F(Http1ServerTest, ABodyBelowTheMinimumRateTimesOut) {
  limits_.min_rate_grace = Milliseconds(500);
  limits_.min_body_rate = 1'000'000;
  serve();
  peer_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(run_until([&] {
    peer_->send("x");  // never idle
    return running_ == 0 && requests_ == 1;
  }));
  EXPECT_EQ(fault_, Fault::kTimeout);
}

TEST_F(Http1ServerTest, AClientThatDoesNotReadIsCut) {
  limits_.body_idle_timeout = Milliseconds(1'000);
  serve(Plan::kBig);
  peer_->send(kGet);
  EXPECT_TRUE(run_until([&] { return running_ == 0 && requests_ == 1; }));
  EXPECT_EQ(fault_, Fault::kTimeout);
  EXPECT_EQ(closed_, 1);
}

TEST_F(Http1ServerTest, AbortEndsEverything) {
  serve(Plan::kWait);
  peer_->send(kGet);
  EXPECT_TRUE(run_until([&] { return requests_ == 1; }));
  EXPECT_EQ(connection_->active_streams(), 1u);
  connection_->abort(Fault::kOverload);
  EXPECT_TRUE(run_until([&] { return running_ == 0; }));
  EXPECT_TRUE(gone_);
}

TEST_F(Http1ServerTest, TheHeadLimitHoldsExactly) {
  limits_.max_head_bytes = 100;
  serve();
  std::string fits = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  fits += std::string(100 - fits.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 100u);
  peer_->send(fits);
  EXPECT_TRUE(peer_gets(kEmptyOk));
  fits.insert(fits.size() - 4, "x");
  peer_->send(fits);
  EXPECT_TRUE(peer_gets("HTTP/1.1 431 "));
}

TEST(Http1Sizes, AnIdleConnectionIsSmall) {
  // With the stream (at most 250 bytes) well below 500.
  EXPECT_LE(sizeof(Http1Server), 240u);
}

}  // namespace
}  // namespace gwanmun::http
