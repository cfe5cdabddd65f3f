// See echo_websocket.h.
#include "cli/echo_websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

#include "base/text.h"
#include "cli/limits.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr int kClose = 8, kPing = 9, kPong = 10;

void append_frame_head(std::string& out, int first_byte, std::uint64_t size) {
  out += static_cast<char>(first_byte);
  int length_bytes = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  out += static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  std::string input = str_cat(key, kGuid);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest);
  unsigned char text[32];
  int size = EVP_EncodeBlock(text, digest, sizeof digest);
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
}

void WebSocketEcho::fail(std::string& out) {
  append_frame_head(out, 0x80 | kClose, 2);
  out += "\x03\xea";  // 1002: protocol error
  closed_ = true;
}

/// True when the head is complete.
bool WebSocketEcho::parse_head(std::string& out) {
  if (head_.size() < 2) return false;
  auto byte = [this](std::size_t i) { return static_cast<unsigned char>(head_[i]); };
  int opcode = byte(0) & 0x0f;
  std::size_t size_field = byte(1) & 0x7f;
  std::size_t length_bytes = size_field == 126 ? 2 : size_field == 127 ? 8 : 0;
  bool control = opcode >= kClose;
  if ((byte(1) & 0x80) == 0 || (byte(0) & 0x70) != 0 ||
      (control && size_field > kEchoControlFrame) || opcode > kPong ||
      (opcode > 2 && opcode < kClose)) {
    fail(out);
    return false;
  }
  if (head_.size() < 2 + length_bytes + mask_.size()) return false;
  left_ = length_bytes == 0 ? size_field : 0;
  for (std::size_t i = 0; i < length_bytes; ++i) left_ = left_ << 8 | byte(2 + i);
  for (std::size_t i = 0; i < mask_.size(); ++i) mask_[i] = byte(2 + length_bytes + i);
  offset_ = 0;
  in_payload_ = true;
  drop_ = opcode == kPong;
  close_after_ = opcode == kClose;
  int answer = opcode == kPing ? kPong : opcode;
  if (!drop_) append_frame_head(out, (byte(0) & 0x80) | answer, left_);
  return true;
}

void WebSocketEcho::take_payload(std::string_view& bytes, std::string& out) {
  std::size_t size = std::min<std::uint64_t>(left_, bytes.size());
  if (!drop_)
    for (std::size_t i = 0; i < size; ++i)
      out += static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ mask_[(offset_ + i) % 4]);
  bytes.remove_prefix(size);
  offset_ += size;
  left_ -= size;
  if (left_ > 0) return;
  in_payload_ = false;
  head_.clear();
  closed_ = close_after_;
}

std::string WebSocketEcho::feed(std::string_view bytes) {
  std::string out;
  while (!closed_) {
    if (in_payload_) {
      if (bytes.empty() && left_ > 0) break;
      take_payload(bytes, out);
      continue;
    }
    if (bytes.empty()) break;
    head_ += bytes[0];
    bytes.remove_prefix(1);
    parse_head(out);
  }
  return out;
}

}  // namespace gwanmun::cli
