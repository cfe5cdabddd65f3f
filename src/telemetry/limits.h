// Every limit of telemetry, with why. All are tested at the limit.
#pragma once

#include <cstddef>

namespace gwanmun::telemetry {

/// Routes with counters of their own; what comes later is counted as route="other", so that a
/// scrape stays bounded however many routes come and go.
inline constexpr std::size_t kMaxRoutes = 5'000;
/// Access log lines gathered before one write(2).
inline constexpr std::size_t kAccessLogBufferBytes = 32 * 1024;
/// Beyond this much that the log's reader does not take, lines are dropped and counted.
inline constexpr std::size_t kMaxUnwrittenLogBytes = 4 * 1024 * 1024;
/// The longest value of one field of a line; more is cut.
inline constexpr std::size_t kMaxLogValueBytes = 1'024;

}  // namespace gwanmun::telemetry
