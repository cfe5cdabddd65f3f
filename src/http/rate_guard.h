// RateGuard: is a peer too slow to be worth waiting for? One for each direction of an exchange,
// asked about once a second and only counting time in which we waited for that peer, so that a slow
// other side is never blamed on it. A timer that each byte restarts would let one byte a second
// hold a connection for ever.
#pragma once

#include <cstdint>

#include "http/limits.h"

namespace gwanmun::http {

inline constexpr std::uint64_t kRateTickMs = 1'000;

class RateGuard {
 public:
  void start(std::uint64_t total_bytes) { *this = RateGuard(total_bytes); }
  RateGuard() = default;

  /// After each kRateTickMs. `total_bytes` as counted by the transport; `waiting` when the peer has
  /// been the one to act. True when it is too slow: nothing for body_idle_timeout, or less than
  /// min_body_rate on average after min_rate_grace.
  bool too_slow(bool waiting, std::uint64_t total_bytes, const ServerLimits& limits) {
    std::uint64_t moved = total_bytes - last_total_;
    last_total_ = total_bytes;
    if (!waiting) {
      idle_ms_ = 0;
      return false;
    }
    waited_ms_ += kRateTickMs;
    bytes_ += moved;
    idle_ms_ = moved == 0 ? idle_ms_ + kRateTickMs : 0;
    if (idle_ms_ >= static_cast<std::uint64_t>(limits.body_idle_timeout.count())) return true;
    return waited_ms_ > static_cast<std::uint64_t>(limits.min_rate_grace.count()) &&
           bytes_ * 1'000 < limits.min_body_rate * waited_ms_;
  }

 private:
  explicit RateGuard(std::uint64_t total_bytes) : last_total_(total_bytes) {}

  std::uint64_t last_total_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t waited_ms_ = 0;
  std::uint64_t idle_ms_ = 0;
};

}  // namespace gwanmun::http
