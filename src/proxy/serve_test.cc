// The life of a request, end to end: client, gateway and origin in each test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "proxy/gateway_for_test.h"

namespace gwanmun::proxy {
namespace {

using testing::Config;
using ::testing::EndsWith;
using testing::Gateway;
using ::testing::HasSubstr;
using testing::Message;
using ::testing::Not;
using testing::Origin;
using testing::read_message;
using ::testing::StartsWith;
using testing::Wire;

std::uint64_t milliseconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now() - start)
                                        .count());
}

TEST(Serve, ARequestReachesItsBackendAndTheAnswerComesBack) {
  Origin origin(Origin::echoes());
  Config config;
  config.cluster("shop/orders:80", {origin.port()});
  config.rule("/", "shop/orders:80");
  Gateway gateway;
  gateway.apply(config);

  const Message answer = gateway.get("/a/./b?x=1", "X-Forwarded-For: 6.6.6.6\r\nAccept: */*\r\n");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, StartsWith("GET /a/b?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\r\nhost: shop.example.com\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\r\nx-forwarded-for: 127.0.0.1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\r\nx-forwarded-proto: http\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\r\nx-request-id: "));
  EXPECT_THAT(answer.body, Not(HasSubstr("6.6.6.6")));
}

TEST(Serve, ConnectionsAreKeptOnBothSides) {
  Origin origin(Origin::answers("hello"));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);

  Wire client = gateway.connect();
  for (int i = 0; i < 10; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(read_message(client).body, "hello");
  }
  EXPECT_EQ(origin.connections(), 1);
}

TEST(Serve, PipelinedRequestsAreAnsweredInOrder) {
  Origin origin(Origin::echoes());
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);

  Wire client = gateway.connect();
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(read_message(client).body, StartsWith("GET /1 "));
  EXPECT_THAT(read_message(client).body, StartsWith("GET /2 "));
}

TEST(Serve, BodiesGoBothWays) {
  Origin origin(Origin::echoes());
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);

  const std::string body(3'000'000, 'b');
  Wire client = gateway.connect();
  std::thread sender([&] {
    client.send(
        str_cat("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  });
  const Message answer = read_message(client);
  sender.join();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, EndsWith(body));

  client.send(
      "POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n");
  EXPECT_THAT(read_message(client).body, EndsWith("abcdex-sum: 7\r\n"));
}

TEST(Serve, AnswersOfItsOwn) {
  Config config;
  config.cluster("empty", {});
  config.rule("/empty", "empty");
  config.rule("/broken", "")
      .backends.push_back({.cluster = "", .status = 500, .reason = "Service shop/x not found"});
  config.rule("/bad", "").status = 500;
  Gateway gateway;
  gateway.apply(config);

  EXPECT_EQ(gateway.get("/nothing").status(), 404);
  EXPECT_EQ(gateway.get("/empty").status(), 503);
  EXPECT_EQ(gateway.get("/broken").status(), 500);
  EXPECT_EQ(gateway.get("/bad").status(), 500);
  EXPECT_EQ(gateway.get("/a%00").status(), 400);
}

TEST(Serve, AnswersOfItsOwnKeepTheConnection) {
  Gateway gateway;
  Config config;
  config.rule("/x", "").status = 500;
  gateway.apply(config);
  Wire client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(read_message(client).status(), 404);
  }
}

TEST(Serve, ARefusedConnectionIsABadGateway) {
  std::uint16_t port;
  {
    Origin gone(Origin::answers(""));
    port = gone.port();
  }
  Config config;
  config.cluster("c", {port});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  EXPECT_LT(milliseconds_of([&] { EXPECT_EQ(gateway.get("/").status(), 502); }), 500u);
}

TEST(Serve, AnotherEndpointIsTriedWhenConnectingFails) {
  std::uint16_t dead;
  {
    Origin gone(Origin::answers(""));
    dead = gone.port();
  }
  Origin origin(Origin::answers("alive"));
  Config config;
  config.cluster("c", {dead, origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(gateway.get("/").body, "alive");
}

TEST(Serve, MalformedRepliesNeverReachTheClient) {
  for (const char* reply : {"HTTP/1.1 99 X\r\n\r\n", "garbage\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                            "HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n"}) {
    Origin origin([reply](Wire& wire) {
      read_message(wire);
      wire.send(reply);
      wire.read_all();
    });
    Config config;
    config.cluster("c", {origin.port()});
    config.rule("/", "c");
    Gateway gateway;
    gateway.apply(config);
    EXPECT_EQ(gateway.get("/").status(), 502) << reply;
  }
}

TEST(Serve, TheRequestTimeoutIsTotal) {
  Origin origin([](Wire& wire) { wire.read_all(); });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c").timeouts.request = std::chrono::milliseconds(200);
  Gateway gateway;
  gateway.apply(config);
  const auto took = milliseconds_of([&] { EXPECT_EQ(gateway.get("/").status(), 504); });
  EXPECT_GE(took, 190u);
  EXPECT_LT(took, 1'000u);
}

TEST(Serve, TheBackendRequestTimeoutToo) {
  Origin origin([](Wire& wire) { wire.read_all(); });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c").timeouts.backend_request = std::chrono::milliseconds(150);
  Gateway gateway;
  gateway.apply(config);
  const auto took = milliseconds_of([&] { EXPECT_EQ(gateway.get("/").status(), 504); });
  EXPECT_LT(took, 1'000u);
}

TEST(Serve, ABackendThatDoesNotTakeTheBodyRunsOutOfTime) {
  std::atomic<bool> over{false};
  Origin deaf([&](Wire&) {
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  Config config;
  config.cluster("c", {deaf.port()});
  config.rule("/", "c");
  Options options;
  options.limits.default_head_timeout = std::chrono::milliseconds(300);
  Gateway gateway(std::move(options));
  gateway.apply(config);
  Wire client = gateway.connect();
  std::thread sender([&] {  // more than the sockets between take
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    client.send(std::string(20'000'000, 'b'));
  });
  EXPECT_EQ(read_message(client).status(), 504);
  over = true;
  ::shutdown(client.fd(), SHUT_RDWR);
  sender.join();
}

TEST(Serve, RetriesByStatus) {
  std::atomic<int> requests{0};
  Origin origin([&](Wire& wire) {
    for (Message in; !(in = read_message(wire)).head.empty();) {
      const bool fail = requests++ < 2;
      wire.send(str_cat("HTTP/1.1 ", fail ? 503 : 200, " X\r\ncontent-length: ", in.body.size(),
                        "\r\n\r\n", in.body));
    }
  });
  Config config;
  config.cluster("c", {origin.port()});
  snapshot::Rule& rule = config.rule("/", "c");
  rule.retry =
      snapshot::Retry{.attempts = 2, .backoff = std::chrono::milliseconds(5), .codes = {503}};
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  const Message answer = read_message(client);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(requests, 3);

  requests = -10;  // more failures than attempts: the last answer is passed on
  EXPECT_EQ(gateway.get("/").status(), 503);
  EXPECT_EQ(requests, -7);
}

TEST(Serve, ADeadPooledConnectionIsNotAnError) {
  // The origin closes after each answer without saying so.
  Origin origin([](Wire& wire) {
    read_message(wire);
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  for (int i = 0; i < 50; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(read_message(client).body, "ok") << i;
  }
}

TEST(Serve, AClientThatLeavesStopsTheBackendsWork) {
  std::atomic<bool> stopped{false};
  Origin origin([&](Wire& wire) {
    read_message(wire);
    stopped = wire.ends(2'000);
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  {
    Wire client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  for (int i = 0; i < 100 && !stopped; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(stopped);
}

TEST(Serve, WeightsAreExact) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Config config;
  config.cluster("a", {a.port()});
  config.cluster("b", {b.port()});
  snapshot::Rule& rule = config.rule("/", "");
  rule.backends = {
      {.cluster = "a", .weight = 7}, {.cluster = "b", .weight = 3}, {.cluster = "a", .weight = 0}};
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  std::map<std::string, int> counts;
  for (int i = 0; i < 100; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ++counts[read_message(client).body];
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"a", 70}, {"b", 30}}));
}

TEST(Serve, FiltersRunOnRequestAndResponse) {
  Origin origin(Origin::echoes());
  Config config;
  config.cluster("c", {origin.port()});
  snapshot::RequestHeaderModifier request;
  request.set = {{"x-in", "1"}};
  snapshot::ResponseHeaderModifier response;
  response.add = {{"x-out", "2"}};
  config.rule("/", "c").filters = {request, response};
  snapshot::RequestRedirect redirect;
  redirect.hostname = "other.example.com";
  config.rule("/old", "").filters = {redirect};
  Gateway gateway;
  gateway.apply(config);
  const Message answer = gateway.get("/");
  EXPECT_THAT(answer.body, HasSubstr("x-in: 1\r\n"));
  EXPECT_EQ(answer.field("x-out"), "2");
  const Message moved = gateway.get("/old/x");
  EXPECT_EQ(moved.status(), 302);
  EXPECT_THAT(moved.field("location"), StartsWith("http://other.example.com"));
}

TEST(Serve, MirrorsGetACopy) {
  Origin origin(Origin::answers("real"));
  std::mutex mutex;
  std::string copy;
  Origin shadow([&](Wire& wire) {
    for (Message in; !(in = read_message(wire)).head.empty();) {
      {
        std::lock_guard lock(mutex);
        copy += in.start() + "|" + in.body;
      }
      wire.send("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n");
    }
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.cluster("shadow", {shadow.port()});
  config.rule("/", "c").filters = {snapshot::Mirror{.cluster = "shadow"}};
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(read_message(client).body, "real");
  for (int i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::lock_guard lock(mutex);
    if (!copy.empty()) break;
  }
  std::lock_guard lock(mutex);
  EXPECT_EQ(copy, "POST /m HTTP/1.1|abc");
}

TEST(Serve, WebSocketsAreTunnels) {
  Origin origin([](Wire& wire) {
    const Message in = read_message(wire);
    EXPECT_EQ(in.field("upgrade"), "websocket");
    wire.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\n\r\nhello");
    wire.send(wire.read_exactly(4));
    EXPECT_TRUE(wire.ends());
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c").timeouts.request = std::chrono::milliseconds(300);
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  const Message answer = read_message(client, false);
  EXPECT_EQ(answer.status(), 101);
  EXPECT_EQ(answer.field("sec-websocket-accept"), "x");
  EXPECT_EQ(client.read_exactly(5), "hello");
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // the timeout was for the handshake
  client.send("ping");
  EXPECT_EQ(client.read_exactly(4), "ping");
  client.shutdown_write();
  EXPECT_TRUE(client.ends());
}

TEST(Serve, ATunnelDoesNotOutliveOneOfItsSidesForLong) {
  Origin origin([](Wire& wire) {
    read_message(wire);
    wire.send(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\n\r\n");
    wire.shutdown_write();
    wire.read_all();
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Options options;
  options.limits.half_closed_tunnel = std::chrono::milliseconds(100);
  Gateway gateway(std::move(options));
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(read_message(client, false).status(), 101);
  EXPECT_LT(milliseconds_of([&] { EXPECT_TRUE(client.ends()); }), 2'000u);
}

TEST(Serve, AnUpgradeThatNobodyAskedForIsMalformed) {
  Origin origin([](Wire& wire) {
    read_message(wire);
    wire.send("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    wire.read_all();
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  EXPECT_EQ(gateway.get("/").status(), 502);
}

TEST(Serve, BackendsByName) {
  Origin origin(Origin::answers("ok"));
  Config config;
  auto& cluster = config.cluster("c", {});
  cluster.by_name = true;
  cluster.endpoints = {{"localhost", origin.port()}};
  auto& nowhere = config.cluster("nowhere", {});
  nowhere.by_name = true;
  nowhere.endpoints = {{"does-not-exist.invalid", 80}};
  config.rule("/", "c");
  config.rule("/nowhere", "nowhere");
  Gateway gateway;
  gateway.apply(config);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").body, "ok");
  EXPECT_EQ(gateway.get("/nowhere").status(), 503);
  EXPECT_EQ(gateway.get("/").body, "ok");
}

TEST(Serve, WhatIsLongerThanTheReplayLimitIsSentOnce) {
  std::atomic<int> requests{0};
  Origin origin([&](Wire& wire) {
    while (!read_message(wire).head.empty()) {
      ++requests;
      wire.send("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n");
    }
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c").retry =
      snapshot::Retry{.attempts = 2, .backoff = std::chrono::milliseconds(1), .codes = {503}};
  Gateway gateway;
  gateway.apply(config);
  const std::size_t limit = Limits{}.replay_body_bytes;
  Wire client = gateway.connect();
  auto post = [&](std::size_t size) {
    client.send(str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", size, "\r\n\r\n",
                        std::string(size, 'b')));
    EXPECT_EQ(read_message(client).status(), 503);
    return requests.exchange(0);
  };
  EXPECT_EQ(post(limit), 3);
  EXPECT_EQ(post(limit + 1), 1);
}

TEST(Serve, ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
  Origin origin(Origin::echoes());
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  client.send("abc");
  const Message answer = read_message(client);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, Not(HasSubstr("expect:")));
}

TEST(Serve, SessionsStick) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Config config;
  config.cluster("c", {a.port(), b.port()});
  config.rule("/", "c").session = snapshot::SessionPersistence{
      .kind = snapshot::SessionPersistence::Kind::kHeader, .name = "x-session"};
  Gateway gateway;
  gateway.apply(config);
  const Message first = gateway.get("/");
  const std::string token = first.field("x-session");
  ASSERT_FALSE(token.empty());
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(gateway.get("/", str_cat("X-Session: ", token, "\r\n")).body, first.body);
}

TEST(Serve, GrpcClientsGetGrpcStatuses) {
  Config config;
  config.cluster("empty", {});
  config.rule("/svc", "empty");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(
      "POST /svc/M HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
      "Content-Length: 0\r\n\r\n");
  const Message answer = read_message(client, false);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("grpc-status"), "14");
  EXPECT_EQ(answer.field("content-type"), "application/grpc");
}

TEST(Serve, AccessLogSaysWhoEndedItAndWhere) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    Origin origin([](Wire& wire) { read_message(wire); });
    Config config;
    config.cluster("c", {origin.port()});
    config.rule("/", "c");
    Options options;
    options.access_log = telemetry::AccessFormat::kText;
    options.access_log_fd = ends[1];
    Gateway gateway(std::move(options));
    gateway.apply(config);
    Wire client = gateway.connect();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(read_message(client).status(), 502);
  }
  ::close(ends[1]);
  char line[2048] = {};
  ASSERT_GT(::read(ends[0], line, sizeof line - 1), 0);
  ::close(ends[0]);
  EXPECT_THAT(line, HasSubstr("\"POST a/x HTTP/1.1\" 502 "));
  EXPECT_THAT(line,
              HasSubstr(" route=HTTPRoute/shop/orders/rule[0] backend=c endpoint=127.0.0.1:"));
  EXPECT_THAT(line, HasSubstr(" attempts=1 ended_by=upstream phase=head reason=closed"));
}

}  // namespace
}  // namespace gwanmun::proxy
