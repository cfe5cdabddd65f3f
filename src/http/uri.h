// Request targets and paths (RFC 3986, RFC 9112 §3.2), the same for HTTP/1 and HTTP/2. Called by
// the connections to split targets and judge authorities, and by the proxy to normalise a path
// before it is matched. Never decodes what could change the meaning of a path.
// Why normalisation is what it is: docs/decisions/0101-path-normalisation.md.
#pragma once

#include <expected>
#include <string_view>

#include "base/arena.h"

namespace gwanmun::http {

/// A request target taken apart; views into it.
struct Target {
  std::string_view authority;  // absolute-form only
  std::string_view path;       // "/..." or "*"
  std::string_view query;
  bool has_query = false;
};

/// Splits an origin-form, absolute-form or asterisk-form target. The error is a literal that says
/// what is wrong. CONNECT's authority-form is not handled: a gateway has no use for it.
std::expected<Target, std::string_view> parse_target(std::string_view method,
                                                     std::string_view target);

/// host[:port] as a Host field or :authority may hold it: a name of unreserved characters, an IPv4
/// address or a bracketed IPv6 address, not empty; a port up to 65535. No user information.
bool valid_authority(std::string_view authority);

/// Without the port; IPv6 stays in its brackets. Requires valid_authority.
std::string_view host_of(std::string_view authority);

/// The one form of a path that is both matched and forwarded: percent-encoded unreserved characters
/// decoded, other encodings in upper-case hex, dot segments removed, runs of slashes merged. Gives
/// the same view when nothing changes, else a copy in the arena. The error is a literal: a raw
/// character that no path may hold, a broken or NUL encoding, or a path that servers are known to
/// read as another one (a dot segment hidden behind an encoded slash or a `;`).
std::expected<std::string_view, std::string_view> normalize_path(Arena& arena,
                                                                 std::string_view path);

}  // namespace gwanmun::http
