// What translation and the data plane must agree on, so that an expression which translation let
// through also works in a worker.
#pragma once

#include <cstdint>

namespace gwanmun::snapshot {

/// RE2's memory for one regular expression, in bytes; one that does not fit is refused.
inline constexpr std::int64_t kRegexMemory = 1 << 20;

}  // namespace gwanmun::snapshot
