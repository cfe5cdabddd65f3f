// Bodies of HTTP/1 messages: decoding whichever way they are framed (RFC 9112 §6.3), reading them
// out of what a stream lends, and encoding. Shared by the server and the client connections for
// requests, responses and upgraded connections.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/chunked.h"
#include "http/error.h"
#include "http/http1_writer.h"
#include "http/message.h"
#include "http/stream.h"
#include "net/stream.h"

namespace gwanmun::http {

/// One message's body, reading side, without I/O.
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
  Step next(std::string_view in, Arena& arena);
  void took(std::size_t payload) {
    if (kind_ == Kind::kChunked) chunked_.took(payload);
    else if (kind_ == Kind::kLength) left_ -= payload;
  }
  /// The peer sent its last byte. True when the message is complete by that.
  bool finish();
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

/// The bytes that a stream lends between on_data() and settle().
class Window {
 public:
  void open(std::string_view data) {
    data_ = data;
    used_ = 0;
    open_ = true;
  }
  /// The data is no longer valid; returns how much of it was used.
  std::size_t close() {
    open_ = false;
    data_ = {};
    return used_;
  }
  bool is_open() const { return open_; }
  std::string_view rest() const { return data_.substr(data_.empty() ? 0 : used_); }
  void use(std::size_t n) { used_ += n; }
  std::size_t used() const { return used_; }

 private:
  std::string_view data_;
  std::size_t used_ = 0;
  bool open_ = false;
};

/// What BodyReader promises, over a decoder and a window.
class BodyInput {
 public:
  /// A new body.
  BodyDecoder& start() {
    done_ = false;
    payload_ = 0;
    fault_ = Fault::kNone;
    return decoder_;
  }
  BodyReader::State state(Window& window, Arena& arena);
  std::string_view data(const Window& window) const { return window.rest().substr(0, payload_); }
  void consume(Window& window, std::size_t n) {
    decoder_.took(n);
    window.use(n);
    payload_ -= n;
  }
  /// The window closed: what was not consumed will be offered again.
  void forget_window() { payload_ = 0; }
  /// The peer sent its last byte: the body ends here, or fails.
  void end_of_input();
  /// Nothing more can come; an end that was reached stays one.
  void fail(Fault why) {
    if (!done_ && fault_ == Fault::kNone) fault_ = why;
  }
  bool done() const { return done_; }
  Fault fault() const { return fault_; }
  const Headers* trailers() const { return decoder_.trailers(); }
  std::uint64_t left() const { return decoder_.left(); }

 private:
  BodyDecoder decoder_;
  std::size_t payload_ = 0;  // bytes at the window's front that are payload
  Fault fault_ = Fault::kNone;
  bool done_ = true;
};

/// The sending side of one body.
class BodyEncoder {
 public:
  /// After a head was written. A message without a body is complete at once.
  void start(WireBody wire, std::uint64_t length) {
    wire_ = wire;
    left_ = length;
    done_ = wire == WireBody::kNone;
  }
  /// More than a known length is cut off: it would be read as another message.
  void write(net::Stream& stream, std::string_view data);
  /// False when the body is shorter than its announced length: the message is broken.
  bool finish(net::Stream& stream, const Headers* trailers);
  bool done() const { return done_; }
  WireBody wire() const { return wire_; }

 private:
  std::uint64_t left_ = 0;
  WireBody wire_ = WireBody::kNone;
  bool done_ = false;
};

/// Why a broken transport ends an exchange.
Fault fault_of(net::StreamFault fault);

}  // namespace gwanmun::http
