// Request targets and paths; see uri.h. Pure text work, no I/O.
#include "http/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace gwanmun::http {

namespace {

enum CharClass : std::uint8_t {
  kUnreserved = 1,  // RFC 3986 §2.3
  kPathPlain = 2,   // may stand in a path as it is, and needs no look at normalisation
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0x21; c < 0x7F; ++c) table[c] = kPathPlain;
  for (char c : std::string_view("%\\#?")) table[static_cast<unsigned char>(c)] = 0;
  for (int c = '0'; c <= '9'; ++c) table[c] |= kUnreserved;
  for (int c = 'a'; c <= 'z'; ++c) table[c] |= kUnreserved;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] |= kUnreserved;
  for (char c : std::string_view("-._~")) table[static_cast<unsigned char>(c)] |= kUnreserved;
  return table;
}();

bool is(char c, CharClass wanted) {
  return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool valid_port(std::string_view port) {
  if (port.size() > 5) return false;
  int value = 0;
  for (char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value <= 65535;
}

bool valid_ipv6(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof buffer) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (std::strlen(buffer) != text.size()) return false;
  in6_addr address;
  return inet_pton(AF_INET6, buffer, &address) == 1;
}

// Splits "path?query"; the path may be empty.
void split_query(std::string_view text, Target& out) {
  std::size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = text.substr(mark + 1);
}

std::expected<Target, std::string_view> parse_absolute(std::string_view method,
                                                       std::string_view rest) {
  Target out;
  std::size_t end = rest.find_first_of("/?");
  out.authority = rest.substr(0, end);
  if (!valid_authority(out.authority)) return std::unexpected("invalid host in the target");
  split_query(end == std::string_view::npos ? std::string_view() : rest.substr(end), out);
  // RFC 9112 §3.2.4: OPTIONS for a whole server through a proxy.
  if (out.path.empty()) out.path = method == "OPTIONS" && !out.has_query ? "*" : "/";
  return out;
}

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

// "..;x": some servers cut path parameters off before they look for dot segments.
bool hides_dot_segment(std::string_view segment) {
  std::size_t mark = segment.find(';');
  return mark != std::string_view::npos && is_dot_segment(segment.substr(0, mark));
}

// An encoded slash, backslash or semicolon stays encoded, but a server that decodes it must not
// find a dot segment next to it. Only called for segments that hold an encoding.
bool hides_encoded_dot_segment(std::string_view segment) {
  bool separated = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= segment.size(); ++i) {
    std::string_view escape = i < segment.size() ? segment.substr(i, 3) : std::string_view();
    bool separator = escape == "%2F" || escape == "%5C";
    if (!separator && i != segment.size()) continue;
    separated |= separator;
    std::string_view piece = segment.substr(start, i - start);
    std::string_view bare = piece.substr(0, std::min(piece.find(';'), piece.find("%3B")));
    bool hidden = separated || bare.size() < piece.size();
    if (hidden && is_dot_segment(bare)) return true;
    if (!separator) break;
    i += 2;
    start = i + 1;
  }
  return false;
}

bool needs_no_change(std::string_view path) {
  char before = 0;
  for (char c : path) {
    if (!is(c, kPathPlain)) return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return true;
}

// Copies one segment, decoding unreserved characters. Returns where it stopped in `in`, or a
// problem.
struct Decoded {
  std::size_t used = 0;
  std::size_t written = 0;
  bool escaped = false;  // an encoding is left in it
  std::string_view problem;
};
Decoded decode_segment(std::string_view in, char* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  Decoded done;
  while (done.used < in.size() && in[done.used] != '/') {
    char c = in[done.used];
    if (c != '%') {
      if (!is(c, kPathPlain)) {
        done.problem = c == '\\' ? "a backslash in the path" : "a forbidden character in the path";
        return done;
      }
      out[done.written++] = c;
      ++done.used;
      continue;
    }
    int high = done.used + 2 < in.size() ? hex_value(in[done.used + 1]) : -1;
    int low = done.used + 2 < in.size() ? hex_value(in[done.used + 2]) : -1;
    if (high < 0 || low < 0) {
      done.problem = "a broken percent-encoding in the path";
      return done;
    }
    char value = static_cast<char>(high * 16 + low);
    if (value == '\0') {
      done.problem = "an encoded NUL in the path";
      return done;
    }
    if (is(value, kUnreserved)) {
      out[done.written++] = value;
    } else {
      out[done.written++] = '%';
      out[done.written++] = kHex[high];
      out[done.written++] = kHex[low];
      done.escaped = true;
    }
    done.used += 3;
  }
  return done;
}

}  // namespace

std::expected<Target, std::string_view> parse_target(std::string_view method,
                                                     std::string_view target) {
  if (target.empty()) return std::unexpected("empty target");
  if (target.find('#') != std::string_view::npos)
    return std::unexpected("a fragment in the target");
  if (target[0] == '/') {
    Target out;
    split_query(target, out);
    return out;
  }
  if (target == "*") {
    if (method != "OPTIONS") return std::unexpected("target * for a method other than OPTIONS");
    Target out;
    out.path = target;
    return out;
  }
  std::size_t mark = target.find("://");
  std::string_view scheme = target.substr(0, mark == std::string_view::npos ? 0 : mark);
  if (iequals(scheme, "http") || iequals(scheme, "https")) {
    return parse_absolute(method, target.substr(mark + 3));
  }
  return std::unexpected("the target is neither a path nor an http URI");
}

bool valid_authority(std::string_view authority) {
  if (authority.starts_with('[')) {
    std::size_t end = authority.find(']');
    if (end == std::string_view::npos || !valid_ipv6(authority.substr(1, end - 1))) return false;
    std::string_view rest = authority.substr(end + 1);
    return rest.empty() || (rest[0] == ':' && valid_port(rest.substr(1)));
  }
  std::size_t size = 0;
  while (size < authority.size() && is(authority[size], kUnreserved)) ++size;
  if (size == 0 || size > 255) return false;
  if (size == authority.size()) return true;
  return authority[size] == ':' && valid_port(authority.substr(size + 1));
}

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::expected<std::string_view, std::string_view> normalize_path(Arena& arena,
                                                                 std::string_view path) {
  if (path == "*") return path;
  if (!path.starts_with('/')) return std::unexpected("the path does not start with /");
  if (needs_no_change(path)) return path;

  // Segment by segment; `out` always ends with the slash in front of the next one.
  char* begin = arena.array<char>(path.size());
  char* out = begin;
  *out++ = '/';
  std::size_t at = 1;
  for (;;) {
    Decoded done = decode_segment(path.substr(at), out);
    if (!done.problem.empty()) return std::unexpected(done.problem);
    at += done.used;
    bool last = at == path.size();
    std::string_view segment(out, done.written);
    if (hides_dot_segment(segment) || (done.escaped && hides_encoded_dot_segment(segment))) {
      return std::unexpected("a hidden dot segment in the path");
    }
    if (segment == "..") {
      if (out - begin > 1) {
        --out;
        while (out[-1] != '/') --out;
      }
    } else if (segment != "." && !segment.empty()) {
      out += done.written;
      if (!last) *out++ = '/';
    }
    if (last) break;
    ++at;
  }
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

}  // namespace gwanmun::http
