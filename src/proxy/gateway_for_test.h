// A real gateway between real sockets, for end-to-end tests in one file: origins that follow a
// script in a thread, clients that block. Everything on loopback, ports from the kernel, every wait
// bounded.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "proxy/server.h"

namespace gwanmun::proxy::testing {

/// A blocking connection. Reads wait at most kPatienceMs.
class Wire {
 public:
  static constexpr int kPatienceMs = 5'000;

  explicit Wire(int fd) : fd_(fd) {}
  Wire(Wire&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
  ~Wire() { close(); }

  static Wire to(std::uint16_t port) {
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd);
      fd = -1;
    }
    return Wire(fd);
  }
  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  void send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Up to and with `mark`; what came so far when the peer ends or patience does.
  std::string read_until(std::string_view mark) {
    std::size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos)
      if (!fill(kPatienceMs)) return std::exchange(buffer_, {});
    return take(at + mark.size());
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size)
      if (!fill(kPatienceMs)) return std::exchange(buffer_, {});
    return take(size);
  }
  std::string read_all() {
    while (fill(kPatienceMs)) {
    }
    return std::exchange(buffer_, {});
  }
  /// True when the peer ends or resets it in time.
  bool ends(int within_ms = kPatienceMs) {
    while (fill(within_ms)) buffer_.clear();
    return ended_;
  }
  /// Nothing comes for that long.
  bool quiet(int for_ms) {
    pollfd ready{fd_, POLLIN, 0};
    return buffer_.empty() && ::poll(&ready, 1, for_ms) == 0;
  }
  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  bool fill(int patience_ms) {
    pollfd ready{fd_, POLLIN, 0};
    if (fd_ < 0 || ::poll(&ready, 1, patience_ms) <= 0) return false;
    char data[65536];
    const ssize_t n = ::recv(fd_, data, sizeof data, 0);
    if (n <= 0) ended_ = true;
    if (n > 0) buffer_.append(data, static_cast<std::size_t>(n));
    return n > 0;
  }
  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int fd_;
  bool ended_ = false;
  std::string buffer_;
};

/// An HTTP/1 message as it came.
struct Message {
  std::string head;  // with the empty line; empty: nothing came
  std::string body;
  std::string trailers;

  std::string start() const { return head.substr(0, head.find("\r\n")); }
  int status() const { return head.size() < 12 ? 0 : std::atoi(head.c_str() + 9); }
  /// The first field of that (lower-case) name; "" when there is none.
  std::string field(std::string_view name) const {
    for (std::string_view line : split(head, '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string_view::npos && iequals(line.substr(0, colon), name)) {
        line = trim(line.substr(colon + 1));
        return std::string(line.substr(0, line.find('\r')));
      }
    }
    return "";
  }
};

inline Message read_message(Wire& wire, bool has_body = true) {
  Message out;
  out.head = wire.read_until("\r\n\r\n");
  const std::string length = out.field("content-length");
  if (!has_body) return out;
  if (!length.empty()) out.body = wire.read_exactly(std::stoul(length));
  if (out.field("transfer-encoding") == "chunked") {
    for (;;) {
      const std::string line = wire.read_until("\r\n");
      const std::size_t size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
      if (size == 0) break;
      out.body += wire.read_exactly(size);
      wire.read_exactly(2);
    }
    for (std::string line; (line = wire.read_until("\r\n")) != "\r\n" && !line.empty();)
      out.trailers += line;
  }
  return out;
}

/// A server that runs `script` on every connection, each in its own thread.
class Origin {
 public:
  using Script = std::function<void(Wire&)>;

  explicit Origin(Script script, std::uint16_t port = 0) : script_(std::move(script)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 128), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~Origin() { stop(); }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  /// Closes everything, as a killed process would.
  void stop() {
    if (fd_ < 0) return;
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    ::close(std::exchange(fd_, -1));
    {
      std::lock_guard lock(mutex_);
      for (const auto& wire : wires_) ::shutdown(wire->fd(), SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  /// Answers every request with `status` and `body`, keep-alive.
  static Script answers(std::string body, int status = 200) {
    return [body = std::move(body), status](Wire& wire) {
      while (!read_message(wire).head.empty())
        wire.send(
            str_cat("HTTP/1.1 ", status, " X\r\ncontent-length: ", body.size(), "\r\n\r\n", body));
    };
  }
  /// Answers every request with its own head and body.
  static Script echoes() {
    return [](Wire& wire) {
      for (Message in; !(in = read_message(wire)).head.empty();) {
        const std::string body = in.head + in.body + in.trailers;
        wire.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: ", body.size(), "\r\n\r\n", body));
      }
    };
  }

 private:
  void accept() {
    for (int fd; (fd = ::accept(fd_, nullptr, nullptr)) >= 0;) {
      ++connections_;
      auto wire = std::make_shared<Wire>(fd);
      std::lock_guard lock(mutex_);
      wires_.push_back(wire);
      threads_.emplace_back([this, wire] {
        script_(*wire);
        ::shutdown(wire->fd(), SHUT_RDWR);
      });
    }
  }

  Script script_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Wire>> wires_;
  std::vector<std::thread> threads_;
};

/// A snapshot in the making: one HTTP listener on port 80 with one route, unless changed.
class Config {
 public:
  Config() {
    listener_.origin = {"Gateway", "shop", "gateway", "http", 1};
    listener_.port = 80;
    route_.origin = {"HTTPRoute", "shop", "orders", "", 1};
  }

  snapshot::Listener& listener() { return listener_; }
  /// A cluster of endpoints on loopback.
  snapshot::Cluster& cluster(const std::string& name, const std::vector<std::uint16_t>& ports) {
    auto& cluster = clusters_[name];
    cluster = std::make_shared<snapshot::Cluster>();
    cluster->name = name;
    for (std::uint16_t port : ports) cluster->endpoints.push_back({"127.0.0.1", port});
    return *cluster;
  }
  /// A rule for a prefix with one backend, to be changed by the caller.
  snapshot::Rule& rule(const std::string& prefix, const std::string& cluster) {
    auto rule = std::make_shared<snapshot::Rule>();
    rule->origin = {"HTTPRoute", "shop", "orders", str_cat("rule[", rules_.size(), "]"), 1};
    rule->matches.push_back({.path = {snapshot::PathMatchKind::kPrefix, prefix}});
    if (!cluster.empty()) rule->backends.push_back({.cluster = cluster});
    rules_.push_back(rule);
    return *rule;
  }
  std::string host = "*";

  std::shared_ptr<const snapshot::Snapshot> build() {
    auto out = std::make_shared<snapshot::Snapshot>();
    out->version = ++version();
    auto route = std::make_shared<snapshot::Route>(route_);
    for (const auto& rule : rules_) route->rules.push_back(std::make_shared<snapshot::Rule>(*rule));
    auto listener = std::make_shared<snapshot::Listener>(listener_);
    listener->hosts[host].push_back(std::move(route));
    out->listeners.push_back(std::move(listener));
    for (const auto& [name, cluster] : clusters_)
      out->clusters[name] = std::make_shared<snapshot::Cluster>(*cluster);
    return out;
  }

 private:
  static std::atomic<std::uint64_t>& version() {
    static std::atomic<std::uint64_t> version{0};
    return version;
  }
  snapshot::Listener listener_;
  snapshot::Route route_;
  std::vector<std::shared_ptr<snapshot::Rule>> rules_;
  std::map<std::string, std::shared_ptr<snapshot::Cluster>> clusters_;
};

/// A running gateway; its listeners' ports are the kernel's choice.
class Gateway {
 public:
  explicit Gateway(Options options = {}) {
    if (options.workers == 0) options.workers = 1;
    if (options.port_map.empty()) options.port_map[80] = 0;
    auto server = Server::start(std::move(options));
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
  }

  Applied apply(Config& config) { return apply(config.build()); }
  Applied apply(std::shared_ptr<const snapshot::Snapshot> snapshot) {
    Applied applied = server_->apply(std::move(snapshot));
    ports_.clear();
    for (const PortState& state : applied.ports) {
      EXPECT_EQ(state.error, "");
      ports_[state.port] = state.bound;
    }
    return applied;
  }
  Wire connect(std::uint16_t port = 80) { return Wire::to(ports_[port]); }
  std::uint16_t port(std::uint16_t listener) { return ports_[listener]; }
  Server& server() { return *server_; }

  /// One request on a connection of its own.
  Message get(std::string_view target, std::string_view fields = "",
              std::string_view host = "shop.example.com") {
    Wire wire = connect();
    wire.send(str_cat("GET ", target, " HTTP/1.1\r\nHost: ", host, "\r\n", fields, "\r\n"));
    return read_message(wire);
  }

 private:
  std::unique_ptr<Server> server_;
  std::map<std::uint16_t, std::uint16_t> ports_;
};

}  // namespace gwanmun::proxy::testing
