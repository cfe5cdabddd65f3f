// Endpoint: one address of a cluster with its connections, on one worker. HTTP/1 connections are
// pooled, the last used first; HTTP/2 ones are shared by many requests. Used by Cluster and Lease;
// knows nothing of balancing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/connection.h"
#include "net/address.h"
#include "proxy/upstream/context.h"
#include "proxy/upstream/health.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/ref.h"
#include "snapshot/snapshot.h"

namespace gwanmun::upstream {

class TlsSetup;  // connector.h

/// How to speak to the endpoints of a cluster; shared by them.
struct Manner {
  snapshot::BackendProtocol protocol = snapshot::BackendProtocol::kHttp1;
  std::shared_ptr<const TlsSetup> tls;  // nullptr: clear text
};

/// Lives as long as somebody refers to it or it has a connection.
class Endpoint final : public http::ClientHandler {
 public:
  struct Place {
    snapshot::Endpoint spec;  // the address as text, for logs and identity
    net::SocketAddress address;
    std::uint64_t identity = 0;
  };
  Endpoint(Context& context, Manner manner, Place place);

  const std::string& label() const { return label_; }  // "10.0.0.7:8080"
  const Place& place() const { return place_; }
  std::uint64_t identity() const { return place_.identity; }
  /// Requests in progress or waiting.
  std::uint32_t outstanding() const { return outstanding_; }
  bool available(std::uint64_t now_ms) const { return health_.available(now_ms); }

  /// It is not in the cluster any more: idle connections close now, the others with their last
  /// stream.
  void retire();
  /// Closes what has been idle too long.
  void sweep(std::uint64_t now_ms);

  net::Loop& loop() { return context_.loop; }
  const Limits& limits() const { return context_.limits; }
  const Manner& manner() const { return manner_; }
  /// How a connection's beginning ended (connector.h); `http2`: what it was wanted for.
  void connected(std::unique_ptr<net::Stream> stream, bool http2);
  void connect_failed(http::Fault fault, bool http2);

  std::uint32_t references = 0;  // Ref
  std::size_t idle() const { return idle_.size(); }
  std::uint32_t connections() const { return connections_; }

 private:
  friend class Lease;
  friend class Cluster;
  struct Idle {
    http::ClientConnection* connection;
    std::uint64_t since_ms;
  };

  // Lease
  void acquire(Lease& lease);
  void give_up(Lease& lease);
  void record(Outcome outcome);
  // ClientHandler
  void on_idle(http::ClientConnection& connection) override;
  void on_capacity(http::ClientConnection& connection) override;
  void on_retired(http::ClientConnection& connection) override;
  void on_closed(http::ClientConnection& connection) override;

  bool speaks_http2(Speak speak) const;
  bool open_now(Lease& lease, bool http2);
  void start_connecting(Speak speak, bool http2);
  void connect_for_waiting();
  void connect_for_waiting_multiplexed();
  void adopt_http1_waiters();
  void fail_all(Queue& queue, http::Fault fault);
  void forget(http::ClientConnection& connection);
  void release_if_unconnected();
  Queue& waiting(bool http2) { return http2 ? waiting_multiplexed_ : waiting_; }

  Context& context_;
  Manner manner_;
  Place place_;
  std::string label_;
  Health health_;
  bool retired_ = false;
  bool http1_only_ = false;  // learned by ALPN
  std::uint32_t outstanding_ = 0;
  std::uint32_t connecting_ = 0;  // HTTP/1
  std::uint32_t connections_ = 0;
  std::uint32_t connecting_multiplexed_ = 0;
  std::uint32_t connections_multiplexed_ = 0;
  std::vector<Idle> idle_;         // the last used at the end
  std::vector<Idle> multiplexed_;  // since when without a stream, as far as on_idle() told
  Queue waiting_;
  Queue waiting_multiplexed_;
  Ref<Endpoint> self_;  // set while it has connections
};

}  // namespace gwanmun::upstream
