// TLS on both sides and HTTP/2 through a chain of two gateways: the first one is the client of the
// second.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "proxy/gateway_for_test.h"
#include "proxy/tls_for_test.h"

namespace gwanmun::proxy {
namespace {

using testing::Config;
using ::testing::EndsWith;
using testing::Gateway;
using ::testing::HasSubstr;
using testing::make_certificate;
using testing::Message;
using testing::Origin;
using testing::read_message;
using ::testing::StartsWith;
using testing::TlsWire;
using testing::Wire;

/// An HTTPS listener for a host that routes everything to the cluster "c".
Config secure_config(const std::string& hostname,
                     std::shared_ptr<const snapshot::Certificate> certificate,
                     std::uint16_t origin) {
  Config config;
  config.listener().origin.section = hostname.empty() ? "any" : hostname;
  config.listener().protocol = snapshot::Protocol::kHttps;
  config.listener().hostname = hostname;
  config.listener().tls.emplace().certificates = {std::move(certificate)};
  config.host = hostname.empty() ? "*" : hostname;
  config.cluster(str_cat("c", origin), {origin});
  config.rule("/", str_cat("c", origin));
  return config;
}

std::shared_ptr<const snapshot::Snapshot> merge(std::vector<Config> configs) {
  auto out = std::make_shared<snapshot::Snapshot>();
  for (Config& config : configs) {
    const auto one = config.build();
    out->version = one->version;
    out->listeners.insert(out->listeners.end(), one->listeners.begin(), one->listeners.end());
    out->clusters.insert(one->clusters.begin(), one->clusters.end());
  }
  return out;
}

TEST(Secure, TheSniChoosesListenerAndCertificate) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Gateway gateway;
  gateway.apply(merge({secure_config("a.example.com", make_certificate("cert-a"), a.port()),
                       secure_config("*.example.com", make_certificate("cert-b"), b.port())}));
  TlsWire first(gateway.port(80), "a.example.com");
  ASSERT_TRUE(first.shaken());
  EXPECT_EQ(first.peer(), "cert-a");
  EXPECT_EQ(first.request("a.example.com").body, "a");
  TlsWire second(gateway.port(80), "x.example.com");
  EXPECT_EQ(second.peer(), "cert-b");
  EXPECT_EQ(second.request("x.example.com").body, "b");
  EXPECT_FALSE(TlsWire(gateway.port(80), "other.net").shaken());
}

TEST(Secure, AHostOfAnotherListenerIsMisdirected) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Gateway gateway;
  gateway.apply(merge({secure_config("a.example.com", make_certificate("a"), a.port()),
                       secure_config("*.example.com", make_certificate("b"), b.port())}));
  TlsWire client(gateway.port(80), "x.example.com");
  EXPECT_EQ(client.request("a.example.com").status(), 421);
  EXPECT_EQ(client.request("other.net").status(), 421);
  EXPECT_EQ(client.request("y.example.com").body, "b");  // the same listener
}

TEST(Secure, ACertificateIsReplacedWithoutDroppingAConnection) {
  Origin origin(Origin::answers("ok"));
  Gateway gateway;
  gateway.apply(merge({secure_config("", make_certificate("old"), origin.port())}));
  TlsWire before(gateway.port(80), "a.example.com");
  EXPECT_EQ(before.peer(), "old");
  EXPECT_EQ(before.request("a.example.com").body, "ok");
  gateway.apply(merge({secure_config("", make_certificate("new"), origin.port())}));
  EXPECT_EQ(TlsWire(gateway.port(80), "a.example.com").peer(), "new");
  EXPECT_EQ(before.request("a.example.com").body, "ok");
}

TEST(Secure, AListenerWithoutAUsableCertificateCostsOnlyItself) {
  Origin origin(Origin::answers("ok"));
  auto broken = std::make_shared<snapshot::Certificate>();
  broken->chain_pem = "not a certificate";
  Gateway gateway;
  gateway.apply(
      merge({secure_config("bad.example.com", broken, origin.port()),
             secure_config("good.example.com", make_certificate("good"), origin.port())}));
  EXPECT_EQ(TlsWire(gateway.port(80), "good.example.com").request("good.example.com").body, "ok");
  EXPECT_FALSE(TlsWire(gateway.port(80), "bad.example.com").shaken());
}

/// A front gateway whose one cluster is the back gateway, spoken to over HTTP/2.
class ChainTest : public ::testing::Test {
 protected:
  void start(const Origin& origin, bool tls = false, std::string sni = "back.example.com") {
    Config back = tls ? secure_config("back.example.com", certificate_, origin.port()) : Config();
    if (!tls) {
      back.cluster("c", {origin.port()});
      back.rule("/", "c");
    }
    back_.apply(back);
    Config front;
    auto& cluster = front.cluster("back", {back_.port(80)});
    if (tls) {
      snapshot::BackendTls& to_back = cluster.tls.emplace();
      to_back.sni = std::move(sni);
      to_back.ca_pem = certificate_->chain_pem;
    } else {
      cluster.protocol = snapshot::BackendProtocol::kH2c;
    }
    front.rule("/", "back").filters = {
        snapshot::UrlRewrite{.hostname = "back.example.com", .path = std::nullopt}};
    front_.apply(front);
  }
  std::uint64_t back_connections() {
    return back_.server().metrics().worker(0).connections_accepted.value();
  }

  std::shared_ptr<const snapshot::Certificate> certificate_ = make_certificate("back.example.com");
  Gateway back_;
  Gateway front_;
};

TEST_F(ChainTest, Http2ToTheBackend) {
  Origin origin(Origin::echoes());
  start(origin);
  Wire client = front_.connect();
  const std::string body(300'000, 'b');
  client.send(str_cat("POST /up?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(),
                      "\r\n\r\n", body));
  const Message answer = read_message(client);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, StartsWith("POST /up?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("host: back.example.com\r\n"));
  EXPECT_THAT(answer.body, EndsWith(body));
}

TEST_F(ChainTest, ManyRequestsShareOneConnection) {
  Origin origin([](Wire& wire) {
    while (!read_message(wire).head.empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }
  });
  start(origin);
  front_.get("/");  // the connection is there
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 20; ++i) clients.emplace_back([&] { good += front_.get("/").body == "ok"; });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 20);
  EXPECT_EQ(back_connections(), 1u);
}

TEST_F(ChainTest, TrailersPass) {
  Origin origin([](Wire& wire) {
    read_message(wire);
    wire.send(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n");
    wire.read_all();
  });
  start(origin);
  Wire client = front_.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  const Message answer = read_message(client);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.trailers, "x-sum: 7\r\n");
}

TEST_F(ChainTest, AClientThatLeavesStopsTheBackendsWork) {
  std::atomic<bool> started{false}, stopped{false};
  Origin origin([&](Wire& wire) {
    read_message(wire);
    started = true;
    stopped = wire.ends(2'000);
  });
  start(origin);
  {
    Wire client = front_.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 200 && !started; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  for (int i = 0; i < 200 && !stopped; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(stopped);
}

TEST_F(ChainTest, GrpcSpeaksHttp2WhateverTheServiceSays) {
  Origin origin(Origin::answers("ok"));
  Config back;
  back.cluster("c", {origin.port()});
  back.rule("/", "c");
  back_.apply(back);
  Config front;
  front.cluster("back", {back_.port(80)});  // HTTP/1.1 as far as it is known
  front.rule("/", "back");
  front_.apply(front);
  Wire client = front_.connect();
  // The back gateway refuses gRPC to its HTTP/1 origin: its answer shows that HTTP/2 was spoken.
  client.send(
      "POST /s/M HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
      "Content-Length: 0\r\n\r\n");
  const Message answer = read_message(client, false);
  EXPECT_EQ(answer.field("grpc-status"), "14");
}

TEST_F(ChainTest, TlsToTheBackendIsVerified) {
  Origin origin(Origin::answers("ok"));
  start(origin, true);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(front_.get("/").body, "ok");
  EXPECT_EQ(back_connections(), 1u);  // HTTP/2 by ALPN, or kept alive
}

TEST_F(ChainTest, ACertificateForAnotherNameIsABadGateway) {
  Origin origin(Origin::answers("ok"));
  start(origin, true, "other.example.com");
  EXPECT_EQ(front_.get("/").status(), 502);
}

TEST_F(ChainTest, WebSocketsGoOverHttp1EvenToABackendWithHttp2) {
  Origin origin([](Wire& wire) {
    read_message(wire);
    wire.send(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\n\r\n");
    wire.send(wire.read_exactly(4));
    wire.ends();
  });
  start(origin);
  Wire client = front_.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(read_message(client, false).status(), 101);
  client.send("ping");
  EXPECT_EQ(client.read_exactly(4), "ping");
}

}  // namespace
}  // namespace gwanmun::proxy
