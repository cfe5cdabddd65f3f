// Changing what runs: ports, routes, endpoints, certificates and the end, without losing what is
// under way.
#include "proxy/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "proxy/gateway_for_test.h"

namespace gwanmun::proxy {
namespace {

using testing::Config;
using testing::Gateway;
using ::testing::HasSubstr;
using testing::Message;
using testing::Origin;
using testing::read_message;
using testing::Wire;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

/// Waits for it, at most two seconds.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 200; ++i) {
    if (holds()) return true;
    pause_ms(10);
  }
  return holds();
}

/// An origin whose answer waits until it is let go.
class SlowOrigin {
 public:
  SlowOrigin()
      : origin_([this](Wire& wire) {
          while (!read_message(wire).head.empty()) {
            ++waiting_;
            while (!released_) pause_ms(5);
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow");
          }
        }) {}
  ~SlowOrigin() { release(); }
  std::uint16_t port() const { return origin_.port(); }
  void release() { released_ = true; }
  bool wait_for(int requests) {
    return eventually([&] { return waiting_ >= requests; });
  }

 private:
  std::atomic<int> waiting_{0};
  std::atomic<bool> released_{false};
  Origin origin_;
};

TEST(Server, APortInUseIsSaidAndTheOthersServe) {
  Origin squatter(Origin::answers(""));
  Origin origin(Origin::answers("ok"));
  Options options;
  options.workers = 2;
  options.port_map = {{80, 0}, {81, squatter.port()}};
  auto server = *Server::start(std::move(options));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  auto snapshot = std::make_shared<snapshot::Snapshot>(*config.build());
  auto second = std::make_shared<snapshot::Listener>(*snapshot->listeners[0]);
  second->port = 81;
  snapshot->listeners.push_back(second);
  Applied applied = server->apply(snapshot);
  ASSERT_EQ(applied.ports.size(), 2u);
  EXPECT_NE(applied.ports[0].bound, 0);
  EXPECT_EQ(applied.ports[1].bound, 0);
  EXPECT_FALSE(applied.ports[1].permission_denied);
  EXPECT_THAT(applied.ports[1].error, HasSubstr("in use"));
  Wire client = Wire::to(applied.ports[0].bound);
  client.send(kGet);
  EXPECT_EQ(read_message(client).body, "ok");

  // Free again: the next apply takes it.
  const std::uint16_t port = squatter.port();
  squatter.stop();
  applied = server->apply(snapshot);
  EXPECT_EQ(applied.ports[1].bound, port);
}

TEST(Server, ARequestEndsWithTheConfigurationItBeganWith) {
  SlowOrigin slow;
  Origin fast(Origin::answers("fast"));
  Config config;
  config.cluster("slow", {slow.port()});
  config.rule("/", "slow");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(kGet);
  ASSERT_TRUE(slow.wait_for(1));

  Config next;
  next.cluster("fast", {fast.port()});
  next.rule("/", "fast");
  gateway.apply(next);
  EXPECT_EQ(gateway.get("/").body, "fast");  // at once for others
  slow.release();
  EXPECT_EQ(read_message(client).body, "slow");
  client.send(kGet);  // and for the next request of the same connection
  EXPECT_EQ(read_message(client).body, "fast");
}

TEST(Server, PoolsSurviveChanges) {
  Origin origin(Origin::answers("ok"));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  for (int i = 0; i < 10; ++i) {
    gateway.apply(config);
    EXPECT_EQ(gateway.get("/").body, "ok");
  }
  EXPECT_EQ(origin.connections(), 1);
}

TEST(Server, EndpointsThatGoLoseTheirIdleConnectionsOthersKeepTheirs) {
  std::atomic<bool> closed{false};
  Origin gone([&](Wire& wire) {
    while (!read_message(wire).head.empty())
      wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngone");
    closed = wire.ends(0);
  });
  Origin stays(Origin::answers("stays"));
  Config config;
  config.cluster("c", {gone.port(), stays.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  for (int i = 0; i < 100 && (gone.connections() == 0 || stays.connections() == 0); ++i)
    gateway.get("/");
  const int before = stays.connections();

  config.cluster("c", {stays.port()});
  gateway.apply(config);
  EXPECT_TRUE(eventually([&] { return closed.load(); }));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/").body, "stays");
  EXPECT_EQ(stays.connections(), before);
}

TEST(Server, APortThatGoesDrainsAndAnotherIsNotTouched) {
  SlowOrigin slow;
  Origin origin(Origin::answers("ok"));
  Options options;
  options.port_map = {{80, 0}, {81, 0}};
  Gateway gateway(std::move(options));
  Config config;
  config.cluster("slow", {slow.port()});
  config.cluster("c", {origin.port()});
  config.rule("/slow", "slow");
  config.rule("/", "c");
  auto one = config.build();
  auto both = std::make_shared<snapshot::Snapshot>(*one);
  auto second = std::make_shared<snapshot::Listener>(*one->listeners[0]);
  second->port = 81;
  both->listeners.push_back(second);
  gateway.apply(both);

  Wire kept = gateway.connect(80);
  kept.send(kGet);
  EXPECT_EQ(read_message(kept).body, "ok");
  Wire idle = gateway.connect(81);
  idle.send(kGet);
  EXPECT_EQ(read_message(idle).body, "ok");
  Wire busy = gateway.connect(81);
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(slow.wait_for(1));
  const std::uint16_t closing = gateway.port(81);

  gateway.apply(one);
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(eventually([&] { return !Wire::to(closing).connected(); }));
  slow.release();
  const Message last = read_message(busy);
  EXPECT_EQ(last.body, "slow");
  EXPECT_EQ(last.field("connection"), "close");
  EXPECT_TRUE(busy.ends());
  kept.send(kGet);
  EXPECT_EQ(read_message(kept).body, "ok");
}

TEST(Server, DrainLetsRequestsFinish) {
  SlowOrigin slow;
  Config config;
  config.cluster("slow", {slow.port()});
  config.rule("/", "slow");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(kGet);
  ASSERT_TRUE(slow.wait_for(1));
  const std::uint16_t port = gateway.port(80);
  bool complete = false;
  std::thread drain([&] { complete = gateway.server().drain(); });
  EXPECT_TRUE(eventually([&] { return !Wire::to(port).connected(); }));
  slow.release();
  EXPECT_EQ(read_message(client).body, "slow");
  drain.join();
  EXPECT_TRUE(complete);
}

TEST(Server, DrainEndsWithTheGracePeriod) {
  SlowOrigin slow;
  Config config;
  config.cluster("slow", {slow.port()});
  config.rule("/", "slow");
  Options options;
  options.grace_period = std::chrono::milliseconds(100);
  Gateway gateway(std::move(options));
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(kGet);
  ASSERT_TRUE(slow.wait_for(1));
  EXPECT_FALSE(gateway.server().drain());
  EXPECT_TRUE(client.ends());
}

TEST(Server, AForcedEndCutsConnectionsThatHaveSaidNothing) {
  Origin origin(Origin::answers("ok"));
  Config config;
  config.listener().proxy_protocol = true;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Options options;
  options.grace_period = std::chrono::milliseconds(50);
  Gateway gateway(std::move(options));
  gateway.apply(config);
  Wire client = gateway.connect();
  telemetry::WorkerMetrics& metrics = gateway.server().metrics().worker(0);
  ASSERT_TRUE(eventually([&] { return metrics.connections_active.value() == 1; }));
  EXPECT_FALSE(gateway.server().drain());
  EXPECT_EQ(metrics.connections_active.value(), 0u);
  EXPECT_TRUE(client.ends(1'000));
}

TEST(Server, TheEndGivesUpMirrors) {
  std::atomic<bool> asked{false};
  std::atomic<bool> ended{false};
  Origin origin(Origin::answers("ok"));
  Origin silent([&](Wire& wire) {
    read_message(wire);
    asked = true;
    ended = wire.ends(3'000);
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.cluster("silent", {silent.port()});
  config.rule("/", "c").filters = {snapshot::Mirror{.cluster = "silent"}};
  Gateway gateway;
  gateway.apply(config);
  EXPECT_EQ(gateway.get("/").body, "ok");
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  gateway.server().drain();
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST(Server, AHundredChangesUnderLoadLoseNothing) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Config config;
  config.cluster("a", {a.port()});
  config.cluster("b", {b.port()});
  snapshot::Rule& rule = config.rule("/", "a");
  Options options;
  options.workers = 2;
  Gateway gateway(std::move(options));
  gateway.apply(config);
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0}, cut{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      Wire client = gateway.connect();
      while (!stop) {
        client.send(kGet);
        const Message answer = read_message(client);
        if (answer.head.empty()) {
          ++cut;
          return;
        }
        ++(answer.status() == 200 ? good : bad);
      }
    });
  }
  const std::uint16_t port = gateway.port(80);
  for (int i = 0; i < 100; ++i) {
    rule.backends = {{.cluster = i % 2 == 0 ? "b" : "a"}};
    rule.timeouts.request = std::chrono::milliseconds(5'000 + i);
    EXPECT_EQ(gateway.server().apply(config.build()).ports[0].bound, port);
    pause_ms(2);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(cut, 0);
  EXPECT_GT(good, 100);
}

TEST(Server, KillingOneOfTwoOriginsLosesNothing) {
  auto a = std::make_unique<Origin>(Origin::answers("a"));
  Origin b(Origin::answers("b"));
  Config config;
  config.cluster("c", {a->port(), b.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  std::thread client([&] {
    Wire wire = gateway.connect();
    while (!stop) {
      wire.send(kGet);
      ++(read_message(wire).status() == 200 ? good : bad);
    }
  });
  pause_ms(50);
  a.reset();
  const int before = good;
  EXPECT_TRUE(eventually([&] { return good > before + 200; }));
  stop = true;
  client.join();
  EXPECT_EQ(bad, 0);
}

TEST(Server, ConnectionsAreLimited) {
  Origin origin(Origin::answers("ok"));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Options options;
  options.limits.max_connections = 2;
  Gateway gateway(std::move(options));
  gateway.apply(config);
  auto served = [](Wire& wire) {
    wire.send(kGet);
    return read_message(wire).body == "ok";
  };
  Wire first = gateway.connect(), second = gateway.connect();
  EXPECT_TRUE(served(first));
  EXPECT_TRUE(served(second));
  Wire third = gateway.connect();
  EXPECT_FALSE(served(third));
  EXPECT_EQ(gateway.server().metrics().worker(0).connections_refused.value(), 1u);
  first.close();
  EXPECT_TRUE(eventually([&] {
    Wire fourth = gateway.connect();
    return served(fourth);
  }));
}

TEST(Server, ProxyProtocolNamesTheClient) {
  Origin origin(Origin::echoes());
  Config config;
  config.listener().proxy_protocol = true;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send("PROXY TCP4 203.0.113.7 192.0.2.1 1234 80\r\n");
  client.send(kGet);
  EXPECT_THAT(read_message(client).body, HasSubstr("x-forwarded-for: 203.0.113.7\r\n"));
  Wire liar = gateway.connect();
  liar.send(kGet);
  EXPECT_TRUE(liar.ends());
}

TEST(Server, ListenersOnOnePortAreToldApartByHost) {
  Origin a(Origin::answers("a")), b(Origin::answers("b"));
  Config config;
  config.listener().hostname = "*.example.com";
  config.host = "*.example.com";
  config.cluster("a", {a.port()});
  config.cluster("b", {b.port()});
  config.rule("/", "a");
  auto snapshot = std::make_shared<snapshot::Snapshot>(*config.build());
  Config other;
  other.listener().hostname = "b.example.com";
  other.host = "b.example.com";
  other.rule("/only", "b");
  snapshot->listeners.push_back(other.build()->listeners[0]);
  Gateway gateway;
  gateway.apply(snapshot);
  EXPECT_EQ(gateway.get("/", "", "a.example.com").body, "a");
  EXPECT_EQ(gateway.get("/only", "", "b.example.com").body, "b");
  EXPECT_EQ(gateway.get("/", "", "b.example.com").status(), 404);  // no way back to the wildcard
  EXPECT_EQ(gateway.get("/", "", "other.net").status(), 404);
}

TEST(Server, NumbersForAScrape) {
  Origin origin(Origin::answers("ok"));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  const Applied applied = gateway.apply(config);
  gateway.get("/");
  gateway.get("/");
  const std::string text = gateway.server().metrics().prometheus(0);
  EXPECT_THAT(text,
              HasSubstr("gwanmun_requests_total{route=\"HTTPRoute/shop/orders\",code=\"2xx\"} "));
  EXPECT_THAT(text, HasSubstr("gwanmun_upstream_connects_total 1\n"));
  EXPECT_THAT(text, HasSubstr(str_cat("gwanmun_config_version ", applied.version, "\n")));
}

}  // namespace
}  // namespace gwanmun::proxy
