// The chunked transfer coding (RFC 9112 §7.1), reading side, without I/O: bytes in, payload spans
// and one trailer section out. Used by the HTTP/1 connections for request and response bodies.
// Keeps no bytes: what is not complete stays with the caller and is given again with more behind
// it. Extensions are judged and dropped; they are never forwarded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"

namespace gwanmun::http {

struct ChunkedLimits {
  std::uint32_t max_line_bytes = 256;  // a chunk's size with its extensions
  std::uint32_t max_trailer_bytes = 16 * 1024;
  std::uint32_t max_trailer_fields = 128;
};

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const ChunkedLimits& limits) : limits_(limits) {}

  enum Status : std::uint8_t {
    kMore,      // the rest of the input is incomplete framing: give it again with more
    kData,      // `data` bytes of payload follow the skipped ones
    kEnd,       // complete, trailers included
    kBad,       // malformed
    kTooLarge,  // a line or the trailer section is beyond its limit
  };
  struct Step {
    Status status;
    std::size_t skipped = 0;  // framing bytes at the front of the input; they are used
    std::size_t data = 0;     // kData: payload bytes behind them, at least one
  };
  /// Looks at the input's front. After kData, took() must say how much payload was used before the
  /// next call; the input then starts behind that. kBad, kTooLarge and kEnd are final.
  Step next(std::string_view in, Arena& arena);
  void took(std::size_t payload) { left_ -= payload; }

  /// In kEnd; nullptr when there was no trailer field (that may be passed on).
  const Headers* trailers() const { return trailers_ ? &*trailers_ : nullptr; }

 private:
  enum class Phase : std::uint8_t { kSize, kPayload, kPayloadEnd, kTrailers, kDone };
  // Each looks at `in` and, when it is complete, moves on to the next phase.
  Step read_size(std::string_view in);
  Step read_trailers(std::string_view in, Arena& arena);

  ChunkedLimits limits_;
  std::uint64_t left_ = 0;      // payload bytes of the current chunk still to come
  std::uint32_t searched_ = 0;  // of an incomplete trailer section
  Phase phase_ = Phase::kSize;
  std::optional<Headers> trailers_;
};

/// The size and extensions of a chunk line without its CRLF, or nothing when malformed. At most
/// 2^63-1.
bool parse_chunk_line(std::string_view line, std::uint64_t& size);

/// Writes `size` in hex and CRLF; returns the text in `buffer`.
std::string_view chunk_header(std::uint64_t size, char (&buffer)[20]);

/// True for a field that may not come in a trailer section (RFC 9110 §6.5.1): framing, routing,
/// authentication, request modifiers, and what only a connection means.
bool forbidden_in_trailers(const Field& field);

}  // namespace gwanmun::http
