// HTTP messages as the proxy handles them, the same for HTTP/1 and HTTP/2 (RFC 9110).
//
// A head that a connection delivers is already judged and cleaned: names are lower-case tokens,
// values hold no forbidden byte, framing and hop-by-hop fields (Connection and what it names,
// Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade, Content-Length, Host) are gone from
// `headers` and live in the typed members. Connections write those fields themselves when sending.
// All views point into the exchange's arena.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace gwanmun::http {

/// Fields that the proxy itself looks at; an id compare replaces a string compare on the hot path.
enum class FieldId : std::uint8_t {
  kOther,
  kAccept,
  kAcceptEncoding,
  kAccessControlRequestHeaders,
  kAccessControlRequestMethod,
  kAuthorization,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kForwarded,
  kGrpcStatus,
  kGrpcTimeout,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kLocation,
  kOrigin,
  kProxyConnection,
  kRetryAfter,
  kSecWebsocketKey,
  kServer,
  kSetCookie,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVary,
  kVia,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedProto,
  kXRealIp,
  kXRequestId,
  kCount
};
/// The id of a lower-case name; kOther when it has none.
FieldId field_id(std::string_view lower_name);
/// The lower-case name of an id other than kOther.
std::string_view field_name(FieldId id);

struct Field {
  std::string_view name;   // lower-case
  std::string_view value;  // without surrounding whitespace
  FieldId id = FieldId::kOther;
};

/// The fields of a head or trailer section in order, duplicates kept. Memory is the arena's: a
/// Headers is a view that grows, cheap to move, and must not outlive its arena.
class Headers {
 public:
  explicit Headers(Arena& arena) : arena_(&arena) {}

  void reserve(std::uint32_t count);
  /// Appends; name and value must live in the arena or be literals.
  void add(std::string_view lower_name, std::string_view value) {
    add(Field{lower_name, value, field_id(lower_name)});
  }
  void add(Field field) {
    if (size_ == capacity_) reserve(capacity_ == 0 ? 16 : capacity_ * 2);
    fields_[size_++] = field;
  }
  /// Replaces all fields of that name by this one.
  void set(std::string_view lower_name, std::string_view value);
  /// How many were removed.
  int remove(std::string_view lower_name);
  int remove(FieldId id);
  /// Removes the fields for which `drop` is true, keeping the order of the others.
  template <class Drop>
  int remove_if(Drop drop) {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (drop(fields_[i])) continue;
      if (kept != i) fields_[kept] = fields_[i];
      ++kept;
    }
    int removed = static_cast<int>(size_ - kept);
    size_ = kept;
    return removed;
  }
  /// The first field of that name, or nullptr.
  const Field* find(std::string_view lower_name) const;
  const Field* find(FieldId id) const;
  /// All values of that name joined by ", " (RFC 9110 §5.2); empty when there is none.
  std::string_view joined(std::string_view lower_name) const;

  const Field* begin() const { return fields_; }
  const Field* end() const { return fields_ + size_; }
  Field* begin() { return fields_; }
  Field* end() { return fields_ + size_; }
  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  /// Keeps the first `size` fields; at most size().
  void truncate(std::uint32_t size) { size_ = size; }
  Arena& arena() const { return *arena_; }

 private:
  Arena* arena_;
  Field* fields_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

/// How long a body will be. kUnknown ends with the stream (chunked, END_STREAM, or close).
struct BodyLength {
  enum class Kind : std::uint8_t { kNone, kKnown, kUnknown };
  Kind kind = Kind::kNone;
  std::uint64_t bytes = 0;  // kKnown only

  static BodyLength none() { return {}; }
  static BodyLength known(std::uint64_t n) { return {Kind::kKnown, n}; }
  static BodyLength unknown() { return {Kind::kUnknown, 0}; }
};

struct RequestHead {
  explicit RequestHead(Arena& arena) : headers(arena) {}

  std::string_view method;     // as sent, case matters
  std::string_view scheme;     // "http" or "https"
  std::string_view authority;  // host[:port] as sent (Host, :authority, or the absolute target's)
  std::string_view path;       // origin-form up to the "?", or "*"; empty for CONNECT. Not decoded.
  std::string_view query;      // after the "?"; has_query tells "/a?" from "/a"
  bool has_query = false;
  std::string_view
      upgrade;  // protocol asked for by Upgrade or :protocol, e.g. "websocket"; or empty
  Version version = Version::kHttp11;
  bool expect_continue = false;
  bool te_trailers = false;  // the peer said "TE: trailers"
  BodyLength body;
  Headers headers;
};

struct ResponseHead {
  explicit ResponseHead(Arena& arena) : headers(arena) {}

  int status = 200;
  Version version = Version::kHttp11;
  std::string_view upgrade;  // with 101: the protocol the server switched to
  /// What follows. HEAD, 1xx, 204 and 304 have none whatever Content-Length said; then a
  /// Content-Length that was sent is kept here as known and `no_body` is true.
  BodyLength body = BodyLength::unknown();
  bool no_body = false;
  Headers headers;
};

/// The reason phrase of RFC 9110 for a status; "" for one it does not name.
std::string_view reason_phrase(int status);

}  // namespace gwanmun::http
