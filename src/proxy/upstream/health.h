// Passive health of one endpoint, judged by the requests it gets; no probes. Used by Endpoint.
// An endpoint that fails repeatedly is left out for a while, longer each time; a cluster whose
// endpoints are all left out uses them all (cluster.cc), so that a judgement can never make an
// outage of its own.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proxy/upstream/limits.h"

namespace gwanmun::upstream {

/// How a try at an endpoint ended, as far as its health is concerned.
enum class Outcome : std::uint8_t {
  kAnswered,       // a response head came, whatever its status
  kConnectFailed,  // no connection
  kFailed,         // connected, but reset, timed out or malformed before a head
  kAbandoned,      // we gave up for reasons of our own; says nothing
};

class Health {
 public:
  bool available(std::uint64_t now_ms) const { return now_ms >= ejected_until_ms_; }

  /// True when this outcome ejects the endpoint.
  bool record(Outcome outcome, std::uint64_t now_ms, const Limits& limits) {
    if (outcome == Outcome::kAbandoned) return false;
    if (outcome == Outcome::kAnswered) {
      failures_ = ejections_ = 0;
      ejected_until_ms_ = 0;
      return false;
    }
    ++failures_;
    const std::uint32_t enough = outcome == Outcome::kConnectFailed
                                     ? limits.eject_after_connect_failures
                                     : limits.eject_after_failures;
    if (failures_ < enough || !available(now_ms)) return false;
    const auto first = static_cast<std::uint64_t>(limits.first_ejection.count());
    const auto longest = static_cast<std::uint64_t>(limits.longest_ejection.count());
    ejected_until_ms_ = now_ms + std::min(first << std::min(ejections_, 20u), longest);
    ++ejections_;
    return true;
  }

 private:
  std::uint64_t ejected_until_ms_ = 0;
  std::uint32_t failures_ = 0;   // in a row
  std::uint32_t ejections_ = 0;  // in a row
};

}  // namespace gwanmun::upstream
