// Small text helpers used everywhere: joining, splitting, ASCII case, strict number parsing,
// "did you mean".
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gwanmun {

namespace text_internal {
inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, char piece) { out += piece; }
template <std::integral T>
  requires(!std::same_as<T, char> && !std::same_as<T, bool>)
void append(std::string& out, T number) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, end);
}
}  // namespace text_internal

/// Concatenates strings, characters and integers.
template <class... Pieces>
std::string str_cat(const Pieces&... pieces) {
  std::string out;
  (text_internal::append(out, pieces), ...);
  return out;
}

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
std::string to_lower(std::string_view text);
/// ASCII only, as header names and host names compare.
bool iequals(std::string_view a, std::string_view b);

/// Pieces between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> pieces, std::string_view separator);
/// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text);

/// The whole text must be one decimal number without sign, space or overflow.
std::optional<std::uint64_t> parse_uint(std::string_view text);

/// The candidate nearest to `text` by edit distance, when near enough to be a likely typo
/// (two edits or a third of its length, one edit below four letters; case ignored); empty
/// otherwise.
std::string_view closest(std::string_view text, std::span<const std::string_view> candidates);
/// `did you mean "x"?` or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace gwanmun
