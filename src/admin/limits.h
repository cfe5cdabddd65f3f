// Every limit of the admin server, with why. All are tested at the limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gwanmun::admin {

/// Probes, a scraper or two and a person: more are left waiting in the kernel's queue.
inline constexpr std::size_t kMaxConnections = 64;
/// How much of a page is given to the connection at a time; the rest waits for the reader.
inline constexpr std::size_t kPieceBytes = 64 * 1024;
/// Request heads: admin requests have no cookies or tokens worth more.
inline constexpr std::uint32_t kMaxHeadBytes = 16 * 1024;

}  // namespace gwanmun::admin
