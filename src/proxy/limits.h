// Every limit of the proxy itself, with why; those of messages are in http/limits.h, those of
// balancing and pools in upstream/limits.h. All are tested at the limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gwanmun::proxy {

using Milliseconds = std::chrono::milliseconds;

struct Limits {
  /// Client connections of the whole process; more are closed as they come.
  std::uint32_t max_connections = 100'000;
  /// A TLS handshake, or a PROXY protocol header, must be complete after this.
  Milliseconds handshake_timeout{5'000};
  /// How long a backend may take to begin its answer once it has the whole request, where the route
  /// sets no timeout (gRPC streams excepted: their head may come with the first message).
  Milliseconds default_head_timeout{60'000};
  /// A request body is kept for another try up to this; a longer one is sent once.
  std::uint32_t replay_body_bytes = 64 * 1024;
  /// Other endpoints tried when connecting fails, whatever the route's retry policy.
  std::uint32_t connect_attempts = 3;
  /// The longest wait between two tries, however often the backoff doubled.
  Milliseconds max_backoff{10'000};
  /// What a mirror may lag behind; beyond it the copy is given up, the request itself never waits.
  std::uint32_t mirror_buffer_bytes = 256 * 1024;
  /// A mirror's whole exchange.
  Milliseconds mirror_timeout{15'000};
  /// Mirrored requests in progress on one worker; more are not mirrored.
  std::uint32_t max_mirrors = 1'024;
  /// An authorizer must have answered after this; else the request is refused.
  Milliseconds auth_timeout{5'000};
  /// A tunnel (WebSocket) one of whose sides has ended waits this long for the other.
  Milliseconds half_closed_tunnel{5'000};
  /// Hops of X-Forwarded-For looked at; what is left of them is not believed.
  std::uint32_t max_forwarded_hops = 32;
  /// A client's own X-Request-Id is kept up to this length.
  std::uint32_t max_request_id_bytes = 128;
  /// Rounds of events, without a wait, in which what a forced end has cut must be gone.
  std::uint32_t ticks_to_end = 1'000;
  /// How long gathered access log lines may wait.
  Milliseconds access_log_delay{250};
};

}  // namespace gwanmun::proxy
