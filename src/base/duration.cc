#include "base/duration.h"

#include "base/text.h"

namespace gwanmun {

std::optional<Milliseconds> parse_duration(std::string_view text) {
  constexpr int kMaxParts = 4;
  constexpr std::size_t kMaxDigits = 5;
  Milliseconds total{0};
  int parts = 0;
  while (!text.empty()) {
    auto digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos || digits > kMaxDigits ||
        ++parts > kMaxParts)
      return {};
    auto number = static_cast<std::int64_t>(*parse_uint(text.substr(0, digits)));
    text.remove_prefix(digits);
    if (text.starts_with("ms")) {
      total += Milliseconds(number);
      text.remove_prefix(2);
    } else if (text.front() == 'h' || text.front() == 'm' || text.front() == 's') {
      std::int64_t scale = text.front() == 'h' ? 3'600'000 : text.front() == 'm' ? 60'000 : 1'000;
      total += Milliseconds(number * scale);
      text.remove_prefix(1);
    } else {
      return {};
    }
  }
  if (parts == 0) return {};
  return total;
}

std::string to_string(Milliseconds duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  auto part = [&](std::int64_t unit, const char* name) {
    if (left / unit > 0) out += str_cat(left / unit, name);
    left %= unit;
  };
  part(3'600'000, "h");
  part(60'000, "m");
  part(1'000, "s");
  part(1, "ms");
  return out;
}

}  // namespace gwanmun
