// Values of settings are judged here (RFC 9113 §6.5.2), because each has an error of its own.
#include "http/http2_frames.h"

namespace gwanmun::http::http2 {

namespace {

ErrorCode apply_setting(SettingId id, std::uint32_t value, Settings& settings) {
  switch (id) {
    case SettingId::kHeaderTableSize:
      settings.header_table_bytes = value;
      return ErrorCode::kNoError;
    case SettingId::kEnablePush:
      if (value > 1) return ErrorCode::kProtocolError;
      settings.enable_push = value == 1;
      return ErrorCode::kNoError;
    case SettingId::kMaxConcurrentStreams:
      settings.max_concurrent_streams = value;
      return ErrorCode::kNoError;
    case SettingId::kInitialWindowSize:
      if (value > kMaxWindow) return ErrorCode::kFlowControlError;
      settings.initial_window = value;
      return ErrorCode::kNoError;
    case SettingId::kMaxFrameSize:
      if (value < kDefaultFrameBytes || value > kMaxFrameBytes) return ErrorCode::kProtocolError;
      settings.max_frame_bytes = value;
      return ErrorCode::kNoError;
    case SettingId::kMaxHeaderListSize:
      settings.max_head_bytes = value;
      return ErrorCode::kNoError;
    case SettingId::kEnableConnectProtocol:
      // RFC 8441 §3: once said, it may not be taken back.
      if (value > 1 || (settings.extended_connect && value == 0)) return ErrorCode::kProtocolError;
      settings.extended_connect = value == 1;
      return ErrorCode::kNoError;
  }
  return ErrorCode::kNoError;  // unknown ones are ignored
}

}  // namespace

Fault fault_of(ErrorCode code) {
  return code == ErrorCode::kRefusedStream ? Fault::kRefused : Fault::kReset;
}

ErrorCode code_of(Fault why) {
  switch (why) {
    case Fault::kNone:
      return ErrorCode::kNoError;
    case Fault::kRefused:
      return ErrorCode::kRefusedStream;
    case Fault::kTimeout:
    case Fault::kCancelled:
      return ErrorCode::kCancel;
    case Fault::kMalformed:
      return ErrorCode::kProtocolError;
    case Fault::kTooLarge:
    case Fault::kOverload:
      return ErrorCode::kEnhanceYourCalm;
    case Fault::kClosed:
    case Fault::kReset:
    case Fault::kConnect:
    case Fault::kTls:
      return ErrorCode::kInternalError;
  }
  return ErrorCode::kInternalError;
}

ErrorCode apply_settings(std::string_view payload, Settings& settings) {
  for (; payload.size() >= 6; payload.remove_prefix(6)) {
    auto id = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                         static_cast<unsigned char>(payload[1]));
    ErrorCode code =
        apply_setting(static_cast<SettingId>(id), read_u32(payload.data() + 2), settings);
    if (code != ErrorCode::kNoError) return code;
  }
  return ErrorCode::kNoError;
}

char* write_setting(SettingId id, std::uint32_t value, char* out) {
  return write_u32(value, write_u16(static_cast<std::uint16_t>(id), out));
}

bool remove_padding(std::uint8_t flags, std::string_view& payload) {
  if ((flags & flag::kPadded) == 0) return true;
  if (payload.empty()) return false;
  auto padding = static_cast<unsigned char>(payload.front());
  payload.remove_prefix(1);
  if (padding > payload.size()) return false;
  payload.remove_suffix(padding);
  return true;
}

}  // namespace gwanmun::http::http2
