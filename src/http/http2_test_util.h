// Raw HTTP/2 for tests: building frames by hand, reading what a session wrote, and a session with a
// handler that records everything.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/http2_session.h"
#include "http/limits.h"

namespace gwanmun::http::http2::testing {

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload = {}) {
  std::string out(kFrameHeaderBytes, 0);
  write_frame_header({static_cast<std::uint32_t>(payload.size()), type, flags, stream}, out.data());
  return out.append(payload);
}
inline std::string u32(std::uint32_t value) {
  std::string out(4, 0);
  write_u32(value, out.data());
  return out;
}
/// Literals without indexing: what a test writes is what goes over the wire.
inline std::string block(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  auto integer = [&](std::size_t value) {
    if (value < 127) {
      out += static_cast<char>(value);
      return;
    }
    out += '\x7f';
    for (value -= 127; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
    out += static_cast<char>(value);
  };
  for (const auto& [name, value] : fields) {
    out += '\0';
    integer(name.size());
    out += name;
    integer(value.size());
    out += value;
  }
  return out;
}
inline std::string get_block(std::vector<std::pair<std::string, std::string>> more = {}) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a.example"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return block(fields);
}
inline std::string post_block(std::vector<std::pair<std::string, std::string>> more = {}) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {":method", "POST"}, {":scheme", "http"}, {":authority", "a.example"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return block(fields);
}
inline std::string headers(std::uint32_t stream, std::string_view fields, bool end = true) {
  return frame(FrameType::kHeaders, flag::kEndHeaders | (end ? flag::kEndStream : 0), stream,
               fields);
}
inline std::string data(std::uint32_t stream, std::string_view bytes, bool end = false) {
  return frame(FrameType::kData, end ? flag::kEndStream : 0, stream, bytes);
}
inline std::string rst(std::uint32_t stream, ErrorCode code = ErrorCode::kCancel) {
  return frame(FrameType::kRstStream, 0, stream, u32(static_cast<std::uint32_t>(code)));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t bytes) {
  return frame(FrameType::kWindowUpdate, 0, stream, u32(bytes));
}
inline std::string setting(SettingId id, std::uint32_t value) {
  std::string payload(6, 0);
  write_setting(id, value, payload.data());
  return frame(FrameType::kSettings, 0, 0, payload);
}
inline std::string client_start() {
  return std::string(kPreface) + frame(FrameType::kSettings, 0, 0);
}

struct Frame {
  FrameHeader header;
  std::string payload;
  bool is(FrameType type, std::uint32_t stream) const {
    return header.type == type && header.stream == stream;
  }
  bool end_stream() const { return (header.flags & flag::kEndStream) != 0; }
  ErrorCode code(std::size_t offset = 0) const {
    return static_cast<ErrorCode>(read_u32(payload.data() + offset));
  }
};

inline std::vector<Frame> split_frames(std::string_view bytes) {
  std::vector<Frame> out;
  while (bytes.size() >= kFrameHeaderBytes) {
    FrameHeader header = read_frame_header(bytes.data());
    out.push_back({header, std::string(bytes.substr(kFrameHeaderBytes, header.length))});
    bytes.remove_prefix(kFrameHeaderBytes + header.length);
  }
  return out;
}

struct TestStream : Stream {
  Arena arena;
  std::string body;
  int heads = 0;
  std::vector<std::pair<std::string, std::string>> fields, trailers;
  std::string method, path, authority;
  FieldSection::State state = FieldSection::kGood;
  bool ended = false, closed = false;
  int writable = 0;
  Fault fault = Fault::kNone;
};

/// A session whose streams stay in `streams` for ever.
class Recorder final : public SessionHandler {
 public:
  explicit Recorder(Session::Role role, const ServerLimits& limits = {})
      : limits_{.head = {limits.max_head_bytes, limits.max_fields},
                .trailers = {limits.max_trailer_bytes, limits.max_fields},
                .max_staged_bytes = limits.max_staged_bytes,
                .max_concurrent_streams = limits.max_concurrent_streams,
                .initial_window = limits.initial_window_bytes,
                .connection_window = limits.connection_window_bytes,
                .header_table_bytes = limits.header_table_bytes,
                .max_resets = limits.max_resets,
                .max_control_frames = limits.max_control_frames,
                .max_continuation_frames = limits.max_continuation_frames},
        session(role, limits_, *this) {}

 private:
  SessionLimits limits_;

 public:
  Session session;
  std::map<std::uint32_t, std::unique_ptr<TestStream>> streams;
  std::string output;
  int opened = 0;
  bool failed = false;
  bool take_bodies = true;  // consume at once
  ErrorCode code = ErrorCode::kNoError;
  std::uint64_t now = 1'000'000;
  std::string left;

  void start_server() {
    session.start();
    give(client_start());
    frames();
  }
  void give(std::string_view bytes) {
    left += bytes;
    std::size_t used = session.receive(left, now);
    left.erase(0, used);
  }
  /// What was written since the last call.
  std::vector<Frame> frames() {
    session.output().flush();
    return split_frames(std::exchange(output, {}));
  }
  TestStream& operator[](std::uint32_t id) { return *streams.at(id); }
  TestStream& make(std::uint32_t id) {
    auto& stream = streams[id];
    stream = std::make_unique<TestStream>();
    stream->memory = &stream->arena;
    return *stream;
  }

  void send(std::string_view bytes) override { output += bytes; }
  void output_pending() override {}
  Stream* on_open(std::uint32_t id) override {
    ++opened;
    return &make(id);
  }
  void on_head(Stream& stream, FieldSection& section) override {
    auto& s = static_cast<TestStream&>(stream);
    ++s.heads;
    s.state = section.state;
    s.method = section.method;
    s.path = section.path;
    s.authority = section.authority;
    for (const Field& f : section.fields) s.fields.emplace_back(f.name, f.value);
    s.ended = stream.receive_ended;
    if (section.has_length) stream.body_left = section.length;
    stream.head_received = true;
  }
  void on_trailers(Stream& stream, const Headers& fields) override {
    auto& s = static_cast<TestStream&>(stream);
    for (const Field& f : fields) s.trailers.emplace_back(f.name, f.value);
    s.ended = true;
  }
  void on_data(Stream& stream, std::string_view bytes) override {
    static_cast<TestStream&>(stream).body += bytes;
    if (take_bodies) session.consume(stream, bytes.size());
  }
  void on_receive_end(Stream& stream) override { static_cast<TestStream&>(stream).ended = true; }
  void on_reset(Stream& stream, Fault why) override {
    static_cast<TestStream&>(stream).fault = why;
  }
  void on_writable(Stream& stream) override { ++static_cast<TestStream&>(stream).writable; }
  void on_sent(Stream&) override {}
  void on_closed(Stream& stream) override { static_cast<TestStream&>(stream).closed = true; }
  void on_settings() override {}
  void on_ping_ack() override {}
  void on_goaway(std::uint32_t, ErrorCode) override {}
  void on_failed(ErrorCode why) override {
    failed = true;
    code = why;
    session.close_all(Fault::kMalformed);
  }
};

}  // namespace gwanmun::http::http2::testing
