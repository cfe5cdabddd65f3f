// HTTP messages in HPACK's terms (RFC 9113 §8): decoded fields to a request, response or trailer
// section with every rule on pseudo-headers and forbidden fields, and heads back to fields. Used by
// the HTTP/2 session and connections. Does no I/O and knows no stream.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/hpack.h"
#include "http/message.h"

namespace gwanmun::http::http2 {

struct FieldLimits {
  std::uint32_t max_bytes;  // names and values, with 32 bytes a field (RFC 9113 §6.5.2)
  std::uint32_t max_fields;
};

/// One decoded field section, taken apart in a single pass: what has a meaning of its own is in a
/// member, the rest in `fields`.
struct FieldSection {
  explicit FieldSection(Arena& arena) : fields(arena) {}

  enum State : std::uint8_t {
    kGood,
    kMalformed,  // the message is broken: PROTOCOL_ERROR on the stream
    kTooLarge,   // beyond the limits; what is in here is not whole
  };
  State state = kGood;

  // Pseudo-headers; data() is nullptr when absent.
  std::string_view method, scheme, authority, path, status, protocol;
  bool has_pseudo = false;

  std::string_view host;     // data() is nullptr when absent
  std::string_view cookies;  // crumbs joined by "; " (RFC 9113 §8.2.3)
  bool has_length = false;
  std::uint64_t length = 0;  // Content-Length
  bool te_trailers = false;
  bool expect_continue = false;
  Headers fields;
};

/// Decodes a whole block into `out`, whose arena keeps the text. False: COMPRESSION_ERROR. The
/// table is right afterwards whatever out.state says.
bool read_section(hpack::Decoder& decoder, std::string_view block, const FieldLimits& limits,
                  FieldSection& out);
/// Decodes a block that nobody wants, for the sake of the table.
bool skip_section(hpack::Decoder& decoder, std::string_view block);

/// Fills a request from a section in state kGood. `ended`: no body follows. Returns 0, or the
/// status to refuse it with, or kResetMalformed when it must be reset with PROTOCOL_ERROR. An
/// extended CONNECT (RFC 8441) looks like the HTTP/1 upgrade it stands for: GET with `upgrade`.
constexpr int kResetMalformed = -1;
int to_request(FieldSection& section, bool ended, std::uint32_t max_target_bytes, RequestHead& out);
/// Fills a response; false: malformed. `to_head` says that it answers a HEAD request.
bool to_response(FieldSection& section, bool ended, bool to_head, ResponseHead& out);
/// False: a trailer section with a pseudo-header or a framing field.
bool to_trailers(FieldSection& section);

/// Writing: the room a head needs at most, and the fields themselves; returns the end.
/// `scheme` is that of the connection to the server, whatever the client used; an upgrade becomes
/// an extended CONNECT.
std::size_t request_bound(const RequestHead& head);
char* write_request(hpack::Encoder& encoder, const RequestHead& head, std::string_view scheme,
                    char* out);
std::size_t response_bound(const ResponseHead& head);
char* write_response(hpack::Encoder& encoder, const ResponseHead& head, char* out);
std::size_t fields_bound(const Headers& fields);
/// Fields that HTTP/2 forbids are left out.
char* write_fields(hpack::Encoder& encoder, const Headers& fields, char* out);

}  // namespace gwanmun::http::http2
