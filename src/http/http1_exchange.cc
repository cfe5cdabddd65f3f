// One HTTP/1 request and its response, as the proxy sees it; see http1_server.h.
#include <algorithm>

#include "http/http1_server.h"
#include "http/http1_writer.h"
#include "net/limits.h"

namespace gwanmun::http {

Http1Exchange::Http1Exchange(Http1Server& connection) : connection_(connection) {}

void Http1Exchange::start_body() {
  head_method_ = head_.method == "HEAD";
  const ServerLimits& limits = connection_.limits_;
  BodyDecoder& decoder = input_.start();
  if (facts_.chunked) {
    decoder.start_chunked(
        {limits.max_chunk_line_bytes, limits.max_trailer_bytes, limits.max_fields});
  } else if (head_.body.kind == BodyLength::Kind::kKnown) {
    decoder.start_length(head_.body.bytes);
  } else {
    decoder.start_none();
  }
}

// ---- reading ----

BodyReader::State Http1Exchange::state() {
  State state = input_.state(connection_.window_, arena_);
  if (state != kPending) {
    waits_for_body_ = false;
    if (state == kFailed) keep_alive_ = false;
    return state;
  }
  waits_for_body_ = true;
  if (!tunnel()) watch_slowness();
  if (!connection_.window_.is_open() && connection_.stream_->reading_paused()) {
    connection_.stream_->resume_reading();
  }
  return state;
}

void Http1Exchange::continue_if_expected() {
  if (!head_.expect_continue || continue_sent_ || head_sent_ || write_fault_ != Fault::kNone)
    return;
  continue_sent_ = true;
  Headers none(arena_);
  connection_.stream_->write(write_informational(100, none));
}

// ---- writing ----

void Http1Exchange::send_informational(int status, const Headers& headers) {
  if (head_sent_ || head_.version == Version::kHttp10 || write_fault_ != Fault::kNone) return;
  if (status == 100) return continue_if_expected();
  connection_.stream_->write(write_informational(status, headers));
}

void Http1Exchange::send_head(const ResponseHead& head) {
  if (head_sent_ || write_fault_ != Fault::kNone) return;
  head_sent_ = true;
  // A client that waits for 100 may send its body or not; only closing makes that unambiguous.
  bool ambiguous = head_.expect_continue && !continue_sent_ && !input_.done();
  keep_alive_ = facts_.keep_alive && !connection_.draining_ && !connection_.peer_ended_ &&
                !ambiguous && input_.fault() == Fault::kNone;
  WireHead wire = write_response(head, {head_.version, head_method_, keep_alive_});
  connection_.stream_->write(wire.bytes);
  output_.start(wire.body, head.body.bytes);
  if (tunnel()) input_.start().start_until_close();
}

void Http1Exchange::write(std::string_view data) {
  if (!head_sent_ || write_fault_ != Fault::kNone) return;
  output_.write(*connection_.stream_, data);
  if (connection_.stream_->staged() > net::kLowWaterBytes) watch_slowness();
}

bool Http1Exchange::ready() const {
  return connection_.stream_->staged() <=
         std::max<std::size_t>(connection_.limits_.max_staged_bytes, net::kHighWaterBytes);
}

void Http1Exchange::finish(const Headers* trailers) {
  if (!head_sent_ || write_fault_ != Fault::kNone) return;
  // Too short a body can only be told by cutting the connection.
  if (!output_.finish(*connection_.stream_, trailers)) reset(Fault::kClosed);
}

// ---- ending ----

void Http1Exchange::reset(Fault why) {
  if (output_.done()) {
    cut_off_ = true;
    return;
  }
  fail(why);
  if (connection_.closed_) return;
  // The end of the connection would end a close-delimited body; only RST says that it is not whole.
  bool ends_with_fin = output_.wire() == WireBody::kUntilClose || tunnel();
  if (head_sent_ && ends_with_fin) return connection_.close_now(true);
  connection_.close_gracefully();
}

void Http1Exchange::release() {
  if (!output_.done()) reset(Fault::kCancelled);
  released_ = true;
  connection_.exchange_released();
}

void Http1Exchange::client_gone() {
  if (gone_told_) return;
  gone_told_ = true;
  gone_.fire();
}

/// Whatever is not complete fails.
void Http1Exchange::fail(Fault why) {
  keep_alive_ = false;
  input_.fail(why);
  if (write_fault_ == Fault::kNone) write_fault_ = why;
  readable_.fire();
  writable_.fire();
}

// ---- slow clients ----

void Http1Exchange::watch_slowness() {
  if (!watched_) {
    watched_ = true;
    reading_.start(connection_.stream_->bytes_received());
    sending_.start(connection_.stream_->bytes_sent());
  }
  connection_.arm_tick();
}

Http1Exchange::SlowClient Http1Exchange::slow_direction() {
  net::Stream& stream = *connection_.stream_;
  bool expected = waits_for_body_ && body_due() && !stream.reading_paused();
  bool sends_slowly = reading_.too_slow(expected, stream.bytes_received(), connection_.limits_);
  if (sending_.too_slow(stream.staged() > 0, stream.bytes_sent(), connection_.limits_)) {
    return kReceiving;
  }
  return sends_slowly ? kSending : kNeither;
}

}  // namespace gwanmun::http
