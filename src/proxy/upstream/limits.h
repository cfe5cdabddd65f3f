// Every limit of pools, balancing and health, with why. All are tested at the limit.
#pragma once

#include <chrono>
#include <cstdint>

namespace gwanmun::upstream {

using Milliseconds = std::chrono::milliseconds;

struct Limits {
  /// TCP and TLS together. A dead host must not hold a request longer than a client's patience.
  Milliseconds connect_timeout{5'000};
  /// Idle HTTP/1 connections kept for an endpoint by one worker; more are closed.
  std::uint32_t max_idle = 1'024;
  /// An idle connection is closed after this: below the 60 s that many servers and firewalls use.
  Milliseconds idle_timeout{50'000};
  /// HTTP/1 connections to an endpoint from one worker, idle or not; a request beyond waits.
  std::uint32_t max_connections = 8'192;
  /// HTTP/2 connections to an endpoint from one worker; one more is opened when all are full.
  std::uint32_t max_multiplexed = 16;
  /// Requests waiting for a connection to one endpoint; more fail at once (503).
  std::uint32_t max_waiting = 8'192;
  /// Consecutive failures before an endpoint is left out of balancing.
  std::uint32_t eject_after_connect_failures = 2;
  std::uint32_t eject_after_failures = 5;
  /// How long the first time, doubled each time up to the longest.
  Milliseconds first_ejection{500};
  Milliseconds longest_ejection{30'000};
  /// How often idle connections and unused endpoints are looked through.
  Milliseconds sweep_interval{2'000};
  /// Names are asked for again after their TTL (net/limits.h bounds it), and this long after a
  /// failed lookup.
  Milliseconds lookup_retry{2'000};
};

}  // namespace gwanmun::upstream
