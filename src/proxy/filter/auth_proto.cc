#include "proxy/filter/auth_proto.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace gwanmun::filter {

// ---- writing ----

void ProtoWriter::raw(std::string_view bytes) {
  assert(bytes.size() <= static_cast<std::size_t>(at_ - begin_));
  at_ -= bytes.size();
  std::ranges::copy(bytes, at_);
}

void ProtoWriter::varint(std::uint64_t value) {
  char digits[10];
  std::size_t size = 0;
  do {
    digits[size++] = static_cast<char>((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value != 0);
  raw({digits, size});
}

void ProtoWriter::varint_field(std::uint32_t field, std::uint64_t value) {
  varint(value);
  varint(field << 3);
}

void ProtoWriter::bytes_field(std::uint32_t field, std::string_view value) {
  const char* end = mark();
  raw(value);
  close(field, end);
}

void ProtoWriter::close(std::uint32_t field, const char* mark) {
  varint(static_cast<std::uint64_t>(mark - at_));
  varint(field << 3 | 2);
}

// ---- reading ----

bool ProtoReader::varint(std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtoReader::skip(std::size_t size) {
  if (size > rest_.size()) return false;
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool ProtoReader::next() {
  if (rest_.empty() || !ok_) return false;
  std::uint64_t key = 0;
  ok_ = varint(key) && (key >> 3) > 0 && (key >> 3) < (1U << 29);
  if (!ok_) return false;
  field_ = static_cast<std::uint32_t>(key >> 3);
  type_ = static_cast<std::uint32_t>(key & 7);
  switch (type_) {
    case 0:
      ok_ = varint(number_);
      break;
    case 1:
      ok_ = skip(8);
      break;
    case 2:
      ok_ = varint(number_) && number_ <= rest_.size() && skip(number_);
      break;
    case 5:
      ok_ = skip(4);
      break;
    default:  // groups are not part of proto3
      ok_ = false;
  }
  return ok_;
}

// ---- text ----

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i]);
    std::size_t size = first < 0x80   ? 1
                       : first < 0xc2 ? 0
                       : first < 0xe0 ? 2
                       : first < 0xf0 ? 3
                                      : 4;
    if (size == 0 || first > 0xf4 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    if (size > 2) {  // overlong forms, surrogates, beyond U+10FFFF (RFC 3629)
      auto second = static_cast<unsigned char>(text[i + 1]);
      if (first == 0xe0 && second < 0xa0) return false;
      if (first == 0xed && second > 0x9f) return false;
      if (first == 0xf0 && second < 0x90) return false;
      if (first == 0xf4 && second > 0x8f) return false;
    }
    i += size;
  }
  return true;
}

namespace {

std::string_view as_utf8(std::string_view text, Arena& arena) {
  if (is_utf8(text)) return text;
  char* out = arena.array<char>(text.size());
  std::ranges::transform(text, out,
                         [](char c) { return static_cast<unsigned char>(c) < 0x80 ? c : '?'; });
  return {out, text.size()};
}

std::string_view protocol_name(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2";
  }
  return "";
}

struct Peer {
  std::string_view address;
  std::uint16_t port = 0;
  std::string_view principal;
};

/// AttributeContext.Peer with its Address.SocketAddress.
void write_peer(ProtoWriter& out, std::uint32_t field, const Peer& peer) {
  const char* end = out.mark();
  if (!peer.principal.empty()) out.bytes_field(4, peer.principal);
  const char* address = out.mark();
  out.varint_field(3, peer.port);
  out.bytes_field(2, peer.address);
  out.close(1, address);  // Address.socket_address
  out.close(1, address);  // Peer.address
  out.close(field, end);
}

bool told(const http::Field& f, const http::Headers& headers, std::span<const std::string> names) {
  if (headers.find(f.name) != &f) return false;  // told once, with all its values
  return names.empty() || std::ranges::find(names, f.name) != names.end();
}

/// AttributeContext.HttpRequest, from its last field to its first.
void write_http(ProtoWriter& out, const http::RequestHead& request, std::string_view body,
                std::span<const std::string> names) {
  Arena& arena = request.headers.arena();
  if (!body.empty()) out.bytes_field(is_utf8(body) ? 11 : 12, body);
  out.bytes_field(10, protocol_name(request.version));
  std::int64_t size = request.body.kind == http::BodyLength::Kind::kUnknown
                          ? -1
                          : static_cast<std::int64_t>(request.body.bytes);
  out.varint_field(9, static_cast<std::uint64_t>(size));
  out.bytes_field(6, request.scheme);
  out.bytes_field(5, as_utf8(request.authority, arena));
  const char* path = out.mark();
  if (request.has_query) {
    out.raw(as_utf8(request.query, arena));
    out.raw("?");
  }
  out.raw(as_utf8(request.path, arena));
  out.close(4, path);
  for (const http::Field& field : request.headers) {
    if (!told(field, request.headers, names)) continue;
    const char* entry = out.mark();
    out.bytes_field(2, as_utf8(request.headers.joined(field.name), arena));
    out.bytes_field(1, field.name);
    out.close(3, entry);
  }
  out.bytes_field(2, request.method);
  const http::Field* id = request.headers.find(http::FieldId::kXRequestId);
  if (id) out.bytes_field(1, as_utf8(id->value, arena));
}

std::size_t upper_bound(const http::RequestHead& request, std::string_view body,
                        const Client& client) {
  std::size_t size = 512 + body.size() + request.authority.size() + request.path.size() +
                     request.query.size() + request.method.size() + request.scheme.size() +
                     client.address.size() + client.local_address.size() +
                     client.server_name.size() + client.principal.size();
  for (const http::Field& f : request.headers) {
    // A request id is told twice; joining adds two bytes a value.
    size += 2 * f.value.size() + f.name.size() + 3 * ProtoWriter::kOverhead;
  }
  return size;
}

}  // namespace

std::string_view encode_check(const http::RequestHead& request, std::string_view body,
                              const Client& client, std::span<const std::string> names) {
  Arena& arena = request.headers.arena();
  std::size_t room = upper_bound(request, body, client);
  ProtoWriter out({arena.array<char>(room), room});
  const char* attributes = out.mark();
  if (!client.server_name.empty()) {  // AttributeContext.TLSSession
    const char* tls = out.mark();
    out.bytes_field(1, client.server_name);
    out.close(12, tls);
  }
  const char* asked = out.mark();  // AttributeContext.Request
  const char* http = out.mark();
  write_http(out, request, body, names);
  out.close(2, http);
  if (client.now_us != 0) {
    const char* time = out.mark();
    out.varint_field(2, client.now_us % 1'000'000 * 1'000);
    out.varint_field(1, client.now_us / 1'000'000);
    out.close(1, time);
  }
  out.close(4, asked);
  write_peer(out, 2, {client.local_address, client.local_port, {}});
  write_peer(out, 1, {client.address, client.port, as_utf8(client.principal, arena)});
  out.close(1, attributes);

  auto size = static_cast<std::uint32_t>(out.size());
  char prefix[5] = {0, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                    static_cast<char>(size >> 8), static_cast<char>(size)};
  out.raw({prefix, sizeof prefix});
  return out.text();
}

// ---- the answer ----

namespace {

template <class T>
class List {
 public:
  explicit List(Arena& arena) : arena_(arena) {}
  bool add(const T& item) {
    if (size_ == kMaxAuthHeaders) return false;
    if (!items_) items_ = arena_.array<T>(kMaxAuthHeaders);
    items_[size_++] = item;
    return true;
  }
  std::span<const T> view() const { return {items_, size_}; }

 private:
  Arena& arena_;
  T* items_ = nullptr;
  std::size_t size_ = 0;
};

/// core.v3.HeaderValueOption. Without `append` and `append_action` a header is set, as
/// external_auth.proto says of its own use of the message.
bool read_header(std::string_view message, AuthHeader& out) {
  ProtoReader option(message);
  while (option.next()) {
    if (option.is_bytes(1)) {  // HeaderValue
      ProtoReader header(option.bytes());
      while (header.next()) {
        if (header.is_bytes(1)) out.name = header.bytes();
        if (header.is_bytes(2)) out.value = header.bytes();
        if (header.is_bytes(3) && !header.bytes().empty()) out.value = header.bytes();
      }
      if (!header.ok()) return false;
    } else if (option.is_bytes(2)) {  // BoolValue append
      ProtoReader flag(option.bytes());
      bool append = false;
      while (flag.next()) append = flag.is_number(1) && flag.number() != 0;
      if (!flag.ok()) return false;
      out.action = append ? AuthHeader::Action::kAppend : AuthHeader::Action::kSet;
    } else if (option.is_number(3)) {
      if (option.number() == 1) out.action = AuthHeader::Action::kAddIfAbsent;
      if (option.number() == 3) out.action = AuthHeader::Action::kSetIfPresent;
    }
  }
  return option.ok();
}

bool read_headers(std::string_view message, List<AuthHeader>& list) {
  AuthHeader header;
  return read_header(message, header) && list.add(header);
}

/// OkHttpResponse: headers=2, headers_to_remove=5, response_headers_to_add=6.
bool read_ok(std::string_view message, Arena& arena, CheckResponse& out) {
  List<AuthHeader> headers(arena), response(arena);
  List<std::string_view> removed(arena);
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.is_bytes(2) && !read_headers(reader.bytes(), headers)) return false;
    if (reader.is_bytes(5) && !removed.add(reader.bytes())) return false;
    if (reader.is_bytes(6) && !read_headers(reader.bytes(), response)) return false;
  }
  out.headers = headers.view();
  out.response_headers = response.view();
  out.removed = removed.view();
  return reader.ok();
}

/// DeniedHttpResponse: status=1 {code=1}, headers=2, body=3.
bool read_denied(std::string_view message, Arena& arena, CheckResponse& out) {
  List<AuthHeader> headers(arena);
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.is_bytes(1)) {
      ProtoReader status(reader.bytes());
      while (status.next()) {
        if (status.is_number(1)) out.denied_status = static_cast<int>(status.number() & 0xffff);
      }
      if (!status.ok()) return false;
    }
    if (reader.is_bytes(2) && !read_headers(reader.bytes(), headers)) return false;
    if (reader.is_bytes(3)) out.denied_body = reader.bytes();
  }
  out.headers = headers.view();
  return reader.ok();
}

}  // namespace

bool decode_check(std::string_view framed, Arena& arena, CheckResponse& out) {
  if (framed.size() < 5 || framed[0] != 0) return false;
  std::uint32_t size = 0;
  for (std::size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(framed[i]);
  if (size != framed.size() - 5) return false;

  // google.rpc.Status status=1, DeniedHttpResponse=2, OkHttpResponse=3; a missing or empty status
  // is OK (code 0).
  std::uint64_t code = 0;
  std::string_view denied, ok;
  ProtoReader reader(framed.substr(5));
  while (reader.next()) {
    if (reader.is_bytes(1)) {
      ProtoReader status(reader.bytes());
      while (status.next()) {
        if (status.is_number(1)) code = status.number();
      }
      if (!status.ok()) return false;
    }
    if (reader.is_bytes(2)) denied = reader.bytes();
    if (reader.is_bytes(3)) ok = reader.bytes();
  }
  if (!reader.ok()) return false;
  out.allowed = code == 0;
  return out.allowed ? read_ok(ok, arena, out) : read_denied(denied, arena, out);
}

}  // namespace gwanmun::filter
