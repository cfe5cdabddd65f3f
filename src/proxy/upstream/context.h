// What the upstream objects of one worker share. Owned by the worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http/limits.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "proxy/upstream/limits.h"
#include "snapshot/snapshot.h"
#include "telemetry/metrics.h"

namespace gwanmun::upstream {

/// A small fast generator (splitmix64), for choices that need not be unpredictable.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// Even over [0, bound); bound > 0.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t state_;
};

/// The identity that session tokens give an endpoint.
using EndpointIdentity = std::uint64_t (*)(std::string_view cluster,
                                           const snapshot::Endpoint& endpoint);

struct Context {
  net::Loop& loop;
  telemetry::WorkerMetrics& metrics;
  const Limits& limits;
  const http::ClientLimits& http;
  Random random;
  EndpointIdentity identity;
  std::unique_ptr<net::Resolver> resolver;  // made at first use
};

}  // namespace gwanmun::upstream
