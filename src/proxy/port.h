// Port: one address and port that a worker listens on, with its client connections. It takes a
// connection from accept through PROXY protocol and TLS to HTTP. Owned by Worker; lives until its
// last connection is gone, also when a snapshot has dropped it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/listener.h"
#include "net/task.h"
#include "net/tls.h"
#include "proxy/client.h"

namespace gwanmun::proxy {

class Worker;

/// What a snapshot says of a port, for one worker.
struct PortPlan {
  std::size_t index = 0;  // in WorkerConfig::ports, unique in the process for ever
  int fd = -1;            // a listening socket, when the port is new
  bool secure = false;
  bool proxy_protocol = false;
  std::shared_ptr<const net::TlsServerConfig> tls;  // of a secure port; nullptr: none usable
};

class Port final : public net::AcceptHandler {
 public:
  Port(Worker& worker, const PortPlan& plan);
  ~Port();
  Port(const Port&) = delete;

  std::size_t index() const { return plan_.index; }
  bool secure() const { return plan_.secure; }
  std::uint32_t connections() const { return connections_; }
  bool closed() const { return !listener_; }

  /// New handshakes use what it says; connections that are there do not notice.
  void update(const PortPlan& plan);
  /// Stops accepting; connections end with the request that runs on them.
  void drain();
  /// Ends all connections now.
  void abort();
  /// The connection's HTTP is over.
  void remove(Client& client);

 private:
  void on_accept(const net::Accepted& accepted) override;
  net::Task<void> greet(Client& client, std::unique_ptr<net::Stream> stream);
  void serve(Client& client, std::unique_ptr<net::Stream> stream);
  void set_address(Client& client, const net::SocketAddress& address);

  Worker& worker_;
  PortPlan plan_;
  std::unique_ptr<net::Listener> listener_;
  bool draining_ = false;
  bool aborted_ = false;
  std::uint32_t connections_ = 0;
  Client* first_ = nullptr;
};

}  // namespace gwanmun::proxy
