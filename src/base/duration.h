// Durations: GEP-2257 (Gateway API's strict Go format) and printing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gwanmun {

using Milliseconds = std::chrono::milliseconds;

/// GEP-2257: `^([0-9]{1,5}(h|m|s|ms)){1,4}$`; "0s" is zero. Nothing for anything else.
std::optional<Milliseconds> parse_duration(std::string_view text);
/// The shortest GEP-2257 form: "1h30m", "250ms", "0s".
std::string to_string(Milliseconds duration);

}  // namespace gwanmun
