// Upgrades: WebSocket only, from HTTP/1.1 (RFC 6455) or HTTP/2 (RFC 8441), to HTTP/1.1 backends.
// Any other protocol asked for is ignored, as RFC 9110 §7.8 allows: a tunnel that is not understood
// would carry requests past the routes. Called by serve.cc and forward.cc.
#pragma once

#include "http/message.h"

namespace gwanmun::proxy {

/// Before routing: an extended CONNECT becomes the GET that it stands for; what is not WebSocket
/// loses its upgrade.
void prepare_upgrade(http::RequestHead& request);

/// Before sending to the backend: what RFC 6455 wants in an HTTP/1.1 handshake and HTTP/2 leaves
/// out. `random` makes the key's 16 bytes.
void complete_handshake(http::RequestHead& request, std::uint64_t random, std::uint64_t more);

/// The backend's 101 as the client may see it.
void finish_handshake(const http::RequestHead& request, http::ResponseHead& response);

}  // namespace gwanmun::proxy
