// Every limit of the commands, with why.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gwanmun::cli {

constexpr std::uint32_t kMaxWorkers = 256;
constexpr std::size_t kEchoMaxBody = 64u << 20;     // ?bytes=N: what one answer may hold
constexpr std::uint64_t kEchoMaxDelayMs = 600'000;  // ?delay=...
constexpr std::uint64_t kEchoDrainMs = 1'000;       // how long echo waits for running requests
constexpr std::size_t kEchoControlFrame = 125;      // RFC 6455 §5.5

}  // namespace gwanmun::cli
