// Server: the data plane's public face. cli/ starts it, the control plane applies snapshots to it,
// admin/ reads its numbers. It owns the worker threads and the listening sockets.
//
// Applying never fails and never interrupts: ports that stay are not touched, ports that go stop
// accepting and drain, requests in progress end with the configuration they began with.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "http/limits.h"
#include "net/address.h"
#include "proxy/limits.h"
#include "proxy/upstream/limits.h"
#include "snapshot/snapshot.h"
#include "telemetry/access_log.h"
#include "telemetry/metrics.h"

namespace gwanmun::proxy {

struct Options {
  int workers = 0;  // threads; 0: one for each core this process may run on
  Milliseconds grace_period{30'000};
  /// Peers whose X-Forwarded-* and Forwarded are believed.
  std::vector<net::Cidr> trusted_proxies;
  /// Listener port -> port to bind in its place (80 -> 8080); to 0: any free one.
  std::map<std::uint16_t, std::uint16_t> port_map;
  telemetry::AccessFormat access_log = telemetry::AccessFormat::kOff;
  int access_log_fd = 1;  // not owned
  Limits limits;
  upstream::Limits upstream_limits;
  http::ServerLimits server_limits;
  http::ClientLimits client_limits;
};

/// What became of one port of the snapshot.
struct PortState {
  std::uint16_t port = 0;   // as the listeners say
  std::uint16_t bound = 0;  // as bound (Options::port_map); 0: not listening
  bool permission_denied = false;
  std::string error;  // why it is not listening: "bind [::]:80: permission denied"; or empty
};

struct Applied {
  std::uint64_t version = 0;
  std::vector<PortState> ports;  // by port
};

class Server {
 public:
  /// Starts the workers; nothing is served before the first apply().
  static Result<std::unique_ptr<Server>> start(Options options);
  /// Ends at once what drain() has not.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Returns when every worker runs it. One thread (the control plane's).
  Applied apply(std::shared_ptr<const snapshot::Snapshot> snapshot);
  /// What the workers run; nullptr before the first apply(). Any thread.
  std::shared_ptr<const snapshot::Snapshot> snapshot() const;
  /// Any thread.
  telemetry::Metrics& metrics();
  int workers() const;

  /// Stops accepting, lets what runs finish (HTTP/1: Connection: close, HTTP/2: GOAWAY) and returns
  /// when all is done or the grace period is over; what then still runs is cut. True: nothing was.
  bool drain();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gwanmun::proxy
