// Start lines and the meaning of fields in HTTP/1 heads; see http1_parser.h. The byte level is in
// http1_scan.
#include "http/http1_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "http/uri.h"

namespace gwanmun::http {

namespace {

constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kVersionSize = 8;  // "HTTP/1.1"
// Longer than any registered method; without a bound, each byte of an endless one that arrives
// alone would mean looking at all of it again.
constexpr std::size_t kMaxMethodBytes = 64;
// Each field is compared with each connection option, so their number is bounded.
constexpr int kMaxConnectionOptions = 16;

constexpr Refusal bad(std::string_view why) { return {400, why}; }

// A head copied into the arena, with what the scanner needs around it.
struct Copy {
  char* begin;
  char* end;
  char* names;
};
Copy copy_head(std::string_view text, Arena& arena) {
  char* begin = arena.array<char>(2 * (text.size() + kScanPadding));
  char* end = begin + text.size();
  std::memcpy(begin, text.data(), text.size());
  std::memset(end, 0, kScanPadding);
  return {begin, end, end + kScanPadding};
}

Refusal parse_fields(const Copy& copy, const char* first, std::uint32_t max_fields, Headers& out) {
  out.clear();
  switch (scanner().scan_fields({first, copy.end, copy.names, max_fields}, out).kind) {
    case FieldScan::kOk:
      return {};
    case FieldScan::kBadName:
      return bad("invalid field name");
    case FieldScan::kBadValue:
      return bad("invalid field value");
    case FieldScan::kTooMany:
      return {431, "too many fields"};
  }
  return bad("invalid fields");
}

Refusal parse_version(std::string_view text, Version& out) {
  if (text == "HTTP/1.1") {
    out = Version::kHttp11;
    return {};
  }
  if (text == "HTTP/1.0") {
    out = Version::kHttp10;
    return {};
  }
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  bool another = text.size() == kVersionSize && text.starts_with("HTTP/") && digit(text[5]) &&
                 text[6] == '.' && digit(text[7]);
  return another ? Refusal{505, "unsupported HTTP version"} : bad("invalid HTTP version");
}

// ---- fields that frame the message or belong to this hop ----

struct HopFields {
  const Field* host = nullptr;
  const Field* length = nullptr;
  const Field* coding = nullptr;
  std::string_view upgrade;  // the first Upgrade field's value
  std::string_view expect;
  int hosts = 0, lengths = 0, codings = 0, upgrades = 0;
  int options = 0;  // in Connection
  bool close = false, keep_alive = false, upgrade_option = false, te_trailers = false;
  bool others_nominated = false;  // Connection names fields that are no hop-by-hop fields otherwise
};

template <class Use>
void for_each_item(std::string_view list, Use use) {
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = trim(list.substr(0, comma));
    if (!item.empty()) use(item);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

void read_connection(std::string_view value, HopFields& hop) {
  for_each_item(value, [&](std::string_view option) {
    ++hop.options;
    if (iequals(option, "close")) hop.close = true;
    else if (iequals(option, "keep-alive")) hop.keep_alive = true;
    else if (iequals(option, "upgrade")) hop.upgrade_option = true;
    else if (!iequals(option, "te")) hop.others_nominated = true;
  });
}

// Looks at all fields once; the ones that are for this hop only go into `hop` and are dropped.
HopFields take_hop_fields(Headers& headers) {
  HopFields hop;
  for (const Field& field : headers) {
    switch (field.id) {
      case FieldId::kHost:
        hop.host = &field;
        ++hop.hosts;
        break;
      case FieldId::kContentLength:
        hop.length = &field;
        ++hop.lengths;
        break;
      case FieldId::kTransferEncoding:
        hop.coding = &field;
        ++hop.codings;
        break;
      case FieldId::kConnection:
        read_connection(field.value, hop);
        break;
      case FieldId::kUpgrade:
        if (hop.upgrades++ == 0) hop.upgrade = field.value;
        break;
      case FieldId::kTe:
        for_each_item(field.value,
                      [&](std::string_view item) { hop.te_trailers |= iequals(item, "trailers"); });
        break;
      case FieldId::kExpect:
        hop.expect = field.value;
        break;
      default:
        break;
    }
  }
  return hop;
}

bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kExpect:
    case FieldId::kHost:
    case FieldId::kHttp2Settings:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    default:
      return false;
  }
}

// What an earlier, trusted hop says about the client must not be removable by the client's own
// Connection field.
bool may_be_nominated(FieldId id) {
  switch (id) {
    case FieldId::kForwarded:
    case FieldId::kXForwardedFor:
    case FieldId::kXForwardedHost:
    case FieldId::kXForwardedPort:
    case FieldId::kXForwardedProto:
    case FieldId::kXRealIp:
    case FieldId::kXRequestId:
      return false;
    default:
      return true;
  }
}

// RFC 9110 §7.6.1: fields named in Connection, and the hop-by-hop ones, end here.
void drop_hop_fields(Headers& headers, const HopFields& hop) {
  if (hop.others_nominated) {
    Headers options(headers.arena());
    for (const Field& field : headers) {
      if (field.id == FieldId::kConnection) options.add(field);
    }
    headers.remove_if([&](const Field& field) {
      if (!may_be_nominated(field.id)) return false;
      bool named = false;
      for (const Field& option : options) {
        for_each_item(option.value,
                      [&](std::string_view item) { named |= iequals(item, field.name); });
      }
      return named;
    });
  }
  headers.remove_if([](const Field& field) { return is_hop_by_hop(field.id); });
}

// RFC 9112 §6: what frames the body. Copies the values out of `hop` before fields are dropped.
struct Framing {
  bool chunked = false;
  bool has_length = false;
  std::uint64_t length = 0;
};

bool chunked_is_last_of_several(std::string_view list) {
  bool tokens = true;
  int chunked = 0, items = 0, chunked_at = 0;
  for_each_item(list, [&](std::string_view item) {
    tokens &= is_token(item);
    ++items;
    if (!iequals(item, "chunked")) return;
    ++chunked;
    chunked_at = items;
  });
  return tokens && chunked == 1 && chunked_at == items && !list.ends_with(',');
}

Refusal read_coding(const HopFields& hop, Version version, Framing& out) {
  if (hop.lengths > 0) return bad("both Content-Length and Transfer-Encoding");
  if (version == Version::kHttp10) return bad("Transfer-Encoding in HTTP/1.0");
  if (hop.codings > 1) return bad("several Transfer-Encoding fields");
  if (iequals(hop.coding->value, "chunked")) {
    out.chunked = true;
    return {};
  }
  // RFC 9112 §6.1, §6.3: other codings under a final chunked could be framed but are not known
  // here; everything else cannot even be framed.
  return chunked_is_last_of_several(hop.coding->value) ? Refusal{501, "unsupported transfer coding"}
                                                       : bad("invalid Transfer-Encoding");
}

Refusal read_framing(const HopFields& hop, Version version, Framing& out) {
  if (hop.codings > 0) return read_coding(hop, version, out);
  if (hop.lengths == 0) return {};
  if (hop.lengths > 1) return bad("several Content-Length fields");
  std::optional<std::uint64_t> length = parse_uint(hop.length->value);
  if (!length || *length > kMaxLength) return bad("invalid Content-Length");
  out.has_length = true;
  out.length = *length;
  return {};
}

// The protocol of an Upgrade field that is worth passing on. h2c is this hop's business (and not
// wanted: RFC 9113 §3.1); a list is no clear wish.
std::string_view upgrade_protocol(const HopFields& hop) {
  if (!hop.upgrade_option || hop.upgrades != 1) return {};
  std::size_t slash = hop.upgrade.find('/');
  std::string_view name = hop.upgrade.substr(0, slash);
  if (!is_token(name) || iequals(name, "h2c") || iequals(name, "h2") || iequals(name, "http")) {
    return {};
  }
  if (slash != std::string_view::npos && !is_token(hop.upgrade.substr(slash + 1))) return {};
  return hop.upgrade;
}

bool keeps_alive(const HopFields& hop, Version version) {
  return !hop.close && (version == Version::kHttp11 || hop.keep_alive);
}

// ---- requests ----

// Method SP target SP version CRLF; `first_field` is set behind it.
Refusal parse_request_line(const Copy& copy, const HeadLimits& limits, RequestHead& head,
                           std::string_view& target, const char*& first_field) {
  const char* at = copy.begin;
  while (is_token_char(*at)) ++at;
  if (at == copy.begin || *at != ' ') return bad("invalid method");
  head.method = {copy.begin, at};
  if (head.method.size() > kMaxMethodBytes) return {501, "method too long"};
  const char* begin = ++at;
  at = scanner().visible_end(begin);
  target = {begin, at};
  if (target.empty() || *at == '\r') return bad("invalid request line");
  if (*at != ' ') return bad("invalid character in the target");
  const char* version = at + 1;
  const auto* line_end = static_cast<const char*>(
      std::memchr(version, '\r', static_cast<std::size_t>(copy.end - version)));
  if (line_end == nullptr || line_end[1] != '\n') return bad("invalid request line");
  if (Refusal refusal = parse_version({version, line_end}, head.version)) return refusal;
  if (target.size() > limits.max_target_bytes) return {414, "target too long"};
  first_field = line_end + 2;
  return {};
}

// RFC 9112 §3.2: which host is meant.
Refusal resolve_target(std::string_view text, const HopFields& hop, RequestHead& head) {
  // Only a forward proxy has a use for CONNECT; here it would be a tunnel past all routes.
  if (head.method == "CONNECT") return {501, "CONNECT is not supported"};
  std::expected<Target, std::string_view> target = parse_target(head.method, text);
  if (!target) return bad(target.error());
  if (hop.hosts > 1) return bad("several Host fields");
  if (hop.hosts == 0 && head.version == Version::kHttp11) return bad("missing Host");
  if (hop.hosts == 1 && !valid_authority(hop.host->value)) return bad("invalid Host");
  head.path = target->path;
  head.query = target->query;
  head.has_query = target->has_query;
  if (!target->authority.empty()) head.authority = target->authority;
  else head.authority = hop.hosts == 1 ? hop.host->value : std::string_view();
  return {};
}

void set_body(const Framing& framing, RequestHead& head) {
  if (framing.chunked) head.body = BodyLength::unknown();
  else if (framing.has_length && framing.length > 0) head.body = BodyLength::known(framing.length);
  else head.body = BodyLength::none();
}

// ---- responses ----

// HTTP-version SP 3DIGIT [ SP reason ] CRLF (RFC 9112 §4; without a reason many leave the second
// space out).
Refusal parse_status_line(const Copy& copy, ResponseHead& head, const char*& first_field) {
  const auto* line_end = static_cast<const char*>(
      std::memchr(copy.begin, '\r', static_cast<std::size_t>(copy.end - copy.begin)));
  if (line_end == nullptr || line_end[1] != '\n') return bad("invalid status line");
  std::string_view line(copy.begin, line_end);
  if (line.size() < kVersionSize + 4 || line[kVersionSize] != ' ')
    return bad("invalid status line");
  if (Refusal refusal = parse_version(line.substr(0, kVersionSize), head.version)) return refusal;
  std::optional<std::uint64_t> status = parse_uint(line.substr(kVersionSize + 1, 3));
  if (!status || *status < 100 || *status > 599) return bad("invalid status");
  std::string_view reason = line.substr(kVersionSize + 4);
  if (!reason.empty() && reason[0] != ' ') return bad("invalid status line");
  for (char c : reason) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) return bad("invalid reason phrase");
  }
  head.status = static_cast<int>(*status);
  first_field = line_end + 2;
  return {};
}

// RFC 9110 §7.8: the server may only switch to what was asked for.
Refusal check_switch(const HopFields& hop, const RequestFacts& request, ResponseHead& head) {
  if (request.upgrade.empty()) return bad("101 without an Upgrade request");
  if (!hop.upgrade_option || hop.upgrades != 1 || !iequals(hop.upgrade, request.upgrade)) {
    return bad("101 to another protocol than asked for");
  }
  head.upgrade = hop.upgrade;
  return {};
}

// RFC 9112 §6.3, in its order.
Refusal set_body(const Framing& framing, const RequestFacts& request, ResponseHead& head,
                 ConnectionFacts& facts) {
  bool informational = head.status < 200;
  head.no_body = informational || head.status == 204 || head.status == 304 || request.head_method;
  if (informational || head.status == 204) {
    if (framing.chunked || (framing.has_length && framing.length > 0)) {
      return bad("a body with a status that has none");
    }
    head.body = BodyLength::none();
    return {};
  }
  if (head.no_body) {
    head.body = framing.has_length ? BodyLength::known(framing.length) : BodyLength::none();
    return {};
  }
  facts.chunked = framing.chunked;
  facts.until_close = !framing.chunked && !framing.has_length;
  if (facts.until_close) facts.keep_alive = false;
  head.body = framing.has_length ? BodyLength::known(framing.length) : BodyLength::unknown();
  return {};
}

// ---- heads that are still arriving ----

// Only called for a request head that is incomplete or too large: is there still hope for its first
// line?
Refusal check_request_start(std::string_view data, const HeadLimits& limits) {
  std::string_view line = data.substr(0, data.find('\r'));
  std::size_t method_end = std::min(line.find(' '), line.size());
  std::string_view method = line.substr(0, std::min(method_end, kMaxMethodBytes + 1));
  if (!is_token(method)) return bad("invalid method");
  if (method.size() > kMaxMethodBytes) return {501, "method too long"};
  std::size_t target_at = std::min(method_end + 1, line.size());
  std::size_t target_end = std::min(line.find(' ', target_at), line.size());
  if (target_end - target_at > limits.max_target_bytes) return {414, "target too long"};
  if (line.size() == data.size()) return {};
  if (target_end == target_at || target_end == line.size()) return bad("invalid request line");
  Version version;
  return parse_version(line.substr(target_end + 1), version);
}

}  // namespace

HeadFinder::Step HeadFinder::find_request(std::string_view data, const HeadLimits& limits) {
  Step step{Step::kMore};
  if (!skipped_ && data.starts_with("\r\n")) {
    step.skipped = 2;
    skipped_ = true;
    searched_ = 0;
  }
  std::string_view text = data.substr(step.skipped);
  HeadEnd end = scanner().find_head_end(text, searched_);
  step.size = end.size;
  if (end.kind == HeadEnd::kFound && end.size <= limits.max_head_bytes) {
    step.kind = Step::kFound;
    reset();
    return step;
  }
  bool maybe_empty_line = !skipped_ && text == "\r";
  if (end.kind == HeadEnd::kBareLf) {
    step.refusal = bad("a line without CR");
  } else if (!text.empty() && !maybe_empty_line) {
    if (!line_checked_) step.refusal = check_request_start(text, limits);
    line_checked_ = line_checked_ || text.contains('\r');
    if (!step.refusal && end.size >= limits.max_head_bytes) step.refusal = {431, "head too large"};
  }
  if (step.refusal) step.kind = Step::kRefused;
  else searched_ = static_cast<std::uint32_t>(end.size);
  return step;
}

HeadFinder::Step HeadFinder::find_response(std::string_view data, const HeadLimits& limits) {
  Step step{Step::kMore};
  HeadEnd end = scanner().find_head_end(data, searched_);
  step.size = end.size;
  std::string_view prefix = std::string_view("HTTP/1.").substr(0, data.size());
  if (!data.starts_with(prefix)) step.refusal = bad("not an HTTP/1 response");
  else if (end.kind == HeadEnd::kBareLf) step.refusal = bad("a line without CR");
  else if (end.size + (end.kind == HeadEnd::kMore ? 1 : 0) > limits.max_head_bytes)
    step.refusal = {431, "head too large"};
  if (step.refusal) {
    step.kind = Step::kRefused;
  } else if (end.kind == HeadEnd::kFound) {
    step.kind = Step::kFound;
    searched_ = 0;
  } else {
    searched_ = static_cast<std::uint32_t>(end.size);
  }
  return step;
}

Refusal parse_request(std::string_view text, const HeadLimits& limits, RequestHead& head,
                      ConnectionFacts& facts) {
  Copy copy = copy_head(text, head.headers.arena());
  std::string_view target;
  const char* fields = nullptr;
  if (Refusal r = parse_request_line(copy, limits, head, target, fields)) return r;
  if (Refusal r = parse_fields(copy, fields, limits.max_fields, head.headers)) return r;
  HopFields hop = take_hop_fields(head.headers);
  if (hop.options > kMaxConnectionOptions) return bad("too many connection options");
  if (Refusal r = resolve_target(target, hop, head)) return r;
  Framing framing;
  if (Refusal r = read_framing(hop, head.version, framing)) return r;
  set_body(framing, head);
  facts = {.keep_alive = keeps_alive(hop, head.version), .chunked = framing.chunked};
  bool has_body = head.body.kind != BodyLength::Kind::kNone;
  if (!hop.expect.empty() && !iequals(hop.expect, "100-continue")) {
    return {417, "unknown expectation"};
  }
  bool http11 = head.version == Version::kHttp11;
  head.expect_continue = http11 && has_body && !hop.expect.empty();
  head.te_trailers = http11 && hop.te_trailers;
  head.upgrade = http11 && !has_body ? upgrade_protocol(hop) : std::string_view();
  drop_hop_fields(head.headers, hop);
  return {};
}

Refusal parse_response(std::string_view text, const HeadLimits& limits, const RequestFacts& request,
                       ResponseHead& head, ConnectionFacts& facts) {
  Copy copy = copy_head(text, head.headers.arena());
  const char* fields = nullptr;
  if (Refusal r = parse_status_line(copy, head, fields)) return r;
  if (Refusal r = parse_fields(copy, fields, limits.max_fields, head.headers)) return r;
  HopFields hop = take_hop_fields(head.headers);
  if (hop.options > kMaxConnectionOptions) return bad("too many connection options");
  Framing framing;
  if (Refusal r = read_framing(hop, head.version, framing)) return r;
  facts = {.keep_alive = keeps_alive(hop, head.version)};
  head.upgrade = {};
  if (head.status == 101) {
    if (Refusal r = check_switch(hop, request, head)) return r;
  }
  if (Refusal r = set_body(framing, request, head, facts)) return r;
  drop_hop_fields(head.headers, hop);
  return {};
}

}  // namespace gwanmun::http
