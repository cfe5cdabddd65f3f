// The server behind `gwanmun echo`: accepts HTTP/1, HTTP/2 with prior knowledge, gRPC and
// WebSocket on some addresses and says what it received. One thread, its own loop.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "cli/echo_answer.h"
#include "http/connection.h"
#include "net/listener.h"
#include "net/loop.h"

namespace gwanmun::cli {

class EchoServer final : net::AcceptHandler, http::ServerHandler {
 public:
  static Result<std::unique_ptr<EchoServer>> start(EchoIdentity identity,
                                                   const std::vector<net::SocketAddress>& listen);
  ~EchoServer();

  /// With the ports that the kernel picked.
  std::vector<net::SocketAddress> addresses() const;
  /// Serves until `stop_fd` becomes readable, then lets what runs finish for a moment.
  void run(int stop_fd);

 private:
  explicit EchoServer(EchoIdentity identity) : identity_(std::move(identity)) {}
  void on_accept(const net::Accepted& connection) override;
  void on_request(http::ServerStream& stream) override;
  void on_refused(http::ServerConnection&, int, std::string_view) override {}
  void on_replaced(http::ServerConnection& old, http::ServerConnection& now) override;
  void on_closed(http::ServerConnection& connection) override;
  void drain();

  EchoIdentity identity_;
  http::ServerLimits limits_;
  std::unique_ptr<net::Loop> loop_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<http::ServerConnection*> connections_;
};

}  // namespace gwanmun::cli
