#include "proxy/filter/session.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "proxy/filter/limits.h"

namespace gwanmun::filter {

namespace {

// A token is "1." and three hexadecimal numbers of 16 digits: endpoint, start, last use.
constexpr std::size_t kDigits = 16;
constexpr std::string_view kVersion = "1";
constexpr std::size_t kTokenBytes = kVersion.size() + 3 * (1 + kDigits);
static_assert(kTokenBytes <= kMaxSessionTokenBytes);

char* put_hex(char* at, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[(value >> shift) & 15];
  return at;
}

std::optional<std::uint64_t> take_hex(std::string_view& text) {
  if (text.size() < 1 + kDigits || text.front() != '.') return std::nullopt;
  std::uint64_t value = 0;
  const char* begin = text.data() + 1;
  auto [end, error] = std::from_chars(begin, begin + kDigits, value, 16);
  if (error != std::errc() || end != begin + kDigits) return std::nullopt;
  text.remove_prefix(1 + kDigits);
  return value;
}

std::optional<Session> parse_token(std::string_view token) {
  if (token.size() != kTokenBytes || !token.starts_with(kVersion)) return std::nullopt;
  token.remove_prefix(kVersion.size());
  auto endpoint = take_hex(token);
  auto started = take_hex(token);
  auto used = take_hex(token);
  if (!endpoint || !started || !used) return std::nullopt;
  return Session{*endpoint, *started, *used};
}

bool expired(const std::optional<snapshot::Milliseconds>& limit, std::uint64_t since_s,
             std::uint64_t now_s) {
  if (!limit || limit->count() == 0) return false;
  if (since_s > now_s) return since_s - now_s > 60;  // clocks of replicas differ; not by a minute
  return (now_s - since_s) * 1000 > static_cast<std::uint64_t>(limit->count());
}

/// The first token of ours in a Cookie field; others may use the name too.
std::optional<Session> find_cookie(std::string_view cookies, std::string_view name,
                                   std::size_t& pairs_left) {
  while (!cookies.empty() && pairs_left > 0) {
    --pairs_left;
    std::size_t end = cookies.find(';');
    std::string_view pair = trim(cookies.substr(0, end));
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
    if (pair.size() <= name.size() || !pair.starts_with(name) || pair[name.size()] != '=') continue;
    std::string_view value = pair.substr(name.size() + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    if (auto session = parse_token(value)) return session;
  }
  return std::nullopt;
}

std::optional<Session> received_session(const snapshot::SessionPersistence& spec,
                                        const http::RequestHead& request) {
  if (spec.kind == snapshot::SessionPersistence::Kind::kHeader) {
    const http::Field* field = request.headers.find(spec.name);
    return field ? parse_token(field->value) : std::nullopt;
  }
  std::size_t pairs_left = kMaxCookiePairs;
  for (const http::Field& field : request.headers) {
    if (field.id != http::FieldId::kCookie) continue;
    if (auto session = find_cookie(field.value, spec.name, pairs_left)) return session;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t endpoint_id(std::string_view cluster, const snapshot::Endpoint& endpoint) {
  // FNV-1a with a finisher: fixed for ever, since clients keep the tokens.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  auto mix = [&hash](std::string_view text) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ 0xff) * 0x100000001b3ULL;  // no text holds 0xff: a separator
  };
  char port[2] = {static_cast<char>(endpoint.port >> 8), static_cast<char>(endpoint.port & 0xff)};
  mix(cluster);
  mix(endpoint.address);
  mix({port, sizeof port});
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

std::optional<Session> read_session(const snapshot::SessionPersistence& spec,
                                    const http::RequestHead& request, std::uint64_t now_s) {
  auto session = received_session(spec, request);
  if (!session) return std::nullopt;
  if (expired(spec.absolute_timeout, session->started_s, now_s)) return std::nullopt;
  if (expired(spec.idle_timeout, session->used_s, now_s)) return std::nullopt;
  return session;
}

bool must_write(const snapshot::SessionPersistence& spec, const std::optional<Session>& received,
                const Session& current) {
  if (!received || received->endpoint != current.endpoint) return true;
  return spec.idle_timeout && spec.idle_timeout->count() > 0 && received->used_s != current.used_s;
}

void write_session(const snapshot::SessionPersistence& spec, const Session& session,
                   std::string_view path, bool secure, http::ResponseHead& response) {
  std::array<char, kTokenBytes> buffer;
  char* at = buffer.data();
  *at++ = kVersion.front();
  for (std::uint64_t part : {session.endpoint, session.started_s, session.used_s}) {
    *at++ = '.';
    at = put_hex(at, part);
  }
  std::string_view token(buffer.data(), buffer.size());
  Arena& arena = response.headers.arena();
  if (spec.kind == snapshot::SessionPersistence::Kind::kHeader) {
    response.headers.set(spec.name, arena.copy(token));
    return;
  }
  std::array<char, 40> age;
  std::string_view max_age;
  if (spec.permanent && spec.absolute_timeout) {
    // What is left of the session's life, not a fresh one with every response.
    auto total = static_cast<std::uint64_t>(spec.absolute_timeout->count()) / 1000;
    std::uint64_t spent =
        session.used_s > session.started_s ? session.used_s - session.started_s : 0;
    std::string_view prefix = "; Max-Age=";
    char* digits = std::copy(prefix.begin(), prefix.end(), age.data());
    char* end = std::to_chars(digits, age.data() + age.size(), total - std::min(total, spent)).ptr;
    max_age = {age.data(), end};
  }
  response.headers.add("set-cookie",
                       arena.concat(std::string_view(spec.name), std::string_view("="), token,
                                    std::string_view("; Path="), path, max_age,
                                    std::string_view("; HttpOnly; SameSite=Strict"),
                                    std::string_view(secure ? "; Secure" : "")));
}

std::string_view session_path(const snapshot::Match* match) {
  if (!match) return "/";
  std::string_view path = match->path.value;
  // A path may hold what ends a cookie's attribute.
  std::size_t end = path.find_first_of(";,");
  if (match->path.kind == snapshot::PathMatchKind::kRegex) {
    if (path.starts_with('^')) path.remove_prefix(1);
    end = path.find_first_of("\\^$.|?*+()[]{};,");
  }
  if (end != std::string_view::npos) {
    std::size_t slash = path.substr(0, end).rfind('/');
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.starts_with('/') ? path : "/";
}

}  // namespace gwanmun::filter
