// The body of one HTTP/1 message, reading side, without I/O: whichever way it is framed
// (RFC 9112 §6.3), bytes in, payload out. Used by the connections for requests, responses and
// upgraded connections.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/chunked.h"
#include "http/http1_parser.h"
#include "http/message.h"

namespace gwanmun::http {

class BodyDecoder {
 public:
  using Step = ChunkedDecoder::Step;

  BodyDecoder() : chunked_(ChunkedLimits{}) {}

  void start_none() { start(Kind::kLength, 0); }
  void start_length(std::uint64_t bytes) { start(Kind::kLength, bytes); }
  void start_chunked(const ChunkedLimits& limits) {
    start(Kind::kChunked, 0);
    chunked_ = ChunkedDecoder(limits);
  }
  /// Everything until finish(): a close-delimited body, or raw bytes after an upgrade.
  void start_until_close() { start(Kind::kUntilClose, 0); }

  /// As ChunkedDecoder::next().
  Step next(std::string_view in, Arena& arena) {
    if (kind_ == Kind::kChunked) return chunked_.next(in, arena);
    if (left_ == 0) return {ChunkedDecoder::kEnd};
    if (in.empty()) return {ChunkedDecoder::kMore};
    return {ChunkedDecoder::kData, 0,
            in.size() < left_ ? in.size() : static_cast<std::size_t>(left_)};
  }
  void took(std::size_t payload) {
    if (kind_ == Kind::kChunked) chunked_.took(payload);
    else if (kind_ == Kind::kLength) left_ -= payload;
  }
  /// The peer sent its last byte. True when the message is complete by that.
  bool finish() {
    if (kind_ != Kind::kUntilClose) return kind_ == Kind::kLength && left_ == 0;
    left_ = 0;
    return true;
  }
  /// Payload bytes still to come; the largest number when that is not known.
  std::uint64_t left() const { return kind_ == Kind::kLength ? left_ : UINT64_MAX; }
  const Headers* trailers() const {
    return kind_ == Kind::kChunked ? chunked_.trailers() : nullptr;
  }

 private:
  enum class Kind : std::uint8_t { kLength, kChunked, kUntilClose };
  void start(Kind kind, std::uint64_t bytes) {
    kind_ = kind;
    left_ = kind == Kind::kUntilClose ? UINT64_MAX : bytes;
  }

  ChunkedDecoder chunked_;
  std::uint64_t left_ = 0;
  Kind kind_ = Kind::kLength;
};

}  // namespace gwanmun::http
