// Why an HTTP exchange or connection ended early. One small value, made where the fault is seen and
// carried up unchanged; proxy/serve.cc turns it into a status code and the access log prints it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gwanmun::http {

enum class Fault : std::uint8_t {
  kNone,
  kClosed,     // the other side closed in the middle of a message
  kReset,      // RST, or RST_STREAM other than REFUSED_STREAM
  kRefused,    // not processed, safe to retry whatever the method: REFUSED_STREAM, beyond GOAWAY,
               // or a pooled connection that died before the first byte of the reply
  kConnect,    // could not connect: refused, unreachable
  kTls,        // TLS handshake or record failed
  kTimeout,    // a deadline of ours passed
  kMalformed,  // the peer broke the protocol
  kTooLarge,   // beyond a limit: head, header count, body
  kCancelled,  // we gave up on it: the other side of the exchange is gone
  kOverload,   // a limit of ours on connections, streams or memory
};

/// "connection refused" style words for logs: "closed", "reset", ...
std::string_view to_string(Fault fault);

}  // namespace gwanmun::http
