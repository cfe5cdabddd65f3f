// Opening TCP connections without blocking. Called by proxy/upstream; name resolution is
// resolver.h, TLS on top is tls.h.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "net/address.h"
#include "net/limits.h"
#include "net/stream.h"
#include "net/task.h"

namespace gwanmun::net {

/// A connected stream without a handler yet, or why there is none: kRefused, kUnreachable, kTimeout
/// (after timeout_ms), kReset, kOther (out of descriptors).
Task<std::expected<std::unique_ptr<Stream>, StreamFault>> connect_tcp(
    Loop& loop, SocketAddress address, std::uint64_t timeout_ms = kConnectTimeoutMs);

/// "connection refused" style words for logs and messages.
std::string_view to_string(StreamFault fault);

}  // namespace gwanmun::net
