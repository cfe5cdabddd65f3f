// PROXY protocol, versions 1 and 2, receiving side (HAProxy's proxy-protocol.txt): what a load
// balancer in front puts before the connection's own bytes. Strict: only listeners that ask for it
// read it, and then every connection must begin with it.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "net/address.h"
#include "net/limits.h"
#include "net/stream.h"
#include "net/task.h"

namespace gwanmun::net {

struct ProxyHeader {
  /// False for LOCAL (v2) and UNKNOWN (v1): the connection's own addresses hold.
  bool has_addresses = false;
  SocketAddress source;
  SocketAddress destination;
};

enum class ProxyParse : std::uint8_t {
  kDone,
  kIncomplete,  // so far a correct beginning
  kMalformed,
};

/// Parses the header at the front of `data`; in kDone `size` says how long it is. Sans I/O: keeps
/// nothing.
ProxyParse parse_proxy_header(std::string_view data, ProxyHeader& header, std::size_t& size);

/// Reads the header off an accepted stream without a handler, and leaves what follows for the next
/// handler. kOther: not a PROXY header; kTimeout; or the stream's own fault. The stream stays the
/// caller's, and open.
Task<std::expected<ProxyHeader, StreamFault>> read_proxy_header(
    Stream& stream, std::uint64_t timeout_ms = kProxyHeaderMs);

}  // namespace gwanmun::net
