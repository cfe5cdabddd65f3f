// Connections to backends at their limits: turns are taken, queues end, idle ones close.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "proxy/gateway_for_test.h"

namespace gwanmun::proxy {
namespace {

using testing::Config;
using testing::Gateway;
using testing::Message;
using testing::Origin;
using testing::read_message;
using testing::Wire;

using Milliseconds = std::chrono::milliseconds;

/// Waits for it, at most two seconds.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 200 && !holds(); ++i) std::this_thread::sleep_for(Milliseconds(10));
  return holds();
}

/// Counts how its connections end; each answer takes a moment.
struct Counting {
  explicit Counting(int answer_ms)
      : origin([this, answer_ms](Wire& wire) {
          while (!read_message(wire).head.empty()) {
            std::this_thread::sleep_for(Milliseconds(answer_ms));
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          }
          ++closed;
        }) {}
  std::atomic<int> closed{0};
  Origin origin;
};

/// The statuses of so many requests at once, sorted.
std::vector<int> at_once(Gateway& gateway, int count) {
  std::vector<int> statuses(static_cast<std::size_t>(count));
  std::vector<std::thread> clients;
  for (int& status : statuses) clients.emplace_back([&] { status = gateway.get("/").status(); });
  for (std::thread& client : clients) client.join();
  std::sort(statuses.begin(), statuses.end());
  return statuses;
}

Config config_for(std::uint16_t port) {
  Config config;
  config.cluster("c", {port});
  config.rule("/", "c");
  return config;
}

TEST(Pools, RequestsBeyondTheConnectionLimitTakeTurns) {
  Counting counting(30);
  Options options;
  options.upstream_limits.max_connections = 2;
  Gateway gateway(std::move(options));
  Config config = config_for(counting.origin.port());
  gateway.apply(config);
  EXPECT_EQ(at_once(gateway, 6), std::vector<int>(6, 200));
  EXPECT_EQ(counting.origin.connections(), 2);
}

TEST(Pools, WaitingIsBounded) {
  Counting counting(300);
  Options options;
  options.upstream_limits.max_connections = 1;
  options.upstream_limits.max_waiting = 1;
  Gateway gateway(std::move(options));
  Config config = config_for(counting.origin.port());
  gateway.apply(config);
  gateway.get("/");  // connected: from here on one is served, one waits, and the rest is refused
  EXPECT_EQ(at_once(gateway, 4), (std::vector<int>{200, 200, 503, 503}));
}

TEST(Pools, IdleConnectionsAreBounded) {
  Counting counting(50);
  Options options;
  options.upstream_limits.max_idle = 1;
  Gateway gateway(std::move(options));
  Config config = config_for(counting.origin.port());
  gateway.apply(config);
  EXPECT_EQ(at_once(gateway, 3), std::vector<int>(3, 200));
  EXPECT_TRUE(eventually([&] { return counting.closed == counting.origin.connections() - 1; }));
  EXPECT_EQ(gateway.get("/").status(), 200);
}

TEST(Pools, IdleConnectionsCloseAfterAWhile) {
  Counting counting(0);
  Options options;
  options.upstream_limits.idle_timeout = Milliseconds(100);
  options.upstream_limits.sweep_interval = Milliseconds(20);
  Gateway gateway(std::move(options));
  Config config = config_for(counting.origin.port());
  gateway.apply(config);
  EXPECT_EQ(gateway.get("/").status(), 200);
  EXPECT_EQ(counting.closed, 0);
  EXPECT_TRUE(eventually([&] { return counting.closed == 1; }));
  EXPECT_EQ(gateway.get("/").status(), 200);
}

TEST(Pools, FullHttp2ConnectionsGetCompanyUpToTheLimit) {
  Counting counting(50);
  Options back_options;
  back_options.server_limits.max_concurrent_streams = 1;
  Gateway back(std::move(back_options));
  Config back_config = config_for(counting.origin.port());
  back.apply(back_config);

  Options options;
  options.upstream_limits.max_multiplexed = 2;
  Gateway front(std::move(options));
  Config config = config_for(back.port(80));
  config.cluster("c", {back.port(80)}).protocol = snapshot::BackendProtocol::kH2c;
  front.apply(config);
  front.get("/");  // its SETTINGS are known
  EXPECT_EQ(at_once(front, 6), std::vector<int>(6, 200));
  EXPECT_EQ(back.server().metrics().worker(0).connections_accepted.value(), 2u);
}

/// Reads HTTP/2 frames, up to and with the first HEADERS.
void read_request_head(Wire& wire) {
  for (;;) {
    const std::string header = wire.read_exactly(9);
    if (header.size() < 9) return;
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(header[at]); };
    wire.read_exactly(std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2));
    if (byte(3) == 1) return;
  }
}

TEST(Pools, AnHttp2ConnectionThatGoesAwayMakesRoomWhileItsLastStreamRuns) {
  using namespace std::string_view_literals;
  std::atomic<int> connections{0};
  std::atomic<bool> told{false}, over{false};
  Origin origin([&](Wire& wire) {
    const bool first = connections++ == 0;
    wire.send("\0\0\0\4\0\0\0\0\0"sv);  // SETTINGS
    wire.read_exactly(24);
    read_request_head(wire);
    if (first) wire.send("\0\0\x8\7\0\0\0\0\0\0\0\0\1\0\0\0\0"sv);  // GOAWAY, after stream 1
    else wire.send("\0\0\1\1\5\0\0\0\1\x88"sv);                     // HEADERS: status 200
    told = true;
    while (!over) std::this_thread::sleep_for(Milliseconds(10));
  });
  Options options;
  options.upstream_limits.max_multiplexed = 1;
  Gateway gateway(std::move(options));
  Config config = config_for(origin.port());
  config.cluster("c", {origin.port()}).protocol = snapshot::BackendProtocol::kH2c;
  gateway.apply(config);
  Wire lasting = gateway.connect();
  lasting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return told.load(); }));
  std::this_thread::sleep_for(Milliseconds(50));
  EXPECT_EQ(gateway.get("/").status(), 200);
  EXPECT_EQ(connections, 2);
  over = true;
}

TEST(Pools, ClientsThatDoNotReadDoNotStopOthersOnTheSameHttp2Connection) {
  const std::string large(8'000'000, 'l');
  Origin origin([&](Wire& wire) {
    for (Message in; !(in = read_message(wire)).head.empty();) {
      const std::string body = in.start().contains("/large") ? large : "small";
      wire.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", body.size(), "\r\n\r\n", body));
    }
  });
  Gateway back;
  Config back_config = config_for(origin.port());
  back.apply(back_config);
  Gateway front;
  Config config = config_for(back.port(80));
  config.cluster("c", {back.port(80)}).protocol = snapshot::BackendProtocol::kH2c;
  front.apply(config);
  std::vector<Wire> stalled;
  for (int i = 0; i < 24; ++i) {
    stalled.push_back(front.connect());
    stalled.back().send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (Wire& wire : stalled) EXPECT_THAT(wire.read_until("\r\n"), ::testing::HasSubstr("200"));
  std::this_thread::sleep_for(Milliseconds(500));
  EXPECT_EQ(front.get("/small").body, "small");
  EXPECT_EQ(back.server().metrics().worker(0).connections_accepted.value(), 1u);
}

TEST(Pools, AMirrorThatDoesNotReadCostsTheRequestNothing) {
  Origin origin(Origin::answers("ok"));
  std::atomic<bool> ended{false};
  Origin deaf([&](Wire& wire) {
    std::this_thread::sleep_for(Milliseconds(500));
    ended = wire.ends();
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.cluster("deaf", {deaf.port()});
  config.rule("/", "c").filters = {snapshot::Mirror{.cluster = "deaf"}};
  Options options;
  options.limits.mirror_buffer_bytes = 100'000;
  Gateway gateway(std::move(options));
  gateway.apply(config);
  const std::string body(20'000'000, 'b');  // more than the sockets between take
  Wire client = gateway.connect();
  std::thread sender([&] {
    client.send(
        str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  });
  EXPECT_EQ(read_message(client).body, "ok");
  sender.join();
  EXPECT_TRUE(eventually([&] { return ended.load(); }));  // given up
}

TEST(Pools, MirrorsAreBounded) {
  Origin origin(Origin::answers("ok"));
  Origin silent([](Wire& wire) { wire.ends(1'000); });
  Config config;
  config.cluster("c", {origin.port()});
  config.cluster("silent", {silent.port()});
  config.rule("/", "c").filters = {snapshot::Mirror{.cluster = "silent"}};
  Options options;
  options.limits.max_mirrors = 3;
  options.limits.mirror_timeout = Milliseconds(200);
  Gateway gateway(std::move(options));
  gateway.apply(config);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").status(), 200);
  EXPECT_EQ(gateway.server().metrics().worker(0).mirrored.value(), 3u);
  std::this_thread::sleep_for(Milliseconds(400));  // they have timed out: there is room again
  gateway.get("/");
  EXPECT_EQ(gateway.server().metrics().worker(0).mirrored.value(), 4u);
}

}  // namespace
}  // namespace gwanmun::proxy
