// Connections as the proxy sees them. Http1 and Http2 implement both sides; which one serves a
// TLS client is decided by ALPN, a clear-text client by its first bytes (HTTP/2 preface).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "http/limits.h"
#include "http/stream.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/stream.h"

namespace gwanmun::http {

/// The proxy's side of a server connection.
class ServerHandler {
 public:
  /// A complete, valid request head. The stream stays until its release(). Runs inside the
  /// connection's event: starting a coroutine here is what it is for.
  virtual void on_request(ServerStream& stream) = 0;
  /// A request refused before it reached the proxy, answered with that status by the connection
  /// (400, 408, 414, 431, 501, 505), for metrics and the access log.
  virtual void on_refused(class ServerConnection& connection, int status, std::string_view why) = 0;
  /// serve_auto() found out the protocol: `now` took the place of `old`, which is destroyed at the
  /// end of this tick without an on_closed(). The context has been carried over.
  virtual void on_replaced(class ServerConnection& old, class ServerConnection& now) {
    (void)old, (void)now;
  }
  /// The connection is closed, all its streams are released, and it will be destroyed at the end of
  /// this tick.
  virtual void on_closed(class ServerConnection& connection) = 0;

 protected:
  ~ServerHandler() = default;
};

class ServerConnection : public net::Disposable {
 public:
  /// Stop taking requests: HTTP/1 answers the running one with Connection: close, HTTP/2 sends
  /// GOAWAY; idle ones close at once (after a moment, RFC 9113 §6.8).
  virtual void drain() = 0;
  /// Close now, whatever runs.
  virtual void abort(Fault why) = 0;
  virtual net::Stream& transport() = 0;
  /// Requests in progress.
  virtual std::uint32_t active_streams() const = 0;
  /// The proxy's own data about this connection (its listener, counters).
  void* context = nullptr;
};

/// Serves HTTP on an accepted stream (after the TLS handshake, if any). The connection owns the
/// stream and itself: it ends through loop.dispose(). `secure` decides RequestHead::scheme.
/// `limits` must outlive the connection.
ServerConnection* serve_http1(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                              ServerHandler& handler, const ServerLimits& limits, bool secure);
ServerConnection* serve_http2(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                              ServerHandler& handler, const ServerLimits& limits, bool secure);
/// Clear text: waits for the first bytes and picks HTTP/2 by its preface (RFC 9113 §3.4), else
/// HTTP/1. What is returned stands for the connection meanwhile (drain() and abort() work, the head
/// timeout counts from here); ServerHandler::on_replaced() names the one that takes over.
ServerConnection* serve_auto(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                             ServerHandler& handler, const ServerLimits& limits);

class ClientConnection;

/// The pool's side of a client connection.
class ClientHandler {
 public:
  /// A stream ended and the connection can take (another) one now.
  virtual void on_idle(ClientConnection& connection) = 0;
  /// HTTP/2: the server's SETTINGS changed how many streams it takes; HTTP/1 never.
  virtual void on_capacity(ClientConnection& connection) = 0;
  /// No new stream can be opened (GOAWAY, Connection: close, closed by the server); running ones go
  /// on.
  virtual void on_retired(ClientConnection& connection) = 0;
  /// Destroyed at the end of this tick.
  virtual void on_closed(ClientConnection& connection) = 0;

 protected:
  ~ClientHandler() = default;
};

class ClientConnection : public net::Disposable {
 public:
  /// How many streams may be opened now (HTTP/1: 0 or 1).
  virtual std::uint32_t capacity() const = 0;
  virtual std::uint32_t active_streams() const = 0;
  /// Requires capacity() > 0. The arena holds the response's head and must outlive the stream.
  virtual ClientStream& open(Arena& arena) = 0;
  /// Closes when idle, at once or as soon as its streams are done.
  virtual void retire() = 0;
  /// HTTP/2: the server takes RequestHead::upgrade as an extended CONNECT (RFC 8441). HTTP/1 sends
  /// an Upgrade field and never says true here.
  virtual bool extended_connect() const { return false; }
  virtual net::Stream& transport() = 0;
  void* context = nullptr;
};

/// Speaks HTTP to a server on a connected stream. The connection owns itself as above.
ClientConnection* connect_http1(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                                ClientHandler& handler, const ClientLimits& limits);
ClientConnection* connect_http2(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                                ClientHandler& handler, const ClientLimits& limits);

}  // namespace gwanmun::http
