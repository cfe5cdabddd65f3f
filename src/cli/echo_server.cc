// See echo_server.h.
#include "cli/echo_server.h"

#include <sys/epoll.h>

#include <algorithm>

#include "cli/limits.h"

namespace gwanmun::cli {

namespace {

/// Tells run() that the stop descriptor became readable.
struct StopWatch final : net::EventHandler {
  bool stopped = false;
  void on_event(std::uint32_t) override { stopped = true; }
};

}  // namespace

Result<std::unique_ptr<EchoServer>> EchoServer::start(
    EchoIdentity identity, const std::vector<net::SocketAddress>& listen) {
  std::unique_ptr<EchoServer> server(new EchoServer(std::move(identity)));
  GW_TRY(server->loop_, net::Loop::create());
  server->loop_->bind();
  net::AcceptHandler& accepts = *server;
  for (const auto& address : listen) {
    auto fd = net::open_listener({.port = address.port, .ip = address.ip, .share_port = false});
    if (!fd) return fail(fd.error().message);
    server->listeners_.push_back(std::make_unique<net::Listener>(*server->loop_, *fd, accepts));
  }
  return server;
}

EchoServer::~EchoServer() = default;

std::vector<net::SocketAddress> EchoServer::addresses() const {
  std::vector<net::SocketAddress> out;
  for (const auto& listener : listeners_) out.push_back(listener->address());
  return out;
}

void EchoServer::on_accept(const net::Accepted& connection) {
  auto stream = net::make_tcp_stream(*loop_, connection.fd, connection.peer, {});
  connections_.push_back(http::serve_auto(*loop_, std::move(stream), *this, limits_));
}

void EchoServer::on_request(http::ServerStream& stream) { net::spawn(answer(identity_, stream)); }

void EchoServer::on_replaced(http::ServerConnection& old, http::ServerConnection& now) {
  std::ranges::replace(connections_, &old, &now);
}

void EchoServer::on_closed(http::ServerConnection& connection) {
  std::erase(connections_, &connection);
}

void EchoServer::run(int stop_fd) {
  StopWatch stop;
  if (!loop_->watch(stop_fd, stop, EPOLLIN)) return;
  while (!stop.stopped) loop_->run_once(-1);
  loop_->unwatch(stop_fd, stop);
  drain();
}

void EchoServer::drain() {
  constexpr int kTickMs = 10;
  for (auto& listener : listeners_) listener->stop();
  for (auto* connection : std::vector(connections_)) connection->drain();
  for (std::uint64_t ms = 0; ms < kEchoDrainMs && !connections_.empty(); ms += kTickMs)
    loop_->run_once(kTickMs);
  for (auto* connection : std::vector(connections_)) connection->abort(http::Fault::kCancelled);
  // Once more for the coroutines that were waiting, naps included.
  for (int i = 0; i < 10; ++i) loop_->run_once(kTickMs);
}

}  // namespace gwanmun::cli
