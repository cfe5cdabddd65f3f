// Reading is one switch per field; the rules on what belongs together are checked once at the end.
#include "http/http2_head.h"

#include <sys/random.h>

#include <cstring>

#include "base/text.h"
#include "http/uri.h"

namespace gwanmun::http::http2 {

using hpack::Decoder;
using hpack::Encoder;
using hpack::Kind;
using hpack::TableField;

namespace {

// Static table (RFC 7541 Appendix A).
constexpr std::uint32_t kAuthority = 1, kMethodGet = 2, kMethodPost = 3, kPath = 4, kSchemeHttp = 6,
                        kSchemeHttps = 7, kStatus200 = 8;

/// Cookie crumbs in order, until it is known how long the joined value is.
struct Crumbs {
  struct Crumb {
    std::string_view value;
    Crumb* next;
  };
  Crumb* first = nullptr;
  Crumb* last = nullptr;
  std::size_t size = 0;

  void add(Arena& arena, std::string_view value) {
    Crumb* crumb = arena.array<Crumb>(1);
    *crumb = {value, nullptr};
    (last != nullptr ? last->next : first) = crumb;
    last = crumb;
    size += value.size() + 2;
  }
  std::string_view join(Arena& arena) const {
    if (first == nullptr) return {};
    if (first == last) return first->value;
    char* all = arena.array<char>(size);
    char* at = all;
    for (Crumb* crumb = first; crumb != nullptr; crumb = crumb->next) {
      if (!crumb->value.empty()) std::memcpy(at, crumb->value.data(), crumb->value.size());
      at += crumb->value.size();
      if (crumb->next != nullptr) {
        std::memcpy(at, "; ", 2);
        at += 2;
      }
    }
    return {all, static_cast<std::size_t>(at - all)};
  }
};

/// Never a null pointer: an empty pseudo-header is present.
std::string_view present(std::string_view text) {
  return text.empty() ? std::string_view("") : text;
}

class SectionReader {
 public:
  explicit SectionReader(FieldSection& out) : out_(out), arena_(out.fields.arena()) {}

  void add(const TableField& field) {
    switch (field.kind) {
      case Kind::kRegular:
        return add_regular(field);
      case Kind::kMethod:
        return add_pseudo(out_.method, field);
      case Kind::kScheme:
        return add_pseudo(out_.scheme, field);
      case Kind::kAuthority:
        return add_pseudo(out_.authority, field);
      case Kind::kPath:
        return add_pseudo(out_.path, field);
      case Kind::kStatus:
        return add_pseudo(out_.status, field);
      case Kind::kProtocol:
        return add_pseudo(out_.protocol, field);
      case Kind::kMalformed:
        out_.state = FieldSection::kMalformed;
        return;
    }
  }
  std::uint32_t lines() const { return lines_; }
  void finish() {
    out_.cookies = crumbs_.join(arena_);
    if (!out_.cookies.empty()) out_.fields.add({"cookie", out_.cookies, FieldId::kCookie});
  }

 private:
  void malformed() { out_.state = FieldSection::kMalformed; }

  void add_pseudo(std::string_view& where, const TableField& field) {
    if (regular_seen_ || where.data() != nullptr) malformed();
    where = present(field.value);
    out_.has_pseudo = true;
  }

  void add_regular(const TableField& field) {
    regular_seen_ = true;
    if (field.id == FieldId::kCookie) return crumbs_.add(arena_, field.value);
    ++lines_;  // crumbs do not count: they become one field
    switch (field.id) {
      case FieldId::kContentLength:
        return add_length(field.value);
      case FieldId::kHost:
        if (out_.host.data() != nullptr && out_.host != field.value) malformed();
        out_.host = present(field.value);
        return;
      case FieldId::kTe:  // RFC 9113 §8.2.2
        if (!iequals(field.value, "trailers")) malformed();
        out_.te_trailers = true;
        return;
      case FieldId::kExpect:
        if (!iequals(field.value, "100-continue")) break;
        out_.expect_continue = true;
        return;
      case FieldId::kHttp2Settings:
        return;  // of the HTTP/1 upgrade; means nothing here
      default:
        break;
    }
    out_.fields.add({field.name, field.value, field.id});
  }

  void add_length(std::string_view value) {
    auto length = parse_uint(value);
    if (!length || (out_.has_length && out_.length != *length)) return malformed();
    out_.has_length = true;
    out_.length = *length;
  }

  FieldSection& out_;
  Arena& arena_;
  Crumbs crumbs_;
  std::uint32_t lines_ = 0;
  bool regular_seen_ = false;
};

bool is_scheme(std::string_view text) {  // RFC 3986 §3.1
  if (text.empty() || to_lower(text[0]) < 'a' || to_lower(text[0]) > 'z') return false;
  for (char c : text) {
    char lower = to_lower(c);
    bool good = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
                c == '.';
    if (!good) return false;
  }
  return true;
}

bool is_method(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    bool letter = to_lower(c) >= 'a' && to_lower(c) <= 'z';
    bool digit = c >= '0' && c <= '9';
    if (!letter && !digit &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool visible_ascii(std::string_view text) {
  bool good = true;
  for (char c : text) good &= c > 0x20 && c < 0x7f;
  return good;
}

/// RFC 6455 §4.1 wants one from every client; RFC 8441 does away with it.
std::string_view make_websocket_key(Arena& arena) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char nonce[18] = {};
  if (::getrandom(nonce, 16, 0) != 16) nonce[0] = 1;  // a nonce, not a secret
  char* key = arena.array<char>(24);
  for (int i = 0; i < 6; ++i) {
    unsigned bits =
        static_cast<unsigned>(nonce[i * 3] << 16 | nonce[i * 3 + 1] << 8 | nonce[i * 3 + 2]);
    for (int j = 0; j < 4; ++j) key[i * 4 + j] = kAlphabet[bits >> (18 - 6 * j) & 63];
  }
  key[22] = key[23] = '=';
  return {key, 24};
}

/// RFC 9113 §8.3.1: what :authority and Host say must be one thing.
int take_authority(const FieldSection& section, RequestHead& out) {
  bool has_authority = section.authority.data() != nullptr;
  bool has_host = section.host.data() != nullptr;
  if (has_authority && has_host && !iequals(section.authority, section.host))
    return kResetMalformed;
  out.authority = has_authority ? section.authority : section.host;
  return valid_authority(out.authority) ? 0 : 400;
}

int take_target(const FieldSection& section, std::uint32_t max_target_bytes, RequestHead& out) {
  if (section.path.size() > max_target_bytes) return 414;
  if (!visible_ascii(section.path)) return 400;
  auto target = parse_target(section.method, section.path);
  if (!target || !target->authority.empty()) return 400;
  out.path = target->path;
  out.query = target->query;
  out.has_query = target->has_query;
  return 0;
}

BodyLength body_length(const FieldSection& section, bool ended) {
  if (section.has_length) return BodyLength::known(section.length);
  return ended ? BodyLength::none() : BodyLength::unknown();
}

bool forbidden(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kContentLength:  // written from BodyLength
    case FieldId::kHost:           // written as :authority
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

std::string_view decimal(std::uint64_t value, char (&buffer)[24]) {
  return {buffer, static_cast<std::size_t>(
                      std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer)};
}

char* write_length(Encoder& encoder, const BodyLength& body, char* out) {
  if (body.kind != BodyLength::Kind::kKnown) return out;
  char buffer[24];
  return encoder.field({"content-length", decimal(body.bytes, buffer), FieldId::kContentLength},
                       out);
}

/// "path?query" in one piece; without a copy when they still lie as they came.
std::string_view whole_target(const RequestHead& head) {
  if (head.path.empty()) return "/";
  if (!head.has_query) return head.path;
  const char* end = head.path.data() + head.path.size();
  if (head.query.data() == end + 1 && *end == '?') {
    return {head.path.data(), head.path.size() + 1 + head.query.size()};
  }
  return head.headers.arena().concat(head.path, "?", head.query);
}

constexpr std::size_t kPseudoRoom = 8 * Encoder::bound({}, {}) + 128;  // with their short names

}  // namespace

bool read_section(Decoder& decoder, std::string_view block, const FieldLimits& limits,
                  FieldSection& out) {
  SectionReader reader(out);
  decoder.begin(block, &out.fields.arena());
  TableField field;
  std::uint64_t bytes = 0;
  for (;;) {
    Decoder::Step step = decoder.next(field);
    if (step == Decoder::kError) return false;
    if (step == Decoder::kEnd) break;
    if (out.state == FieldSection::kTooLarge) continue;
    bytes += field.name.size() + field.value.size() + hpack::kEntryOverhead;
    if (bytes > limits.max_bytes || reader.lines() >= limits.max_fields) {
      out.state = FieldSection::kTooLarge;
      decoder.discard();
      continue;
    }
    reader.add(field);
  }
  if (out.state == FieldSection::kGood) reader.finish();
  return true;
}

bool skip_section(Decoder& decoder, std::string_view block) {
  decoder.begin(block, nullptr);
  TableField field;
  for (;;) {
    Decoder::Step step = decoder.next(field);
    if (step != Decoder::kField) return step == Decoder::kEnd;
  }
}

int to_request(FieldSection& section, bool ended, std::uint32_t max_target_bytes,
               RequestHead& out) {
  if (section.status.data() != nullptr || !is_method(section.method)) return kResetMalformed;
  bool connect = section.method == "CONNECT";
  bool extended = section.protocol.data() != nullptr;
  if (extended && (!connect || section.protocol.empty())) return kResetMalformed;
  if (connect && !extended) {
    bool well_formed = section.authority.data() != nullptr && section.scheme.data() == nullptr &&
                       section.path.data() == nullptr;
    return well_formed ? 501 : kResetMalformed;
  }
  if (!is_scheme(section.scheme) || section.path.empty()) return kResetMalformed;
  if (ended && section.has_length && section.length != 0) return kResetMalformed;

  out.version = Version::kHttp2;
  out.method = section.method;
  out.te_trailers = section.te_trailers;
  out.expect_continue = section.expect_continue && !ended;
  out.body = body_length(section, ended);
  out.headers = section.fields;
  if (int refused = take_authority(section, out); refused != 0) return refused;
  if (int refused = take_target(section, max_target_bytes, out); refused != 0) return refused;
  if (extended) {
    out.method = "GET";
    out.upgrade = section.protocol;
    out.body = BodyLength::none();
    if (iequals(section.protocol, "websocket")) {
      out.headers.add({"sec-websocket-key", make_websocket_key(out.headers.arena()),
                       FieldId::kSecWebsocketKey});
    }
  }
  return 0;
}

bool to_response(FieldSection& section, bool ended, bool to_head, ResponseHead& out) {
  std::string_view status = section.status;
  bool request_pseudo = section.method.data() != nullptr || section.scheme.data() != nullptr ||
                        section.authority.data() != nullptr || section.path.data() != nullptr ||
                        section.protocol.data() != nullptr;
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (request_pseudo || status.size() != 3 || status[0] < '1' || !digit(status[0]) ||
      !digit(status[1]) || !digit(status[2])) {
    return false;
  }
  out.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  out.version = Version::kHttp2;
  if (out.status == 101) return false;          // RFC 9113 §8.6
  if (out.status < 200 && ended) return false;  // §8.1
  out.no_body = to_head || out.status < 200 || out.status == 204 || out.status == 304;
  if (!out.no_body && ended && section.has_length && section.length != 0) return false;
  out.body = body_length(section, ended);
  if (out.no_body && !section.has_length) out.body = BodyLength::none();
  out.headers = section.fields;
  return true;
}

bool to_trailers(FieldSection& section) { return !section.has_pseudo; }

std::size_t fields_bound(const Headers& fields) {
  std::size_t size = 0;
  for (const Field& field : fields) size += Encoder::bound(field.name, field.value);
  return size;
}

char* write_fields(Encoder& encoder, const Headers& fields, char* out) {
  for (const Field& field : fields) {
    if (!forbidden(field.id)) out = encoder.field(field, out);
  }
  return out;
}

std::size_t request_bound(const RequestHead& head) {
  return kPseudoRoom + head.method.size() + head.authority.size() + head.path.size() +
         head.query.size() + head.upgrade.size() + fields_bound(head.headers);
}

char* write_request(Encoder& encoder, const RequestHead& head, std::string_view scheme, char* out) {
  bool extended = !head.upgrade.empty();
  if (head.method == "GET" && !extended) {
    out = Encoder::indexed(kMethodGet, out);
  } else if (head.method == "POST" && !extended) {
    out = Encoder::indexed(kMethodPost, out);
  } else {
    out = encoder.named(kMethodGet, extended ? "CONNECT" : head.method, out);
  }
  if (extended) out = encoder.field(":protocol", head.upgrade, out);
  out = Encoder::indexed(scheme == "https" ? kSchemeHttps : kSchemeHttp, out);
  out = encoder.named(kPath, whole_target(head), out);
  if (!head.authority.empty()) out = encoder.named(kAuthority, head.authority, out);
  out = write_length(encoder, extended ? BodyLength::none() : head.body, out);
  if (head.te_trailers) out = encoder.field({"te", "trailers", FieldId::kTe}, out);
  for (const Field& field : head.headers) {
    if (forbidden(field.id) || (extended && field.id == FieldId::kSecWebsocketKey)) continue;
    out = encoder.field(field, out);
  }
  return out;
}

std::size_t response_bound(const ResponseHead& head) {
  return kPseudoRoom + fields_bound(head.headers);
}

char* write_response(Encoder& encoder, const ResponseHead& head, char* out) {
  switch (head.status) {
    case 200:
      out = Encoder::indexed(kStatus200, out);
      break;
    case 204:
      out = Encoder::indexed(kStatus200 + 1, out);
      break;
    case 206:
      out = Encoder::indexed(kStatus200 + 2, out);
      break;
    case 304:
      out = Encoder::indexed(kStatus200 + 3, out);
      break;
    case 400:
      out = Encoder::indexed(kStatus200 + 4, out);
      break;
    case 404:
      out = Encoder::indexed(kStatus200 + 5, out);
      break;
    case 500:
      out = Encoder::indexed(kStatus200 + 6, out);
      break;
    default: {
      char buffer[24];
      out =
          encoder.named(kStatus200, decimal(static_cast<std::uint64_t>(head.status), buffer), out);
    }
  }
  out = write_length(encoder, head.body, out);
  return write_fields(encoder, head.headers, out);
}

}  // namespace gwanmun::http::http2
