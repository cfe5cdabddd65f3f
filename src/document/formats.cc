// Named text formats; see formats.h.
#include "document/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace gwanmun::document {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); }
bool is_lower_or_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

bool is_name_part(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && std::ranges::all_of(text, [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

std::optional<int> two_digits(std::string_view text) {
  if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return {};
  return (text[0] - '0') * 10 + (text[1] - '0');
}

bool is_zone(std::string_view text) {
  if (text == "Z" || text == "z") return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  auto hours = two_digits(text.substr(1));
  auto minutes = two_digits(text.substr(4));
  return hours && minutes && *hours < 24 && *minutes < 60;
}

}  // namespace

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_lower_or_digit(text.front()) &&
         is_lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  // Unlike a label, a part of a subdomain has no limit of its own in Kubernetes.
  return text.size() <= 253 && std::ranges::all_of(split(text, '.'), [](std::string_view part) {
           return !part.empty() && is_lower_or_digit(part.front()) &&
                  is_lower_or_digit(part.back()) && std::ranges::all_of(part, [](char c) {
                    return is_lower_or_digit(c) || c == '-';
                  });
         });
}

bool is_dns1035_label(std::string_view text) {
  return is_dns_label(text) && !is_digit(text.front());
}

bool is_qualified_name(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == text.npos) return is_name_part(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_name_part(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) { return text.empty() || is_name_part(text); }

bool is_ipv4(std::string_view text) {
  in_addr address;
  return text.size() <= 15 && !text.contains('\0') &&
         inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return text.size() <= 45 && text.contains(':') && !text.contains('\0') &&
         inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_date_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || to_lower(text[10]) != 't' ||
      text[13] != ':' || text[16] != ':') {
    return false;
  }
  if (!two_digits(text) || !two_digits(text.substr(2))) return false;
  auto month = two_digits(text.substr(5));
  auto day = two_digits(text.substr(8));
  auto hour = two_digits(text.substr(11));
  auto minute = two_digits(text.substr(14));
  auto second = two_digits(text.substr(17));
  bool good = month && day && hour && minute && second && *month >= 1 && *month <= 12 &&
              *day >= 1 && *day <= 31 && *hour < 24 && *minute < 60 && *second <= 60;
  text.remove_prefix(19);
  if (good && text.front() == '.') {
    text.remove_prefix(1);
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    good = digits > 0;
    text.remove_prefix(digits);
  }
  return good && is_zone(text);
}

bool is_base64(std::string_view text) {
  std::size_t count = 0;
  std::size_t padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    ++count;
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || !(is_alphanumeric(c) || c == '+' || c == '/')) {
      return false;
    }
  }
  return count % 4 == 0 && padding <= 2;
}

std::string to_base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    std::size_t taken = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < taken ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= taken ? kAlphabet[(group >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return out;
}

std::optional<std::int64_t> parse_go_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {{{"ns", 1},
                                                                          {"us", 1e3},
                                                                          {"\xC2\xB5s", 1e3},
                                                                          {"\xCE\xBCs", 1e3},
                                                                          {"ms", 1e6},
                                                                          {"s", 1e9},
                                                                          {"m", 60e9},
                                                                          {"h", 3600e9}}};
  double sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (text == "0") return 0;
  if (text.empty()) return {};
  long double total = 0;
  while (!text.empty()) {
    std::size_t length = 0;
    long double value = 0;
    long double scale = 1;
    bool point = false;
    bool digits = false;
    for (; length < text.size() && (is_digit(text[length]) || (text[length] == '.' && !point));
         ++length) {
      if (text[length] == '.') {
        point = true;
        continue;
      }
      digits = true;
      value = value * 10 + (text[length] - '0');
      if (point) scale *= 10;
    }
    text.remove_prefix(length);
    auto unit = std::ranges::find_if(kUnits, [&](const auto& candidate) {
      // "m" is minutes only where "ms" does not fit.
      return text.starts_with(candidate.first) &&
             !(candidate.first == "m" && text.starts_with("ms"));
    });
    if (!digits || unit == kUnits.end()) return {};
    text.remove_prefix(unit->first.size());
    total += value / scale * unit->second;
    if (total > 9.2e18L) return {};
  }
  return static_cast<std::int64_t>(total * sign);
}

bool fits_format(std::string_view format, std::string_view text) {
  using Check = bool (*)(std::string_view);
  constexpr std::array<std::pair<std::string_view, Check>, 10> kFormats = {{
      {"dns1123Label", is_dns_label},
      {"dns1123Subdomain", is_dns_subdomain},
      {"dns1035Label", is_dns1035_label},
      {"qualifiedName", is_qualified_name},
      {"labelValue", is_label_value},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"ip", is_ip_address},
      {"date-time", is_date_time},
      {"byte", is_base64},
  }};
  for (auto [name, check] : kFormats) {
    if (name == format) return check(text);
  }
  return true;
}

}  // namespace gwanmun::document
