// HTTP/2 frames as bytes (RFC 9113 §4, §6, §7): the header, settings, error codes. Pure; used by
// http2_session.cc and tests. Keeps no state.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "http/error.h"

namespace gwanmun::http::http2 {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kFrameHeaderBytes = 9;
constexpr std::uint32_t kDefaultWindow = 65'535;
constexpr std::uint32_t kMaxWindow = 0x7fff'ffff;
constexpr std::uint32_t kMaxStreamId = 0x7fff'ffff;
constexpr std::uint32_t kDefaultFrameBytes = 16'384;  // also what we announce, by silence
constexpr std::uint32_t kMaxFrameBytes = 0xff'ffff;

enum class FrameType : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation,
};

namespace flag {
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kAck = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;
constexpr std::uint8_t kPriority = 0x20;
}  // namespace flag

/// RFC 9113 §7
enum class ErrorCode : std::uint32_t {
  kNoError,
  kProtocolError,
  kInternalError,
  kFlowControlError,
  kSettingsTimeout,
  kStreamClosed,
  kFrameSizeError,
  kRefusedStream,
  kCancel,
  kCompressionError,
  kConnectError,
  kEnhanceYourCalm,
  kInadequateSecurity,
  kHttp11Required,
};

/// What a reset by the peer means to an exchange.
Fault fault_of(ErrorCode code);
/// What to tell the peer when an exchange ends for `why`.
ErrorCode code_of(Fault why);

struct FrameHeader {
  std::uint32_t length = 0;
  FrameType type = FrameType::kData;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
};

inline std::uint32_t read_u32(const char* in) {
  std::uint32_t value;
  __builtin_memcpy(&value, in, 4);
  return __builtin_bswap32(value);
}
inline char* write_u32(std::uint32_t value, char* out) {
  value = __builtin_bswap32(value);
  __builtin_memcpy(out, &value, 4);
  return out + 4;
}
inline char* write_u16(std::uint16_t value, char* out) {
  value = __builtin_bswap16(value);
  __builtin_memcpy(out, &value, 2);
  return out + 2;
}

/// Requires kFrameHeaderBytes at `in`.
inline FrameHeader read_frame_header(const char* in) {
  return {read_u32(in) >> 8, static_cast<FrameType>(in[3]), static_cast<std::uint8_t>(in[4]),
          read_u32(in + 5) & kMaxStreamId};
}
/// Requires room for kFrameHeaderBytes; returns the end.
inline char* write_frame_header(const FrameHeader& header, char* out) {
  out = write_u32(header.length << 8 | static_cast<std::uint8_t>(header.type), out);
  *out++ = static_cast<char>(header.flags);
  return write_u32(header.stream, out);
}

enum class SettingId : std::uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kMaxHeaderListSize = 6,
  kEnableConnectProtocol = 8,  // RFC 8441
};

/// One side's settings, with the defaults that hold before any are received.
struct Settings {
  std::uint32_t header_table_bytes = 4096;
  std::uint32_t max_concurrent_streams = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t initial_window = kDefaultWindow;
  std::uint32_t max_frame_bytes = kDefaultFrameBytes;
  std::uint32_t max_head_bytes = std::numeric_limits<std::uint32_t>::max();
  bool enable_push = true;
  bool extended_connect = false;
};

/// Applies a SETTINGS payload (a multiple of 6 bytes); kNoError, or the connection's error.
ErrorCode apply_settings(std::string_view payload, Settings& settings);
/// Appends one setting; returns the end.
char* write_setting(SettingId id, std::uint32_t value, char* out);

/// Takes the padding off a DATA, HEADERS or PUSH_PROMISE payload; false: PROTOCOL_ERROR.
bool remove_padding(std::uint8_t flags, std::string_view& payload);

}  // namespace gwanmun::http::http2
