// Who the client is, and telling the backend: X-Forwarded-For, -Proto, -Host, X-Request-Id. Called
// once an exchange, before routing, so that everything behind judges by the same facts.
#pragma once

#include <span>
#include <string_view>

#include "http/message.h"
#include "net/address.h"
#include "proxy/limits.h"
#include "proxy/upstream/context.h"

namespace gwanmun::proxy {

struct Forwarding {
  std::string_view peer;  // address text
  bool trusted = false;   // the peer's own forwarding fields are believed
  std::span<const net::Cidr> trusted_proxies;
  std::uint32_t max_hops = 0;
  std::uint32_t max_request_id_bytes = 0;
};

struct Forwarded {
  /// The peer, or with a trusted peer the rightmost untrusted hop of X-Forwarded-For.
  std::string_view client;
  std::string_view request_id;
};

/// Replaces what an untrusted peer claims (X-Forwarded-*, Forwarded, X-Real-Ip), appends to what a
/// trusted one says, and adds X-Request-Id unless there is a sound one. Views are in the arena or
/// as long-lived as `forwarding.peer`.
Forwarded apply_forwarding(const Forwarding& forwarding, http::RequestHead& request,
                           upstream::Random& random);

}  // namespace gwanmun::proxy
