// The named formats of texts in the Kubernetes API: names, addresses, dates, durations. Used by
// the schema check and by CEL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gwanmun::document {

/// RFC 1123 label: lower-case letters, digits and -, at most 63, ends alphanumeric.
bool is_dns_label(std::string_view text);
/// RFC 1123 subdomain: labels between dots, at most 253 in all.
bool is_dns_subdomain(std::string_view text);
/// RFC 1035 label: as is_dns_label, starting with a letter.
bool is_dns1035_label(std::string_view text);
/// A label's or annotation's key: [subdomain/]name, the name at most 63.
bool is_qualified_name(std::string_view text);
/// Empty, or as the name of a qualified name.
bool is_label_value(std::string_view text);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
inline bool is_ip_address(std::string_view text) { return is_ipv4(text) || is_ipv6(text); }

/// RFC 3339, as `format: date-time`.
bool is_date_time(std::string_view text);
/// Standard base64 with padding, as Kubernetes writes bytes (RFC 4648 §4; line breaks allowed).
bool is_base64(std::string_view text);

std::string to_base64(std::string_view bytes);

/// Go's durations ("1h30m", "1.5s", "-2us") in nanoseconds.
std::optional<std::int64_t> parse_go_duration(std::string_view text);

/// A format by its OpenAPI or CEL name; true for a name that is not known, as in OpenAPI.
bool fits_format(std::string_view format, std::string_view text);

}  // namespace gwanmun::document
