// The few messages of envoy.service.auth.v3 that ExternalAuth over gRPC needs, encoded and decoded
// by hand (proto3 wire format; field numbers from external_auth.proto, attribute_context.proto,
// address.proto, base.proto and google/rpc/status.proto). Internal to this folder. No I/O.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proxy/filter/external_auth.h"

namespace gwanmun::filter {

/// A CheckRequest with the five bytes of gRPC framing in front, in the request's arena. Only the
/// headers in `names` are told (all when it is empty). Text that is not UTF-8 has its other bytes
/// replaced by
/// "?", since a protobuf string must be UTF-8; a body that is not goes as raw bytes.
std::string_view encode_check(const http::RequestHead& request, std::string_view body,
                              const Client& client, std::span<const std::string> names);

/// A header that the authorizer wants changed.
struct AuthHeader {
  enum class Action : std::uint8_t { kSet, kAppend, kAddIfAbsent, kSetIfPresent };
  std::string_view name;  // as received
  std::string_view value;
  Action action = Action::kSet;
};

/// A CheckResponse; views into the message, arrays in the arena.
struct CheckResponse {
  bool allowed = false;
  int denied_status = 0;  // as received; 0: none
  std::string_view denied_body;
  std::span<const AuthHeader> headers;           // of the request, or of the refusal
  std::span<const AuthHeader> response_headers;  // for the client when allowed
  std::span<const std::string_view> removed;     // from the request
};

/// False for anything that is not one whole, uncompressed, framed CheckResponse.
bool decode_check(std::string_view framed, Arena& arena, CheckResponse& out);

// ---- the wire format ----

/// Writes a message from its end to its start, so that lengths are known when they are written.
class ProtoWriter {
 public:
  explicit ProtoWriter(std::span<char> buffer)
      : begin_(buffer.data()), at_(buffer.data() + buffer.size()), end_(at_) {}

  void varint_field(std::uint32_t field, std::uint64_t value);
  void bytes_field(std::uint32_t field, std::string_view value);
  /// Makes everything written since `mark` a nested message.
  void close(std::uint32_t field, const char* mark);
  void raw(std::string_view bytes);
  const char* mark() const { return at_; }
  std::size_t size() const { return static_cast<std::size_t>(end_ - at_); }
  std::string_view text() const { return {at_, size()}; }

  /// The most that a field of `bytes` adds around its value.
  static constexpr std::size_t kOverhead = 16;

 private:
  void varint(std::uint64_t value);
  char* begin_;
  char* at_;
  char* end_;
};

/// Reads one message's fields in order. Every length is checked against what is left.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}
  /// False at the end, or when the message is broken (ok() tells).
  bool next();
  bool ok() const { return ok_; }
  std::uint32_t field() const { return field_; }
  std::uint64_t number() const { return number_; }   // varint fields
  std::string_view bytes() const { return bytes_; }  // length-delimited fields
  bool is_bytes(std::uint32_t field) const { return field_ == field && type_ == 2; }
  bool is_number(std::uint32_t field) const { return field_ == field && type_ == 0; }

 private:
  bool varint(std::uint64_t& value);
  bool skip(std::size_t size);
  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  std::uint32_t type_ = 0;
  bool ok_ = true;
};

bool is_utf8(std::string_view text);

}  // namespace gwanmun::filter
