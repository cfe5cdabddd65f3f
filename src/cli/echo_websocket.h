// The WebSocket side of `gwanmun echo` (RFC 6455): bytes of a client in, bytes for it out. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gwanmun::cli {

/// The value of Sec-WebSocket-Accept for a client's key (RFC 6455 §4.2.2).
std::string websocket_accept(std::string_view key);

/// Sends every message back as it comes, frame by frame; answers pings and the closing handshake.
class WebSocketEcho {
 public:
  /// The answer to these bytes. Any cut is fine; payload is not gathered.
  std::string feed(std::string_view bytes);
  /// Nothing more will be answered: the client closed, or broke the protocol.
  bool closed() const { return closed_; }

 private:
  bool parse_head(std::string& out);
  void fail(std::string& out);
  void take_payload(std::string_view& bytes, std::string& out);

  std::string head_;  // of the frame that is being read, as far as it has come
  std::array<unsigned char, 4> mask_{};
  std::uint64_t left_ = 0;  // payload bytes to come
  std::uint64_t offset_ = 0;
  bool in_payload_ = false;
  bool drop_ = false;  // a pong that nobody asked for
  bool close_after_ = false;
  bool closed_ = false;
};

}  // namespace gwanmun::cli
