// HTTP/1 heads, writing side: from RequestHead and ResponseHead to bytes. Called by the HTTP/1
// connections. Fields go out in their order and spelling; framing and hop-by-hop fields are written
// here and nowhere else.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace gwanmun::http {

/// How a message's body goes over the wire.
enum class WireBody : std::uint8_t { kNone, kLength, kChunked, kUntilClose, kTunnel };

struct WireHead {
  std::string_view bytes;  // valid until the next call on this thread
  WireBody body;
};

/// A request to a server, always HTTP/1.1. `head.body` decides the framing; an upgrade request has
/// none.
WireHead write_request(const RequestHead& head);

struct ResponseWire {
  Version client = Version::kHttp11;  // what the client speaks
  bool head_method = false;           // the answer to HEAD
  bool keep_alive = true;             // false: say "close"
};
WireHead write_response(const ResponseHead& head, const ResponseWire& wire);

/// 100, 102, 103.
std::string_view write_informational(int status, const Headers& headers);

/// The last chunk and a trailer section (nullptr: empty). Fields that may not be there are left
/// out.
std::string_view write_last_chunk(const Headers* trailers);

/// A complete short answer of the connection's own, which closes it.
std::string_view write_refusal(int status, std::string_view why);

}  // namespace gwanmun::http
