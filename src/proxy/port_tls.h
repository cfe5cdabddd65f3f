// The TLS of one port, from its listeners. Called by Server when a snapshot is applied.
#pragma once

#include <memory>

#include "net/tls.h"
#include "proxy/router.h"

namespace gwanmun::proxy {

/// True when connections to that port begin with TLS.
bool is_secure(const PortRouter& port);

/// Each listener is chosen by its hostname as SNI. A certificate that cannot be used costs its own
/// listener only; nullptr when nothing is left. What has not changed is taken over from `previous`.
std::shared_ptr<const net::TlsServerConfig> make_port_tls(
    const PortRouter& port, const std::shared_ptr<net::TlsTicketKeys>& tickets,
    const net::TlsServerConfig* previous);

}  // namespace gwanmun::proxy
