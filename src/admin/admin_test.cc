// The admin address: its pages, and the server over real sockets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <vector>

#include "admin/limits.h"
#include "admin/pages.h"
#include "admin/server.h"
#include "base/text.h"

namespace gwanmun::admin {
namespace {

using ::testing::Test;

struct Ask {
  explicit Ask(std::string_view path, std::string_view method = "GET",
               std::string_view host = "127.0.0.1:19000")
      : head(arena) {
    head.method = method;
    head.authority = host;
    std::size_t mark = path.find('?');
    head.path = path.substr(0, mark);
    if (mark != std::string_view::npos) head.query = path.substr(mark + 1);
  }
  Arena arena;
  http::RequestHead head;
};

Sources fake(std::shared_ptr<const snapshot::Snapshot> snapshot) {
  return {[snapshot] { return snapshot; },
          [](std::int64_t now) { return str_cat("gwanmun_now ", now, "\n"); }};
}

std::shared_ptr<const snapshot::Snapshot> version(std::uint64_t number) {
  auto snapshot = std::make_shared<snapshot::Snapshot>();
  snapshot->version = number;
  auto listener = std::make_shared<snapshot::Listener>();
  listener->origin = {"Gateway", "shop", "gateway", "http", 3};
  listener->port = 80;
  snapshot->listeners.push_back(std::move(listener));
  return snapshot;
}

Page ask(std::string_view path, const Sources& sources, State state = {},
         std::string_view method = "GET", std::string_view host = "localhost") {
  return answer(Ask(path, method, host).head, sources, state);
}

TEST(AdminPages, HealthDoesNotDependOnTheConfiguration) {
  EXPECT_EQ(ask("/healthz", fake(nullptr)).status, 200);
  EXPECT_EQ(ask("/healthz", fake(nullptr), {.draining = true}).status, 200);
}

TEST(AdminPages, ReadyOnlyWithAConfigurationAndUntilDraining) {
  EXPECT_EQ(ask("/readyz", fake(nullptr)).status, 503);
  EXPECT_EQ(ask("/readyz", fake(version(7))).status, 200);
  EXPECT_EQ(ask("/readyz", fake(version(7))).body, "ready, configuration 7\n");
  EXPECT_EQ(ask("/readyz", fake(version(7)), {.draining = true}).status, 503);
}

TEST(AdminPages, MetricsAreAsOfNow) {
  Page page = ask("/metrics", fake(nullptr), {.now_unix_seconds = 42});
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(page.body, "gwanmun_now 42\n");
}

TEST(AdminPages, ConfigNamesTheObjects) {
  Page json = ask("/config", fake(version(7)));
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_NE(json.body.find("shop"), std::string::npos);
  Page yaml = ask("/config?format=yaml", fake(version(7)));
  EXPECT_EQ(yaml.content_type, "application/yaml");
  EXPECT_NE(yaml.body.find("shop"), std::string::npos);
  EXPECT_EQ(ask("/config?format=xml", fake(version(7))).status, 400);
  EXPECT_EQ(ask("/config", fake(nullptr)).status, 503);
}

TEST(AdminPages, IndexUnknownPagesAndMethods) {
  EXPECT_NE(ask("/", fake(nullptr)).body.find("/metrics"), std::string::npos);
  EXPECT_EQ(ask("/nothing", fake(nullptr)).status, 404);
  EXPECT_EQ(ask("/healthz", fake(nullptr), {}, "POST").status, 405);
  EXPECT_EQ(ask("/healthz", fake(nullptr), {}, "HEAD").status, 200);
}

TEST(AdminPages, OnLoopbackOnlyNamesOfThisMachineAreAnswered) {
  for (std::string_view host : {"localhost", "LocalHost:19000", "127.0.0.1", "[::1]:1", ""}) {
    EXPECT_EQ(ask("/config", fake(version(1)), {}, "GET", host).status, 200) << host;
  }
  for (std::string_view host : {"rebind.evil.org", "localhost.evil.org", "[evil]"}) {
    EXPECT_EQ(ask("/config", fake(version(1)), {}, "GET", host).status, 403) << host;
    EXPECT_EQ(ask("/config", fake(version(1)), {.local_only = false}, "GET", host).status, 200);
  }
}

// ---- over sockets ----

class Client {
 public:
  explicit Client(const net::SocketAddress& to) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_storage address{};
    socklen_t size = to.to_sockaddr(address);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0;
  }
  ~Client() { ::close(fd_); }
  bool connected() const { return connected_; }
  void send(std::string_view text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  std::string read(std::size_t most = 1 << 16) {
    std::string out(most, '\0');
    ssize_t got = ::recv(fd_, out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  std::string read_all() {
    std::string out;
    for (std::string piece = read(); !piece.empty(); piece = read()) out += piece;
    return out;
  }

 private:
  int fd_;
  bool connected_ = false;
};

constexpr std::string_view kGetClose = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

std::string get(const Server& server, std::string_view path, std::string_view method = "GET") {
  Client client(server.address());
  client.send(str_cat(method, " ", path, kGetClose));
  return client.read_all();
}

std::unique_ptr<Server> start(Sources sources) {
  auto server = Server::start({.address = "127.0.0.1:0"}, std::move(sources));
  EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().message);
  return server ? *std::move(server) : nullptr;
}

TEST(AdminServer, AnswersAndKeepsTheConnection) {
  auto server = start(fake(version(1)));
  ASSERT_NE(server, nullptr);
  EXPECT_NE(server->address().port, 0);
  Client client(server->address());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::string answer = client.read();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nok\n")) << answer;
  }
}

TEST(AdminServer, HeadHasNoBodyAndOtherMethodsAreRefused) {
  auto server = start(fake(version(1)));
  std::string head = get(*server, "/healthz", "HEAD");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_NE(head.find("content-length: 3\r\n"), std::string::npos) << head;
  std::string put = get(*server, "/healthz", "PUT");
  EXPECT_TRUE(put.starts_with("HTTP/1.1 405 ")) << put;
  EXPECT_NE(put.find("allow: GET, HEAD\r\n"), std::string::npos) << put;
}

TEST(AdminServer, DrainingIsSeen) {
  auto server = start(fake(version(1)));
  EXPECT_TRUE(get(*server, "/readyz").starts_with("HTTP/1.1 200 "));
  server->set_draining();
  EXPECT_TRUE(get(*server, "/readyz").starts_with("HTTP/1.1 503 "));
}

TEST(AdminServer, SendsLargePagesWhole) {
  std::string large(5'000'000, 'm');
  auto server = start({[] { return nullptr; }, [&](std::int64_t) { return large; }});
  std::string answer = get(*server, "/metrics");
  std::size_t body = answer.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos);
  EXPECT_EQ(answer.size() - body - 4, large.size());
  EXPECT_TRUE(answer.ends_with("mmm"));
}

TEST(AdminServer, EndsWhileAClientDoesNotRead) {
  std::string large(50'000'000, 'm');
  auto server = start({[] { return nullptr; }, [&](std::int64_t) { return large; }});
  Client client(server->address());
  client.send(str_cat("GET /metrics", kGetClose));
  EXPECT_FALSE(client.read(10).empty());
  server.reset();
}

TEST(AdminServer, MoreConnectionsThanTheLimitWait) {
  auto server = start(fake(version(1)));
  std::vector<std::unique_ptr<Client>> idle;
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    idle.push_back(std::make_unique<Client>(server->address()));
    idle.back()->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_FALSE(idle.back()->read().empty());
  }
  Client waiting(server->address());
  ASSERT_TRUE(waiting.connected());
  waiting.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idle.pop_back();
  EXPECT_TRUE(waiting.read().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(AdminServer, SaysWhatIsWrongWithAnAddress) {
  for (std::string address : {"", "localhost", "127.0.0.1", "127.0.0.1:x", ":70000", "1.2.3:80"}) {
    auto server = Server::start({.address = address}, fake(nullptr));
    ASSERT_FALSE(server.has_value()) << address;
    EXPECT_NE(server.error().message.find("expected ADDRESS:PORT"), std::string::npos);
  }
  auto first = start(fake(nullptr));
  auto taken = Server::start({.address = first->address().to_string()}, fake(nullptr));
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().message.find("admin address"), std::string::npos);
}

TEST(AdminServer, ListensOnAllAddressesWhenAsked) {
  auto server = Server::start({.address = ":0"}, fake(nullptr));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  Client client(*net::SocketAddress::parse(str_cat("127.0.0.1:", (*server)->address().port)));
  client.send("GET /healthz HTTP/1.1\r\nHost: any.name\r\n\r\n");
  EXPECT_TRUE(client.read().starts_with("HTTP/1.1 200 OK\r\n"));
}

}  // namespace
}  // namespace gwanmun::admin
