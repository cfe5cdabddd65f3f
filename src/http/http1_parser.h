// HTTP/1 heads (RFC 9110, RFC 9112): from bytes to RequestHead and ResponseHead, without I/O.
// Called by the HTTP/1 connections once a head is complete. Strict: what could be read in two ways
// is refused, never repaired. Nothing that frames a message or belongs to one hop is left among the
// fields afterwards.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/http1_scan.h"
#include "http/message.h"

namespace gwanmun::http {

struct HeadLimits {
  std::uint32_t max_head_bytes = 64 * 1024;
  std::uint32_t max_fields = 128;
  std::uint32_t max_target_bytes = 16 * 1024;
};

/// Why a head is not acceptable; status 0 means that it is. `why` is a literal.
struct Refusal {
  int status = 0;
  std::string_view why;
  explicit operator bool() const { return status != 0; }
};

/// Looks for the end of a head that may still be arriving. Keeps no bytes: the caller offers them
/// again, with more behind, until the head is there. One object serves one head after the other.
class HeadFinder {
 public:
  struct Step {
    enum Kind : std::uint8_t { kMore, kFound, kRefused };
    Kind kind;
    // An empty line in front of a request (RFC 9112 §2.2; at most one): always to be dropped.
    std::size_t skipped = 0;
    std::size_t size = 0;  // kFound: bytes of the head behind it, with the empty line at its end
    Refusal refusal;
  };
  /// A request's head. An impossible first line is refused before the rest has come.
  Step find_request(std::string_view data, const HeadLimits& limits);
  /// A response's head.
  Step find_response(std::string_view data, const HeadLimits& limits);
  /// Forget the last head.
  void reset() {
    searched_ = 0;
    skipped_ = false;
    line_checked_ = false;
  }
  /// True when some of a head has been seen.
  bool started() const { return searched_ > 0; }

 private:
  std::uint32_t searched_ = 0;
  bool skipped_ = false;
  bool line_checked_ = false;  // the first line is complete and acceptable
};

/// What a head says about its connection.
struct ConnectionFacts {
  bool keep_alive = false;   // HTTP/1.1 without "close", HTTP/1.0 with "keep-alive"
  bool chunked = false;      // the body comes in the chunked coding
  bool until_close = false;  // responses: the body ends when the connection does
};

/// Parses a complete request head, without the empty line in front, with the one at the end. Copies
/// it into head.headers' arena. On refusal the head's content is unspecified.
Refusal parse_request(std::string_view text, const HeadLimits& limits, RequestHead& head,
                      ConnectionFacts& facts);

/// What the answer's meaning depends on (RFC 9112 §6.3).
struct RequestFacts {
  bool head_method = false;
  std::string_view upgrade;  // the protocol that was asked for, or empty
};

/// The same for a response. A refusal's status has no meaning beyond 431 for "too large".
Refusal parse_response(std::string_view text, const HeadLimits& limits, const RequestFacts& request,
                       ResponseHead& head, ConnectionFacts& facts);

}  // namespace gwanmun::http
