// The TLS of one port, from its listeners. Called by Server when a snapshot is applied.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/tls.h"
#include "proxy/router.h"
#include "snapshot/snapshot.h"

namespace gwanmun::proxy {

/// True when connections to that port begin with TLS.
bool is_secure(const PortRouter& port);

/// The TLS configuration of a port from snapshot to snapshot. Each listener is chosen by its
/// hostname as SNI.
class PortTls {
 public:
  /// The same object as before where no listener's hostname or TLS has changed, so that a route
  /// that changes costs no handshake anything. A certificate that cannot be used costs its own
  /// listener only; nullptr when nothing is left.
  const std::shared_ptr<const net::TlsServerConfig>& update(
      const PortRouter& port, const std::shared_ptr<net::TlsTicketKeys>& tickets);

 private:
  struct Part {
    std::string hostname;
    snapshot::ListenerTls tls;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts_;
  std::shared_ptr<const net::TlsServerConfig> config_;
};

}  // namespace gwanmun::proxy
