// How long a peer that we wait for may be slow: no byte for the idle time, or too few a second over
// the whole wait. Asked about once a second by the HTTP/2 connections.
#pragma once

#include <cstdint>

#include "http/limits.h"

namespace gwanmun::http::http2 {

class Patience {
 public:
  /// `moved` counts the bytes that the peer took or gave so far. False: it is to be given up. When
  /// we are not `waiting` for it, the wait starts over.
  bool wait(bool waiting, std::uint64_t moved, std::uint64_t now_ms, const ServerLimits& limits) {
    if (!waiting) {
      waiting_ = false;
      return true;
    }
    if (!waiting_) {
      *this = {true, now_ms, now_ms, moved, moved};
      return true;
    }
    if (moved != moved_last_) {
      moved_last_ = moved;
      progress_ms_ = now_ms;
    }
    auto ms = [](Milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
    if (now_ms - progress_ms_ >= ms(limits.body_idle_timeout)) return false;
    std::uint64_t waited = now_ms - since_ms_;
    return waited < ms(limits.min_rate_grace) ||
           (moved - moved_first_) * 1000 >= waited * limits.min_body_rate;
  }

  Patience() = default;

 private:
  Patience(bool waiting, std::uint64_t since, std::uint64_t progress, std::uint64_t first,
           std::uint64_t last)
      : waiting_(waiting),
        since_ms_(since),
        progress_ms_(progress),
        moved_first_(first),
        moved_last_(last) {}

  bool waiting_ = false;
  std::uint64_t since_ms_ = 0;
  std::uint64_t progress_ms_ = 0;
  std::uint64_t moved_first_ = 0;
  std::uint64_t moved_last_ = 0;
};

}  // namespace gwanmun::http::http2
