// One HTTP/2 connection without I/O (RFC 9113), for either side: bytes in, events and frames out;
// HPACK, flow control both ways, the order of sending, the errors, and the limits on abuse. Used by
// http2_server.cc and http2_client.cc, which own the streams and the transport. One thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "http/hpack.h"
#include "http/http2_body.h"
#include "http/http2_frames.h"
#include "http/http2_head.h"
#include "http/http2_list.h"
#include "http/http2_output.h"

namespace gwanmun::http::http2 {

struct SessionLimits {
  FieldLimits head;
  FieldLimits trailers;
  std::uint32_t max_staged_bytes;
  std::uint32_t max_concurrent_streams;  // that the peer may open
  std::uint32_t initial_window;
  std::uint32_t connection_window;
  std::uint32_t header_table_bytes;
  // Without progress; they leak away in kLeakMs, so that rare ones never add up.
  std::uint32_t max_resets;
  std::uint32_t max_control_frames;
  std::uint32_t max_continuation_frames;
};

/// A count with a limit, which forgets at the rate of the limit in kLeakMs.
class LeakyCount {
 public:
  static constexpr std::uint64_t kLeakMs = 10'000;
  /// False: beyond the limit.
  bool add(std::uint64_t now_ms, std::uint32_t limit);
  void forgive(std::uint32_t n) { level_ -= n < level_ ? n : level_; }

 private:
  std::uint32_t level_ = 0;
  std::uint64_t since_ms_ = 0;
};

constexpr std::uint64_t kAnyLength = std::numeric_limits<std::uint64_t>::max();

/// The session's part of a stream; the connections' streams derive from it and own it.
struct Stream {
  std::uint32_t id = 0;
  Stream* next = nullptr;   // in its bucket
  Arena* memory = nullptr;  // for heads and trailers, received and staged
  bool open = false;        // in the session
  bool head_received = false;
  bool receive_ended = false;  // END_STREAM came
  bool send_ended = false;     // END_STREAM went
  bool finishing = false;      // END_STREAM follows what is staged
  std::int64_t send_window = 0;
  std::int64_t receive_window = 0;
  std::uint32_t held = 0;                // received bytes that were not consumed yet
  std::uint32_t unreturned = 0;          // consumed bytes not yet given back as credit
  std::uint64_t body_left = kAnyLength;  // what Content-Length promised
  std::uint64_t last_frame = 0;          // where the last HEADERS or DATA frame was written
  std::uint64_t moved = 0;               // body bytes in both directions, for rates
  ByteQueue staged;
  const Headers* staged_trailers = nullptr;  // to follow what is staged
  ListLink<Stream> sendable;                 // has something staged and credit for it

  /// As new, for another exchange.
  void recycle();
};

/// What a session tells its connection. Calls come from inside receive(), except where noted; the
/// connection may call back, and the stream may be gone after that.
class SessionHandler : public OutputSink {
 public:
  /// Server: the peer opens a stream. nullptr refuses it (REFUSED_STREAM).
  virtual Stream* on_open(std::uint32_t id) = 0;
  /// A request's or response's head; section.state is kGood or kTooLarge. stream.receive_ended says
  /// whether a body follows; if so, set stream.body_left.
  virtual void on_head(Stream& stream, FieldSection& section) = 0;
  /// Ends the body; the fields are in the stream's arena.
  virtual void on_trailers(Stream& stream, const Headers& fields) = 0;
  /// Part of the body; valid until receive() returns and the connection settles.
  virtual void on_data(Stream& stream, std::string_view bytes) = 0;
  virtual void on_receive_end(Stream& stream) = 0;
  /// The stream ends early, by the peer or for an error of the peer's. on_closed() follows.
  virtual void on_reset(Stream& stream, Fault why) = 0;
  /// More may be written, see ready(). Also from set_pressure().
  virtual void on_writable(Stream& stream) = 0;
  /// All that was staged is sent, with END_STREAM, but the peer has not ended yet.
  virtual void on_sent(Stream& stream) = 0;
  /// The stream left the session: complete or reset. Also from finish(), reset(), close_all(). The
  /// session does not touch it afterwards.
  virtual void on_closed(Stream& stream) = 0;
  virtual void on_settings() = 0;
  virtual void on_ping_ack() = 0;
  /// Streams above `last` were not processed; reset(kRefused) has been told to them.
  virtual void on_goaway(std::uint32_t last, ErrorCode code) = 0;
  /// The connection is over; GOAWAY is written. Everything else received is ignored.
  virtual void on_failed(ErrorCode code) = 0;

 protected:
  ~SessionHandler() = default;
};

class Session {
 public:
  enum Role : std::uint8_t { kServer, kClient };

  /// `limits` must outlive the session.
  Session(Role role, const SessionLimits& limits, SessionHandler& handler);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The connection preface: SETTINGS, and the connection's window.
  void start();
  /// Takes bytes off the transport; returns how many were used. The rest is the start of a frame.
  std::size_t receive(std::string_view bytes, std::uint64_t now_ms);
  /// The peer's preface and first SETTINGS have come.
  bool established() const { return settings_received_; }
  /// In the middle of a header block that spans frames.
  bool in_header_block() const { return block_stream_ != 0; }
  bool failed() const { return failed_; }

  // ---- sending ----

  /// Client: takes the next stream id. Requires ids_left().
  void open(Stream& stream);
  bool ids_left() const { return next_id_ <= kMaxStreamId; }
  void send_request(Stream& stream, const RequestHead& head, std::string_view scheme, bool end);
  void send_response(Stream& stream, const ResponseHead& head, bool end);
  /// Takes everything; what cannot be sent yet is staged. Check ready() before giving much.
  void write(Stream& stream, std::string_view data);
  bool ready(const Stream& stream) const;
  /// END_STREAM, after what is staged; `trailers` may be nullptr, and is copied when it must wait.
  void finish(Stream& stream, const Headers* trailers);
  void reset(Stream& stream, ErrorCode code);
  /// Gives credit for received bytes that were read.
  void consume(Stream& stream, std::size_t bytes);
  /// The stream will not be read any further: its bytes' credit goes back to the connection.
  void abandon(Stream& stream);
  void ping();
  /// Announces that streams above `last` are not taken (kMaxStreamId: a warning, none is refused).
  void goaway(std::uint32_t last, ErrorCode code);
  /// The peer broke a rule on one stream: RST_STREAM, on_reset(), and one more on the count of
  /// resets.
  void stream_error(std::uint32_t id, ErrorCode code);
  /// GOAWAY and on_failed().
  void fail(ErrorCode code);
  /// The transport is gone or given up: every stream is reset with `why`.
  void close_all(Fault why);

  /// The transport has (not) as much staged as it should: DATA is staged here meanwhile.
  void set_pressure(bool pressure);
  bool pressure() const { return pressure_; }
  Output& output() { return output_; }

  // ---- facts ----

  const Settings& peer() const { return peer_; }
  std::uint32_t last_peer_id() const { return last_peer_id_; }
  /// Bytes of control frames written since the last call of clear_control_bytes().
  std::uint32_t control_bytes() const { return control_bytes_; }
  void clear_control_bytes() { control_bytes_ = 0; }
  std::uint32_t streams() const { return stream_count_; }
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < buckets_size_; ++i) {
      for (Stream* s = buckets_[i]; s != nullptr;) {
        Stream* next = s->next;
        visit(*s);
        s = next;
      }
    }
  }
  std::size_t footprint() const;

 private:
  enum class Ending : std::uint8_t { kUnknown, kComplete, kResetByUs, kResetByPeer };

  // http2_session.cc
  bool take_preface(std::string_view& in);
  bool next_frame(std::string_view& in);
  bool check_order(const FrameHeader& header);
  void take_frame(const FrameHeader& header, std::string_view payload);
  bool start_data(const FrameHeader& header, std::string_view& in);
  bool continue_data(std::string_view& in);
  Stream* data_stream(const FrameHeader& header);
  void end_data();
  void take_headers(const FrameHeader& header, std::string_view payload);
  void take_continuation(const FrameHeader& header, std::string_view payload);
  void take_block(std::uint32_t id, std::uint8_t flags, std::string_view block);
  void take_new_block(std::uint32_t id, bool end, std::string_view block);
  void take_head(Stream& stream, bool end, std::string_view block);
  void take_trailers(Stream& stream, bool end, std::string_view block);
  void take_late_block(std::uint32_t id, std::string_view block);
  void take_priority(const FrameHeader& header, std::string_view payload);
  void take_rst_stream(const FrameHeader& header, std::string_view payload);
  void take_settings(const FrameHeader& header, std::string_view payload);
  void take_ping(const FrameHeader& header, std::string_view payload);
  void take_goaway(const FrameHeader& header, std::string_view payload);
  void take_window_update(const FrameHeader& header, std::string_view payload);
  bool idle(std::uint32_t id) const;
  bool ours(std::uint32_t id) const { return (id & 1) == (role_ == kClient ? 1u : 0u); }
  void count_control();
  void count_reset();

  // http2_session_output.cc
  template <class Write>
  void write_block(Stream& stream, std::size_t bound, bool end, Write write);
  void write_long_block(std::uint32_t id, bool end, std::string_view block);
  void write_control(FrameType type, std::uint8_t flags, std::uint32_t id,
                     std::string_view payload);
  void write_rst(std::uint32_t id, ErrorCode code);
  void write_window_update(std::uint32_t id, std::uint32_t bytes);
  void emit_data(Stream& stream, std::string_view data, std::uint8_t flags);
  std::size_t allowance(const Stream& stream) const;
  void stage(Stream& stream, std::string_view data);
  void end_send(Stream& stream, const Headers* trailers);
  void send_staged();
  bool send_staged_turn(Stream& stream);
  void wake_writers();
  void credit_connection(std::size_t bytes);
  void apply_initial_window(std::int64_t change);

  // streams: http2_session.cc
  Stream* find(std::uint32_t id) const;
  void insert(Stream& stream);
  void close_if_complete(Stream& stream);
  void close(Stream& stream, Ending how);
  Ending ending(std::uint32_t id) const;

  const SessionLimits& limits_;
  SessionHandler& handler_;
  Role role_;
  bool failed_ = false;
  bool settings_received_ = false;
  bool pressure_ = false;
  std::uint8_t preface_left_ = 0;
  Settings peer_;
  hpack::Decoder decoder_;
  hpack::Encoder encoder_;
  Output output_;

  std::int64_t send_window_ = kDefaultWindow;
  std::int64_t receive_window_;
  std::uint32_t unreturned_ = 0;
  std::size_t staged_total_ = 0;
  List<Stream, &Stream::sendable> sendable_;

  // The DATA frame that is being received.
  bool in_data_ = false;
  std::uint8_t data_flags_ = 0;
  std::uint32_t data_id_ = 0;  // 0: nobody wants it
  std::uint32_t data_left_ = 0;
  std::uint32_t padding_left_ = 0;

  // A header block that is not whole yet.
  std::uint32_t block_stream_ = 0;
  std::uint8_t block_flags_ = 0;
  std::uint32_t continuations_ = 0;
  std::string block_;

  std::unique_ptr<Stream*[]> buckets_;
  std::uint32_t buckets_size_ = 0;  // a power of two
  std::uint32_t stream_count_ = 0;
  std::uint32_t next_id_ = 1;       // client
  std::uint32_t last_peer_id_ = 0;  // server: the highest the client opened
  std::uint32_t refuse_above_ = kMaxStreamId;
  std::unique_ptr<std::uint32_t[]> endings_;  // of the last streams: id and how it ended

  std::uint64_t now_ms_ = 0;
  LeakyCount resets_;
  LeakyCount control_;
  std::uint32_t control_bytes_ = 0;
};

}  // namespace gwanmun::http::http2
