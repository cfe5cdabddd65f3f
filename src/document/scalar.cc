// Plain scalars; see scalar.h.
#include "document/scalar.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text.h"

namespace gwanmun::document {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// [sign] 0x | 0o | 0b | 0 | decimal digits, the whole text.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char letter = to_lower(text[1]);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  std::uint64_t limit = std::uint64_t{1} << 63;
  if (value > limit || (value == limit && !negative)) return {};
  return static_cast<std::int64_t>(negative ? ~value + 1 : value);
}

/// [sign] digits [. digits] [e digits], at least one digit before the exponent.
bool is_float(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  std::size_t digits = 0;
  auto skip_digits = [&] {
    std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  digits += skip_digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<Node> parse_number(std::string_view text) {
  if (auto integer = parse_integer(text)) return Node::integer(*integer);
  if (!is_float(text)) return {};
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number_node(value);
}

}  // namespace

Node number_node(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::trunc(value) == value && std::abs(value) <= kExact) {
    return Node::integer(static_cast<std::int64_t>(value));
  }
  return Node::number(value);
}

bool is_old_boolean(std::string_view text) {
  if (text.empty() || text.size() > 3) return false;
  for (std::string_view word : {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off",
                                "Off", "OFF", "y", "Y", "n", "N"}) {
    if (text == word) return true;
  }
  return false;
}

Node plain_scalar(std::string_view text) {
  if (text.empty()) return Node::null();
  char first = text.front();
  if (is_digit(first) || first == '-' || first == '+' || first == '.') {
    if (text.find('_') == text.npos) {
      if (auto number = parse_number(text)) return *std::move(number);
    } else {
      std::string digits(text);
      std::erase(digits, '_');
      if (auto number = parse_number(digits)) return *std::move(number);
    }
    return Node::string(std::string(text));
  }
  switch (first) {
    case '~':
      if (text.size() == 1) return Node::null();
      break;
    case 'n':
    case 'N':
      if (text == "null" || text == "Null" || text == "NULL") return Node::null();
      break;
    case 't':
    case 'T':
      if (text == "true" || text == "True" || text == "TRUE") return Node::boolean(true);
      break;
    case 'f':
    case 'F':
      if (text == "false" || text == "False" || text == "FALSE") return Node::boolean(false);
      break;
    default:
      break;
  }
  return Node::string(std::string(text));
}

}  // namespace gwanmun::document
