// The sending half of a session: heads, bodies within the peer's credit, turns between streams that
// wait for it, and credit for the peer.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "http/http2_session.h"

namespace gwanmun::http::http2 {

namespace {

constexpr std::uint32_t kMaxDataBytes = 64 * 1024;  // of one frame, when the peer allows more
constexpr std::uint32_t kForgivenByData = 2;        // control frames, for a DATA frame
constexpr std::size_t kSmallData = 256;  // a frame cut shorter than this by credit is no progress

const Headers* copy_fields(Arena& arena, const Headers& fields) {
  auto* copy = new (arena.allocate(sizeof(Headers))) Headers(arena);
  copy->reserve(fields.size());
  for (const Field& field : fields) {
    copy->add(Field{arena.copy(field.name), arena.copy(field.value), field.id});
  }
  return copy;
}

}  // namespace

// ---- the connection ----

void Session::start() {
  char settings[5 * 6];
  char* end = settings;
  if (role_ == kServer) {
    end = write_setting(SettingId::kMaxConcurrentStreams, limits_.max_concurrent_streams, end);
    end = write_setting(SettingId::kEnableConnectProtocol, 1, end);
  } else {
    end = write_setting(SettingId::kEnablePush, 0, end);
    char* out = output_.reserve(kPreface.size());
    std::memcpy(out, kPreface.data(), kPreface.size());
    output_.commit(out + kPreface.size());
  }
  if (limits_.header_table_bytes != Settings{}.header_table_bytes) {
    end = write_setting(SettingId::kHeaderTableSize, limits_.header_table_bytes, end);
  }
  end = write_setting(SettingId::kInitialWindowSize, limits_.initial_window, end);
  end = write_setting(SettingId::kMaxHeaderListSize, limits_.head.max_bytes, end);
  write_control(FrameType::kSettings, 0, 0, {settings, static_cast<std::size_t>(end - settings)});
  if (limits_.connection_window > kDefaultWindow) {
    write_window_update(0, limits_.connection_window - kDefaultWindow);
  }
}

void Session::write_control(FrameType type, std::uint8_t flags, std::uint32_t id,
                            std::string_view payload) {
  if (failed_) return;
  char* out = output_.reserve(kFrameHeaderBytes + payload.size());
  out = write_frame_header({static_cast<std::uint32_t>(payload.size()), type, flags, id}, out);
  if (!payload.empty()) std::memcpy(out, payload.data(), payload.size());
  output_.commit(out + payload.size());
  control_bytes_ += static_cast<std::uint32_t>(kFrameHeaderBytes + payload.size());
}

void Session::write_rst(std::uint32_t id, ErrorCode code) {
  char payload[4];
  write_u32(static_cast<std::uint32_t>(code), payload);
  write_control(FrameType::kRstStream, 0, id, {payload, sizeof payload});
}

void Session::write_window_update(std::uint32_t id, std::uint32_t bytes) {
  char payload[4];
  write_u32(bytes, payload);
  write_control(FrameType::kWindowUpdate, 0, id, {payload, sizeof payload});
}

void Session::ping() {
  write_control(FrameType::kPing, 0, 0, std::string_view("\0\0\0\0\0\0\0\0", 8));
}

void Session::goaway(std::uint32_t last, ErrorCode code) {
  char payload[8];
  write_u32(static_cast<std::uint32_t>(code), write_u32(last, payload));
  write_control(FrameType::kGoaway, 0, 0, {payload, sizeof payload});
  if (role_ == kServer) refuse_above_ = last;
}

// ---- heads ----

void Session::open(Stream& stream) {
  assert(role_ == kClient && ids_left());
  stream.id = next_id_;
  next_id_ += 2;
  stream.send_window = peer_.initial_window;
  stream.receive_window = std::max(limits_.initial_window, kDefaultWindow);
  insert(stream);
}

template <class Write>
void Session::write_block(Stream& stream, std::size_t bound, bool end, Write write) {
  bound += hpack::Encoder::kStartBound;
  if (bound <= Output::kBlockBytes - kFrameHeaderBytes) {
    char* frame = output_.reserve(kFrameHeaderBytes + bound);
    stream.last_frame = output_.position();
    char* block = frame + kFrameHeaderBytes;
    char* block_end = write(encoder_, encoder_.start(block));
    auto size = static_cast<std::uint32_t>(block_end - block);
    std::uint8_t flags = flag::kEndHeaders | (end ? flag::kEndStream : 0);
    write_frame_header({size, FrameType::kHeaders, flags, stream.id}, frame);
    output_.commit(block_end);
    return;
  }
  auto block = std::make_unique_for_overwrite<char[]>(bound);
  char* block_end = write(encoder_, encoder_.start(block.get()));
  write_long_block(stream.id, end,
                   {block.get(), static_cast<std::size_t>(block_end - block.get())});
  stream.last_frame = 0;
}

/// HEADERS and as many CONTINUATION frames as it takes.
void Session::write_long_block(std::uint32_t id, bool end, std::string_view block) {
  FrameType type = FrameType::kHeaders;
  std::uint8_t flags = end ? flag::kEndStream : 0;
  do {
    constexpr std::size_t kMost = Output::kDirectBytes;
    std::string_view part = block.substr(0, kMost);
    block.remove_prefix(part.size());
    if (block.empty()) flags |= flag::kEndHeaders;
    char* out = output_.reserve(kFrameHeaderBytes);
    output_.commit(
        write_frame_header({static_cast<std::uint32_t>(part.size()), type, flags, id}, out));
    output_.append(part);
    type = FrameType::kContinuation;
    flags = 0;
  } while (!block.empty());
}

void Session::send_request(Stream& stream, const RequestHead& head, std::string_view scheme,
                           bool end) {
  if (!stream.open || failed_) return;
  write_block(stream, request_bound(head), end, [&](hpack::Encoder& encoder, char* out) {
    return write_request(encoder, head, scheme, out);
  });
  stream.send_ended = end;
}

void Session::send_response(Stream& stream, const ResponseHead& head, bool end) {
  if (!stream.open || failed_) return;
  write_block(stream, response_bound(head), end, [&](hpack::Encoder& encoder, char* out) {
    return write_response(encoder, head, out);
  });
  stream.send_ended = end;
  if (end) close_if_complete(stream);
}

// ---- bodies ----

/// How much of its body a stream may send now.
std::size_t Session::allowance(const Stream& stream) const {
  std::int64_t most = stream.send_window < send_window_ ? stream.send_window : send_window_;
  if (most <= 0) return 0;
  std::int64_t frame =
      peer_.max_frame_bytes < kMaxDataBytes ? peer_.max_frame_bytes : kMaxDataBytes;
  return static_cast<std::size_t>(most < frame ? most : frame);
}

void Session::write(Stream& stream, std::string_view data) {
  if (!stream.open || stream.send_ended || stream.finishing || failed_) return;
  if (stream.staged.empty() && (sendable_.empty() || send_window_ > 0)) {
    while (!data.empty() && !pressure_) {
      std::string_view part = data.substr(0, allowance(stream));
      if (part.empty()) break;
      emit_data(stream, part, 0);
      data.remove_prefix(part.size());
    }
  }
  if (!data.empty()) stage(stream, data);
}

bool Session::ready(const Stream& stream) const {
  if (pressure_ || !stream.staged.empty()) return false;
  return staged_total_ < limits_.max_staged_bytes || (stream.send_window > 0 && send_window_ > 0);
}

void Session::emit_data(Stream& stream, std::string_view data, std::uint8_t flags) {
  bool direct = data.size() >= Output::kDirectBytes;
  char* out = output_.reserve(kFrameHeaderBytes + (direct ? 0 : data.size()));
  stream.last_frame = output_.position();
  output_.commit(write_frame_header(
      {static_cast<std::uint32_t>(data.size()), FrameType::kData, flags, stream.id}, out));
  output_.append(data);
  stream.send_window -= static_cast<std::int64_t>(data.size());
  send_window_ -= static_cast<std::int64_t>(data.size());
  stream.moved += data.size();
  bool cut = stream.send_window <= 0 || send_window_ <= 0;
  if (!cut || data.size() >= kSmallData) control_.forgive(kForgivenByData);
}

void Session::stage(Stream& stream, std::string_view data) {
  stream.staged.append(data);
  staged_total_ += data.size();
  if (stream.send_window > 0 && !sendable_.contains(stream)) sendable_.push_back(stream);
}

void Session::finish(Stream& stream, const Headers* trailers) {
  if (!stream.open || stream.send_ended || stream.finishing || failed_) return;
  if (trailers != nullptr && trailers->empty()) trailers = nullptr;
  if (stream.staged.empty()) {
    end_send(stream, trailers);
    close_if_complete(stream);
    return;
  }
  stream.finishing = true;
  if (trailers != nullptr) stream.staged_trailers = copy_fields(*stream.memory, *trailers);
}

/// Marks the last frame when it can still be reached, else sends an empty one.
void Session::end_send(Stream& stream, const Headers* trailers) {
  stream.send_ended = true;
  if (trailers != nullptr) {
    write_block(stream, fields_bound(*trailers), true, [&](hpack::Encoder& encoder, char* out) {
      return write_fields(encoder, *trailers, out);
    });
    return;
  }
  if (char* frame = stream.last_frame > 0 ? output_.at(stream.last_frame) : nullptr) {
    frame[4] = static_cast<char>(frame[4] | flag::kEndStream);
    return;
  }
  char* out = output_.reserve(kFrameHeaderBytes);
  output_.commit(write_frame_header({0, FrameType::kData, flag::kEndStream, stream.id}, out));
}

/// One frame of each stream in turn, as long as there is credit and the transport takes more.
void Session::send_staged() {
  while (!pressure_ && !failed_ && send_window_ > 0 && !sendable_.empty()) {
    Stream& stream = *sendable_.front();
    sendable_.remove(stream);
    if (send_staged_turn(stream)) sendable_.push_back(stream);
  }
}

/// True when it wants another turn.
bool Session::send_staged_turn(Stream& stream) {
  std::string_view part = stream.staged.view().substr(0, allowance(stream));
  if (part.empty()) return false;
  bool was_full = staged_total_ >= limits_.max_staged_bytes;
  emit_data(stream, part, 0);
  staged_total_ -= part.size();
  stream.staged.consume(part.size());
  if (was_full && staged_total_ < limits_.max_staged_bytes) wake_writers();
  if (!stream.staged.empty()) return stream.send_window > 0;
  if (!stream.finishing) {
    handler_.on_writable(stream);
    return false;
  }
  end_send(stream, stream.staged_trailers);
  if (stream.receive_ended) {
    close_if_complete(stream);
  } else {
    handler_.on_sent(stream);
  }
  return false;
}

void Session::wake_writers() {
  for_each([&](Stream& stream) {
    if (stream.staged.empty() && ready(stream)) handler_.on_writable(stream);
  });
}

void Session::set_pressure(bool pressure) {
  bool relieved = pressure_ && !pressure;
  pressure_ = pressure;
  if (!relieved) return;
  send_staged();
  if (!pressure_) wake_writers();
}

void Session::reset(Stream& stream, ErrorCode code) {
  if (!stream.open) return;
  write_rst(stream.id, code);
  close(stream, Ending::kResetByUs);
}

// ---- credit for the peer ----

void Session::consume(Stream& stream, std::size_t bytes) {
  assert(bytes <= stream.held);
  stream.held -= static_cast<std::uint32_t>(bytes);
  credit_connection(bytes);
  // A sender that has credit for all that it promised needs no more.
  if (!stream.open || stream.receive_ended ||
      static_cast<std::uint64_t>(stream.receive_window) >= stream.body_left) {
    return;
  }
  stream.unreturned += static_cast<std::uint32_t>(bytes);
  if (stream.unreturned * 2 < limits_.initial_window) return;
  write_window_update(stream.id, stream.unreturned);
  stream.receive_window += stream.unreturned;
  stream.unreturned = 0;
}

void Session::abandon(Stream& stream) {
  if (stream.held > 0) credit_connection(stream.held);
  stream.held = 0;
}

void Session::credit_connection(std::size_t bytes) {
  unreturned_ += static_cast<std::uint32_t>(bytes);
  if (unreturned_ * 2 < limits_.connection_window) return;
  write_window_update(0, unreturned_);
  receive_window_ += unreturned_;
  unreturned_ = 0;
}

/// SETTINGS_INITIAL_WINDOW_SIZE changed (§6.9.2): a window may become negative.
void Session::apply_initial_window(std::int64_t change) {
  if (change == 0) return;
  bool overflow = false;
  for_each([&](Stream& stream) {
    stream.send_window += change;
    overflow |= stream.send_window > kMaxWindow;
    if (stream.staged.empty()) return;
    if (stream.send_window > 0 && !sendable_.contains(stream)) sendable_.push_back(stream);
    if (stream.send_window <= 0) sendable_.remove(stream);
  });
  if (overflow) return fail(ErrorCode::kFlowControlError);
  if (change > 0) wake_writers();
}

}  // namespace gwanmun::http::http2
