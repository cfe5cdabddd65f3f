// Accepting, and what comes before HTTP.
#include "proxy/port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "net/proxy_protocol.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

Port::Port(Worker& worker, const PortPlan& plan)
    : worker_(worker),
      plan_(plan),
      listener_(std::make_unique<net::Listener>(worker.loop(), plan.fd, *this)) {}

Port::~Port() = default;

void Port::update(const PortPlan& plan) {
  plan_.secure = plan.secure;
  plan_.proxy_protocol = plan.proxy_protocol;
  plan_.tls = plan.tls;
}

void Port::drain() {
  if (listener_) listener_->stop();
  listener_.reset();
  draining_ = true;
  for (Client* client = first_; client;) {
    Client* next = client->next;  // drain() may remove it
    if (client->connection) client->connection->drain();
    client = next;
  }
}

void Port::abort() {
  aborted_ = true;
  for (Client* client = first_; client;) {
    Client* next = client->next;
    if (client->connection) client->connection->abort(http::Fault::kCancelled);
    else ::shutdown(client->handshake_fd, SHUT_RDWR);  // greet() sees the end and removes it
    client = next;
  }
}

void Port::on_accept(const net::Accepted& accepted) {
  telemetry::WorkerMetrics& metrics = worker_.metrics();
  metrics.connections_accepted.add();
  if (!worker_.admit()) {
    metrics.connections_refused.add();
    ::close(accepted.fd);
    return;
  }
  metrics.connections_active.add();
  ++connections_;
  auto* client = new Client;
  client->port = this;
  client->next = first_;
  if (first_) first_->previous = client;
  first_ = client;
  set_address(*client, accepted.peer);
  client->handshake_fd = accepted.fd;
  auto stream = net::make_tcp_stream(worker_.loop(), accepted.fd, accepted.peer, {});
  if (plan_.proxy_protocol || plan_.secure) net::spawn(greet(*client, std::move(stream)));
  else serve(*client, std::move(stream));
}

void Port::set_address(Client& client, const net::SocketAddress& address) {
  client.address = address;
  client.trusted = worker_.trusts(address.ip);
  const std::string text = address.ip.to_string();
  client.text_size = static_cast<std::uint8_t>(std::min(text.size(), sizeof client.text));
  std::memcpy(client.text, text.data(), client.text_size);
}

/// What a connection must say before HTTP. The client is not served, and not drained, before.
net::Task<void> Port::greet(Client& client, std::unique_ptr<net::Stream> stream) {
  const auto timeout_ms = static_cast<std::uint64_t>(worker_.limits().handshake_timeout.count());
  if (plan_.proxy_protocol) {
    const auto header = co_await net::read_proxy_header(*stream, timeout_ms);
    if (!header) {
      stream->close();
      worker_.loop().dispose(std::move(stream));
      remove(client);
      co_return;
    }
    if (header->has_addresses) set_address(client, header->source);
  }
  if (plan_.secure) {
    // Held by the handshake: an update of the port changes new handshakes only.
    const std::shared_ptr<const net::TlsServerConfig> tls = plan_.tls;
    if (!tls) {
      stream->close();
      worker_.loop().dispose(std::move(stream));
      remove(client);
      co_return;
    }
    net::TlsResult secured = co_await net::accept_tls(std::move(stream), tls, timeout_ms);
    if (!secured) {
      worker_.metrics().tls_failures.add();
      remove(client);
      co_return;
    }
    stream = std::move(*secured);
  }
  serve(client, std::move(stream));
}

void Port::serve(Client& client, std::unique_ptr<net::Stream> stream) {
  net::Loop& loop = worker_.loop();
  const http::ServerLimits& limits = worker_.server_limits();
  const net::TlsInfo* tls = stream->tls();
  http::ServerConnection* connection =
      !tls                ? http::serve_auto(loop, std::move(stream), worker_, limits)
      : tls->alpn == "h2" ? http::serve_http2(loop, std::move(stream), worker_, limits, true)
                          : http::serve_http1(loop, std::move(stream), worker_, limits, true);
  connection->context = &client;
  client.connection = connection;
  if (aborted_) connection->abort(http::Fault::kCancelled);
  else if (draining_) connection->drain();
}

void Port::remove(Client& client) {
  (client.previous ? client.previous->next : first_) = client.next;
  if (client.next) client.next->previous = client.previous;
  delete &client;
  --connections_;
  worker_.metrics().connections_active.subtract();
  worker_.connection_ended();
}

}  // namespace gwanmun::proxy
