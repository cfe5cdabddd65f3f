// The receiving half of a session: frames to events, and the table of streams. Each take_*() is one
// frame type with the errors RFC 9113 gives it in §6.
#include "http/http2_session.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace gwanmun::http::http2 {

namespace {

constexpr std::uint32_t kFirstBuckets = 16;
constexpr std::uint32_t kEndings = 128;          // streams whose ending is remembered
constexpr std::uint32_t kForgivenByData = 2;     // control frames, for a DATA frame
constexpr std::uint32_t kForgivenByRequest = 4;  // control frames, for a request
constexpr std::uint32_t kForgivenResets = 2;     // for a request that was answered

}  // namespace

bool LeakyCount::add(std::uint64_t now_ms, std::uint32_t limit) {
  std::uint64_t leaked = (now_ms - since_ms_) * limit / kLeakMs;
  if (leaked > 0) {
    level_ -= leaked < level_ ? static_cast<std::uint32_t>(leaked) : level_;
    since_ms_ = now_ms;
  }
  return ++level_ <= limit;
}

void Stream::recycle() {
  assert(!open && !sendable.linked);
  staged.clear();
  *this = Stream{};
}

Session::Session(Role role, const SessionLimits& limits, SessionHandler& handler)
    : limits_(limits),
      handler_(handler),
      role_(role),
      preface_left_(role == kServer ? static_cast<std::uint8_t>(kPreface.size()) : 0),
      decoder_(limits.header_table_bytes),
      output_(handler),
      receive_window_(std::max(limits.connection_window, kDefaultWindow)) {}

// ---- frames ----

std::size_t Session::receive(std::string_view bytes, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  std::string_view in = bytes;
  if (take_preface(in)) {
    while (!failed_ && next_frame(in)) {
    }
  }
  if (failed_) return bytes.size();
  send_staged();
  return bytes.size() - in.size();
}

/// True when it is complete.
bool Session::take_preface(std::string_view& in) {
  if (preface_left_ == 0) return true;
  std::string_view expected = kPreface.substr(kPreface.size() - preface_left_);
  std::string_view got = in.substr(0, expected.size());
  if (got != expected.substr(0, got.size())) {
    fail(ErrorCode::kProtocolError);
    return false;
  }
  preface_left_ = static_cast<std::uint8_t>(preface_left_ - got.size());
  in.remove_prefix(got.size());
  return preface_left_ == 0;
}

/// False: not enough bytes.
bool Session::next_frame(std::string_view& in) {
  if (in_data_) return continue_data(in);
  if (in.size() < kFrameHeaderBytes) return false;
  FrameHeader header = read_frame_header(in.data());
  if (header.length > kDefaultFrameBytes) {
    fail(ErrorCode::kFrameSizeError);
    return false;
  }
  if (!check_order(header)) {
    fail(ErrorCode::kProtocolError);
    return false;
  }
  if (header.type == FrameType::kData) return start_data(header, in);
  if (in.size() < kFrameHeaderBytes + header.length) return false;
  std::string_view payload = in.substr(kFrameHeaderBytes, header.length);
  in.remove_prefix(kFrameHeaderBytes + header.length);
  take_frame(header, payload);
  return true;
}

/// RFC 9113 §3.4: SETTINGS first; §6.10: nothing inside a header block but its continuation.
bool Session::check_order(const FrameHeader& header) {
  if (block_stream_ != 0) {
    return header.type == FrameType::kContinuation && header.stream == block_stream_;
  }
  if (!settings_received_) {
    return header.type == FrameType::kSettings && (header.flags & flag::kAck) == 0;
  }
  return header.type != FrameType::kContinuation;
}

void Session::take_frame(const FrameHeader& header, std::string_view payload) {
  switch (header.type) {
    case FrameType::kHeaders:
      return take_headers(header, payload);
    case FrameType::kContinuation:
      return take_continuation(header, payload);
    case FrameType::kPriority:
      return take_priority(header, payload);
    case FrameType::kRstStream:
      return take_rst_stream(header, payload);
    case FrameType::kSettings:
      return take_settings(header, payload);
    case FrameType::kPing:
      return take_ping(header, payload);
    case FrameType::kGoaway:
      return take_goaway(header, payload);
    case FrameType::kWindowUpdate:
      return take_window_update(header, payload);
    // A client may not push, and our SETTINGS forbid it to a server (§6.6, §8.4).
    case FrameType::kPushPromise:
      return fail(ErrorCode::kProtocolError);
    case FrameType::kData:
      break;
  }
  count_control();  // unknown: ignored (§5.5)
}

// ---- DATA ----

bool Session::start_data(const FrameHeader& header, std::string_view& in) {
  bool padded = (header.flags & flag::kPadded) != 0;
  if (padded && header.length == 0) {
    fail(ErrorCode::kFrameSizeError);
    return false;
  }
  if (in.size() < kFrameHeaderBytes + (padded ? 1 : 0)) return false;
  if (header.stream == 0 || idle(header.stream)) {
    fail(ErrorCode::kProtocolError);
    return false;
  }
  if (static_cast<std::int64_t>(header.length) > receive_window_) {
    fail(ErrorCode::kFlowControlError);
    return false;
  }
  receive_window_ -= header.length;
  in.remove_prefix(kFrameHeaderBytes);
  in_data_ = true;
  data_flags_ = header.flags;
  data_left_ = header.length;
  padding_left_ = 0;
  if (padded) {
    padding_left_ = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    --data_left_;
    if (padding_left_ > data_left_) {
      fail(ErrorCode::kProtocolError);
      return false;
    }
    data_left_ -= padding_left_;
  }
  Stream* stream = data_stream(header);
  data_id_ = stream != nullptr ? stream->id : 0;
  if (failed_) return false;
  // Padding (and its length) is flow-controlled but never read (§6.1).
  std::uint32_t unread = header.length - data_left_;
  if (stream != nullptr && unread > 0) {
    stream->held += unread;
    consume(*stream, unread);
  } else if (stream == nullptr) {
    credit_connection(unread);
  }
  if (data_left_ > 0) {
    control_.forgive(kForgivenByData);
  } else if ((header.flags & flag::kEndStream) == 0) {
    count_control();
  }
  return continue_data(in);
}

/// The stream that a DATA frame is for, after all checks; nullptr: its bytes are dropped.
Stream* Session::data_stream(const FrameHeader& header) {
  Stream* stream = find(header.stream);
  if (stream == nullptr) {
    Ending how = ending(header.stream);
    if (how == Ending::kComplete) {  // §5.1: after END_STREAM from both sides
      fail(ErrorCode::kStreamClosed);
    } else if (how != Ending::kResetByUs) {
      stream_error(header.stream, ErrorCode::kStreamClosed);
    }
    return nullptr;
  }
  ErrorCode error = ErrorCode::kNoError;
  if (stream->receive_ended) {
    error = ErrorCode::kStreamClosed;
  } else if (static_cast<std::int64_t>(header.length) > stream->receive_window) {
    error = ErrorCode::kFlowControlError;
  } else if (!stream->head_received ||
             (stream->body_left != kAnyLength && data_left_ > stream->body_left)) {
    error = ErrorCode::kProtocolError;  // §8.1.1
  }
  if (error != ErrorCode::kNoError) {
    stream_error(header.stream, error);
    return nullptr;
  }
  stream->receive_window -= header.length;
  if (stream->body_left != kAnyLength) stream->body_left -= data_left_;
  return stream;
}

/// Hands on what has come of the payload. True when the frame is complete.
bool Session::continue_data(std::string_view& in) {
  if (data_left_ > 0 && !in.empty()) {
    std::string_view bytes = in.substr(0, data_left_);
    in.remove_prefix(bytes.size());
    data_left_ -= static_cast<std::uint32_t>(bytes.size());
    Stream* stream = data_id_ != 0 ? find(data_id_) : nullptr;
    if (stream != nullptr) {
      stream->held += static_cast<std::uint32_t>(bytes.size());
      stream->moved += bytes.size();
      handler_.on_data(*stream, bytes);
    } else {
      credit_connection(bytes.size());
    }
  }
  if (data_left_ > 0) return false;
  std::size_t padding = in.size() < padding_left_ ? in.size() : padding_left_;
  in.remove_prefix(padding);
  padding_left_ -= static_cast<std::uint32_t>(padding);
  if (padding_left_ > 0) return false;
  in_data_ = false;
  if ((data_flags_ & flag::kEndStream) != 0) end_data();
  return true;
}

void Session::end_data() {
  Stream* stream = data_id_ != 0 ? find(data_id_) : nullptr;
  if (stream == nullptr) return;
  if (stream->body_left != kAnyLength && stream->body_left != 0) {
    return stream_error(stream->id, ErrorCode::kProtocolError);
  }
  stream->receive_ended = true;
  handler_.on_receive_end(*stream);
  if (Stream* still = find(data_id_)) close_if_complete(*still);
}

// ---- HEADERS ----

void Session::take_headers(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0) return fail(ErrorCode::kProtocolError);
  if (!remove_padding(header.flags, payload)) return fail(ErrorCode::kProtocolError);
  bool depends_on_itself = false;
  if ((header.flags & flag::kPriority) != 0) {
    if (payload.size() < 5) return fail(ErrorCode::kFrameSizeError);
    depends_on_itself = (read_u32(payload.data()) & kMaxStreamId) == header.stream;
    payload.remove_prefix(5);
  }
  if (depends_on_itself) {
    // RFC 7540 §5.3.1; the block is read for its effect on the table only.
    if ((header.flags & flag::kEndHeaders) == 0) return fail(ErrorCode::kProtocolError);
    if (!skip_section(decoder_, payload)) return fail(ErrorCode::kCompressionError);
    if (idle(header.stream) && !ours(header.stream)) last_peer_id_ = header.stream;
    return stream_error(header.stream, ErrorCode::kProtocolError);
  }
  if ((header.flags & flag::kEndHeaders) != 0) {
    return take_block(header.stream, header.flags, payload);
  }
  block_stream_ = header.stream;
  block_flags_ = header.flags;
  continuations_ = 0;
  block_.assign(payload);
}

void Session::take_continuation(const FrameHeader& header, std::string_view payload) {
  // No block that is not refused anyway is longer than its decoded size may be.
  if (++continuations_ > limits_.max_continuation_frames ||
      block_.size() + payload.size() > limits_.head.max_bytes) {
    return fail(ErrorCode::kEnhanceYourCalm);
  }
  block_.append(payload);
  if ((header.flags & flag::kEndHeaders) == 0) return;
  std::string block = std::move(block_);
  block_ = std::string();
  std::uint32_t id = block_stream_;
  block_stream_ = 0;
  take_block(id, block_flags_, block);
}

void Session::take_block(std::uint32_t id, std::uint8_t flags, std::string_view block) {
  bool end = (flags & flag::kEndStream) != 0;
  if (Stream* stream = find(id)) {
    bool head = role_ == kClient && !stream->head_received;
    if (stream->receive_ended) {
      if (!skip_section(decoder_, block)) return fail(ErrorCode::kCompressionError);
      return stream_error(id, ErrorCode::kStreamClosed);
    }
    return head ? take_head(*stream, end, block) : take_trailers(*stream, end, block);
  }
  if (!idle(id)) return take_late_block(id, block);
  if (role_ == kClient || ours(id)) return fail(ErrorCode::kProtocolError);
  take_new_block(id, end, block);
}

/// A request.
void Session::take_new_block(std::uint32_t id, bool end, std::string_view block) {
  last_peer_id_ = id;
  if (id > refuse_above_) {  // §6.8: after GOAWAY
    if (!skip_section(decoder_, block)) fail(ErrorCode::kCompressionError);
    return;
  }
  control_.forgive(kForgivenByRequest);
  Stream* stream = stream_count_ < limits_.max_concurrent_streams ? handler_.on_open(id) : nullptr;
  if (stream == nullptr) {
    if (!skip_section(decoder_, block)) return fail(ErrorCode::kCompressionError);
    return stream_error(id, ErrorCode::kRefusedStream);
  }
  stream->id = id;
  stream->send_window = peer_.initial_window;
  stream->receive_window = std::max(limits_.initial_window, kDefaultWindow);
  insert(*stream);
  take_head(*stream, end, block);
}

void Session::take_head(Stream& stream, bool end, std::string_view block) {
  std::uint32_t id = stream.id;
  FieldSection section(*stream.memory);
  if (!read_section(decoder_, block, limits_.head, section)) {
    return fail(ErrorCode::kCompressionError);
  }
  if (section.state == FieldSection::kMalformed) {
    return stream_error(id, ErrorCode::kProtocolError);
  }
  stream.receive_ended = end;
  if (role_ == kServer) stream.head_received = true;  // a client waits for the final one
  handler_.on_head(stream, section);
  if (!end) return;
  if (Stream* still = find(id)) close_if_complete(*still);
}

void Session::take_trailers(Stream& stream, bool end, std::string_view block) {
  std::uint32_t id = stream.id;
  FieldSection section(*stream.memory);
  if (!read_section(decoder_, block, limits_.trailers, section)) {
    return fail(ErrorCode::kCompressionError);
  }
  if (section.state == FieldSection::kTooLarge)
    return stream_error(id, ErrorCode::kEnhanceYourCalm);
  bool length_kept = stream.body_left == kAnyLength || stream.body_left == 0;
  if (section.state != FieldSection::kGood || !to_trailers(section) || !end || !length_kept) {
    return stream_error(id, ErrorCode::kProtocolError);  // §8.1
  }
  stream.receive_ended = true;
  handler_.on_trailers(stream, section.fields);
  if (Stream* still = find(id)) close_if_complete(*still);
}

/// For a stream that is closed (§5.1, §5.1.1).
void Session::take_late_block(std::uint32_t id, std::string_view block) {
  if (!skip_section(decoder_, block)) return fail(ErrorCode::kCompressionError);
  switch (ending(id)) {
    case Ending::kResetByUs:
      return;
    case Ending::kResetByPeer:
      return stream_error(id, ErrorCode::kStreamClosed);
    case Ending::kComplete:
      return fail(ErrorCode::kStreamClosed);
    case Ending::kUnknown:
      break;
  }
  // Never opened, or long ago: an id lower than the last one is an error either way; but a response
  // may be late for a request that we gave up long ago.
  if (role_ == kServer) fail(ErrorCode::kProtocolError);
}

// ---- the other types ----

void Session::take_priority(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0) return fail(ErrorCode::kProtocolError);
  if (payload.size() != 5) return stream_error(header.stream, ErrorCode::kFrameSizeError);
  if ((read_u32(payload.data()) & kMaxStreamId) == header.stream) {
    return stream_error(header.stream, ErrorCode::kProtocolError);
  }
  count_control();
}

void Session::take_rst_stream(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0 || idle(header.stream)) return fail(ErrorCode::kProtocolError);
  if (payload.size() != 4) return fail(ErrorCode::kFrameSizeError);
  Stream* stream = find(header.stream);
  if (stream == nullptr) return count_control();
  auto code = static_cast<ErrorCode>(read_u32(payload.data()));
  handler_.on_reset(*stream, fault_of(code));
  close(*stream, Ending::kResetByPeer);
  count_reset();
}

void Session::take_settings(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::kProtocolError);
  if ((header.flags & flag::kAck) != 0) {
    if (!payload.empty()) return fail(ErrorCode::kFrameSizeError);
    return count_control();
  }
  if (payload.size() % 6 != 0) return fail(ErrorCode::kFrameSizeError);
  std::uint32_t window = peer_.initial_window;
  bool first = !settings_received_;
  settings_received_ = true;
  if (ErrorCode code = apply_settings(payload, peer_); code != ErrorCode::kNoError) {
    return fail(code);
  }
  encoder_.set_table_limit(peer_.header_table_bytes);
  write_control(FrameType::kSettings, flag::kAck, 0, {});
  apply_initial_window(std::int64_t{peer_.initial_window} - window);
  if (failed_) return;
  handler_.on_settings();
  if (!first) count_control();
}

void Session::take_ping(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::kProtocolError);
  if (payload.size() != 8) return fail(ErrorCode::kFrameSizeError);
  if ((header.flags & flag::kAck) != 0) {
    handler_.on_ping_ack();
  } else {
    write_control(FrameType::kPing, flag::kAck, 0, payload);
  }
  count_control();
}

void Session::take_goaway(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::kProtocolError);
  if (payload.size() < 8) return fail(ErrorCode::kFrameSizeError);
  std::uint32_t last = read_u32(payload.data()) & kMaxStreamId;
  auto code = static_cast<ErrorCode>(read_u32(payload.data() + 4));
  count_control();
  if (role_ == kClient) {
    for_each([&](Stream& stream) {
      if (stream.id <= last) return;
      handler_.on_reset(stream, Fault::kRefused);
      close(stream, Ending::kResetByPeer);
    });
  }
  handler_.on_goaway(last, code);
}

void Session::take_window_update(const FrameHeader& header, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::kFrameSizeError);
  if (header.stream != 0 && idle(header.stream)) return fail(ErrorCode::kProtocolError);
  count_control();
  std::int64_t increment = read_u32(payload.data()) & kMaxWindow;
  if (header.stream == 0) {
    if (increment == 0) return fail(ErrorCode::kProtocolError);
    if (send_window_ + increment > kMaxWindow) return fail(ErrorCode::kFlowControlError);
    bool blocked = send_window_ <= 0;
    send_window_ += increment;
    if (blocked) wake_writers();
    return;
  }
  Stream* stream = find(header.stream);
  if (stream == nullptr) return;  // §6.9: may come late
  if (increment == 0) return stream_error(header.stream, ErrorCode::kProtocolError);
  if (stream->send_window + increment > kMaxWindow) {
    return stream_error(header.stream, ErrorCode::kFlowControlError);
  }
  bool blocked = stream->send_window <= 0;
  stream->send_window += increment;
  if (!blocked || stream->send_window <= 0) return;
  if (stream->staged.empty()) {
    handler_.on_writable(*stream);
  } else if (!sendable_.contains(*stream)) {
    sendable_.push_back(*stream);
  }
}

// ---- streams ----

/// Never opened, as far as this side knows.
bool Session::idle(std::uint32_t id) const {
  if (ours(id)) return role_ == kServer || id >= next_id_;
  return id > last_peer_id_;
}

Stream* Session::find(std::uint32_t id) const {
  if (buckets_size_ == 0) return nullptr;
  Stream* stream = buckets_[(id >> 1) & (buckets_size_ - 1)];
  while (stream != nullptr && stream->id != id) stream = stream->next;
  return stream;
}

void Session::insert(Stream& stream) {
  if (stream_count_ >= buckets_size_) {
    std::uint32_t size = buckets_size_ == 0 ? kFirstBuckets : buckets_size_ * 2;
    auto bigger = std::make_unique<Stream*[]>(size);
    for_each([&](Stream& s) {
      Stream*& bucket = bigger[(s.id >> 1) & (size - 1)];
      s.next = bucket;
      bucket = &s;
    });
    buckets_ = std::move(bigger);
    buckets_size_ = size;
  }
  Stream*& bucket = buckets_[(stream.id >> 1) & (buckets_size_ - 1)];
  stream.next = bucket;
  bucket = &stream;
  stream.open = true;
  ++stream_count_;
}

void Session::close_if_complete(Stream& stream) {
  if (!stream.receive_ended || !stream.send_ended) return;
  resets_.forgive(kForgivenResets);
  close(stream, Ending::kComplete);
}

void Session::close(Stream& stream, Ending how) {
  assert(stream.open);
  Stream** at = &buckets_[(stream.id >> 1) & (buckets_size_ - 1)];
  while (*at != &stream) at = &(*at)->next;
  *at = stream.next;
  stream.next = nullptr;
  stream.open = false;
  --stream_count_;
  sendable_.remove(stream);
  staged_total_ -= stream.staged.size();
  stream.staged.clear();
  if (!endings_) endings_ = std::make_unique<std::uint32_t[]>(kEndings);
  // Ids of one side differ in all but the lowest bit, which makes room for the ending.
  endings_[(stream.id >> 1) % kEndings] = (stream.id >> 1) << 2 | static_cast<std::uint32_t>(how);
  handler_.on_closed(stream);
}

Session::Ending Session::ending(std::uint32_t id) const {
  if (!endings_) return Ending::kUnknown;
  std::uint32_t known = endings_[(id >> 1) % kEndings];
  return known >> 2 == id >> 1 ? static_cast<Ending>(known & 3) : Ending::kUnknown;
}

/// An error of the peer's that ends one stream (§5.4.2). On one it never opened there is nothing to
/// reset, so that the connection ends.
void Session::stream_error(std::uint32_t id, ErrorCode code) {
  if (idle(id)) return fail(code);
  write_rst(id, code);
  if (Stream* stream = find(id)) {
    handler_.on_reset(*stream, Fault::kMalformed);
    close(*stream, Ending::kResetByUs);
  }
  count_reset();
}

void Session::count_control() {
  if (!control_.add(now_ms_, limits_.max_control_frames)) fail(ErrorCode::kEnhanceYourCalm);
}

/// Resets by the client, and those that it provokes (RFC 9113 §10.5). A server's resets answer our
/// own requests.
void Session::count_reset() {
  if (role_ == kServer && !resets_.add(now_ms_, limits_.max_resets)) {
    fail(ErrorCode::kEnhanceYourCalm);
  }
}

void Session::fail(ErrorCode code) {
  if (failed_) return;
  goaway(last_peer_id_, code);
  failed_ = true;
  handler_.on_failed(code);
}

void Session::close_all(Fault why) {
  failed_ = true;
  for_each([&](Stream& stream) {
    handler_.on_reset(stream, why);
    close(stream, Ending::kResetByUs);
  });
}

std::size_t Session::footprint() const {
  return decoder_.footprint() + encoder_.footprint() + buckets_size_ * sizeof(Stream*) +
         (endings_ ? kEndings * sizeof(std::uint32_t) : 0) + block_.size();
}

}  // namespace gwanmun::http::http2
