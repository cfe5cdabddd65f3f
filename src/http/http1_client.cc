// HTTP/1 to a server; see http1_client.h.
#include "http/http1_client.h"

#include <algorithm>

#include "http/http1_writer.h"
#include "net/limits.h"

namespace gwanmun::http {

ClientConnection* connect_http1(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                                ClientHandler& handler, const ClientLimits& limits) {
  auto* connection = new Http1Client({loop, std::move(stream), handler, limits});
  connection->start();
  return connection;  // owns itself until destroy()
}

// ---- the exchange: request ----

void Http1ClientStream::open(Arena& arena) {
  arena_ = &arena;
  response_.emplace(arena);
  request_ = {};
  facts_ = {};
  finder_.reset();
  input_.start().start_none();
  output_ = {};
  sent_before_ = connection_.stream_->bytes_sent();
  informational_ = 0;
  head_state_ = kHeadPending;
  head_fault_ = write_fault_ = Fault::kNone;
  head_sent_ = idempotent_ = final_head_ = answered_ = wants_more_ = false;
}

void Http1ClientStream::send_head(const RequestHead& head) {
  if (head_sent_ || write_fault_ != Fault::kNone) return;
  head_sent_ = true;
  request_ = {.head_method = head.method == "HEAD", .upgrade = head.upgrade};
  // RFC 9110 §9.2.2.
  idempotent_ = head.method == "GET" || head.method == "HEAD" || head.method == "PUT" ||
                head.method == "DELETE" || head.method == "OPTIONS" || head.method == "TRACE";
  WireHead wire = write_request(head);
  connection_.stream_->write(wire.bytes);
  output_.start(wire.body, head.body.bytes);
}

void Http1ClientStream::write(std::string_view data) {
  if (!head_sent_ || write_fault_ != Fault::kNone) return;
  output_.write(*connection_.stream_, data);
}

bool Http1ClientStream::ready() const {
  return connection_.stream_->staged() <=
         std::max<std::size_t>(connection_.limits_.max_staged_bytes, net::kHighWaterBytes);
}

void Http1ClientStream::finish(const Headers* trailers) {
  if (!head_sent_ || write_fault_ != Fault::kNone) return;
  if (!output_.finish(*connection_.stream_, trailers)) reset(Fault::kClosed);
}

// ---- the exchange: response ----

/// Looks for the next head in the window.
void Http1ClientStream::read_head() {
  if (head_state_ != kHeadPending || connection_.window_.rest().empty()) return;
  const ClientLimits& limits = connection_.limits_;
  HeadLimits head_limits{limits.max_head_bytes, limits.max_fields, 0};
  HeadFinder::Step step = finder_.find_response(connection_.window_.rest(), head_limits);
  if (step.kind == HeadFinder::Step::kMore) return;
  Refusal refusal = step.refusal;
  if (step.kind == HeadFinder::Step::kFound) {
    refusal = take_head(connection_.window_.rest().substr(0, step.size));
    connection_.window_.use(step.size);
  }
  if (refusal) return reset(refusal.status == 431 ? Fault::kTooLarge : Fault::kMalformed);
  head_state_ = kHeadReady;
  head_event_.fire();
}

Refusal Http1ClientStream::take_head(std::string_view text) {
  const ClientLimits& limits = connection_.limits_;
  // An answer to a request that was not sent yet.
  if (!head_sent_) return {400, "a response without a request"};
  Refusal refusal = parse_response(text, {limits.max_head_bytes, limits.max_fields, 0}, request_,
                                   *response_, facts_);
  if (refusal) return refusal;
  final_head_ = response_->status >= 200 || response_->status == 101;
  if (!final_head_) {
    if (++informational_ > limits.max_informational) return {431, "too many informational heads"};
    return {};
  }
  start_body();
  if (!facts_.keep_alive) connection_.will_not_be_reused();
  return {};
}

void Http1ClientStream::start_body() {
  const ClientLimits& limits = connection_.limits_;
  BodyDecoder& decoder = input_.start();
  if (response_->status == 101) {
    decoder.start_until_close();
    output_.start(WireBody::kTunnel, 0);
    connection_.will_not_be_reused();
  } else if (response_->no_body) {
    decoder.start_none();
  } else if (facts_.chunked) {
    decoder.start_chunked(
        {limits.max_chunk_line_bytes, limits.max_trailer_bytes, limits.max_fields});
  } else if (facts_.until_close) {
    decoder.start_until_close();
  } else {
    decoder.start_length(response_->body.bytes);
  }
}

void Http1ClientStream::next_head() {
  if (head_state_ != kHeadReady || final_head_) return;
  head_state_ = head_fault_ == Fault::kNone ? kHeadPending : kHeadFailed;
  if (head_state_ == kHeadFailed) return;
  response_->headers.clear();
  if (connection_.window_.is_open()) read_head();
  else if (connection_.stream_->reading_paused()) connection_.stream_->resume_reading();
}

BodyReader::State Http1ClientStream::state() {
  if (!final_head_ && input_.fault() == Fault::kNone) return kPending;
  State state = input_.state(connection_.window_, *arena_);
  if (state == kFailed) connection_.will_not_be_reused();
  wants_more_ = state == kPending;
  if (state == kPending && !connection_.window_.is_open() &&
      connection_.stream_->reading_paused()) {
    connection_.stream_->resume_reading();
  }
  return state;
}

std::string_view Http1ClientStream::data() { return input_.data(connection_.window_); }

void Http1ClientStream::consume(std::size_t n) { input_.consume(connection_.window_, n); }

// ---- the exchange: ends ----

/// error.h: kRefused promises that the server did not process the request. A connection that was
/// idle may have been closed before the request reached the server; without a byte of an answer
/// that is as good as certain when nothing could be sent, and harmless when the method may be
/// repeated (RFC 9112 §9.3.1).
Fault Http1ClientStream::lost_connection(Fault why) const {
  if (!connection_.reused_ || answered_) return why;
  bool unsent = connection_.stream_->bytes_sent() == sent_before_;
  return idempotent_ || unsent ? Fault::kRefused : why;
}

/// The server closed, or the connection broke (`why`).
void Http1ClientStream::end_of_input(Fault why) {
  if (!final_head_) return fail(lost_connection(why));
  // A close-delimited body is complete at the FIN, but not at a reset.
  if (why == Fault::kClosed) input_.end_of_input();
  fail(why);
}

/// Whatever is not complete fails.
void Http1ClientStream::fail(Fault why) {
  if (!final_head_ && head_fault_ == Fault::kNone) {
    head_fault_ = why;
    if (head_state_ == kHeadPending) head_state_ = kHeadFailed;
    input_.start().start_until_close();
  }
  input_.fail(why);
  if (!output_.done() && write_fault_ == Fault::kNone) write_fault_ = why;
  head_event_.fire();
  readable_.fire();
  writable_.fire();
}

void Http1ClientStream::reset(Fault why) {
  fail(why);
  connection_.close();
}

void Http1ClientStream::release() {
  bool unused = !head_sent_;
  bool complete = final_head_ && output_.done() && state() == kEnd;
  if (complete && output_.wire() == WireBody::kTunnel) connection_.stream_->close_gracefully();
  if (!unused && !complete) reset(Fault::kCancelled);
  connection_.stream_released();
}

// ---- the connection ----

Http1Client::Http1Client(Setup setup)
    : loop_(setup.loop),
      stream_(std::move(setup.stream)),
      handler_(setup.handler),
      limits_(setup.limits) {}

std::uint32_t Http1Client::capacity() const {
  return !active_ && !retired_ && !closed_ && !input_waits() ? 1 : 0;
}

/// Something has come that no exchange has asked for: bytes, or the end.
bool Http1Client::input_waits() const {
  return window_.is_open() ? !window_.rest().empty() : stream_->peer_closed_or_readable();
}

ClientStream& Http1Client::open(Arena& arena) {
  active_ = true;
  exchange_.open(arena);
  return exchange_;
}

std::size_t Http1Client::on_data(std::string_view data) {
  window_.open(data);
  if (!active_) {
    close();  // bytes that nobody asked for
    return data.size();
  }
  exchange_.answered_ = true;
  exchange_.read_head();
  if (!closed_ && exchange_.final_head_ && !window_.rest().empty()) exchange_.readable_.fire();
  return window_.used();
}

std::size_t Http1Client::settle(std::size_t) {
  // Who has not asked again after what it took cannot pass on more: the rest stays in the kernel.
  bool satisfied = active_ && exchange_.final_head_ && !exchange_.wants_more_;
  if (!closed_ && (unread_input() || satisfied)) stream_->pause_reading();
  exchange_.input_.forget_window();
  return window_.close();
}

/// True when the window holds bytes that nobody takes for now.
bool Http1Client::unread_input() {
  if (window_.rest().empty()) return false;
  if (!active_ || !exchange_.final_head_) return exchange_.head_state() == ClientStream::kHeadReady;
  BodyReader::State state = exchange_.state();
  // More than one reply: this one is whole, but nothing more is believed.
  if (state == BodyReader::kEnd && !window_.rest().empty()) will_not_be_reused();
  return !window_.rest().empty() && state != BodyReader::kPending;
}

void Http1Client::on_end() {
  if (closed_) return;
  if (!active_) return close();
  bool tunnel = exchange_.output_.wire() == WireBody::kTunnel && !exchange_.output_.done();
  if (tunnel) {  // half closed: what is left of the other direction can still go out
    exchange_.input_.end_of_input();
    exchange_.readable_.fire();
    return;
  }
  exchange_.end_of_input(Fault::kClosed);
  close();
}

void Http1Client::on_fault(net::StreamFault fault) {
  if (closed_) return;
  if (active_) exchange_.end_of_input(fault_of(fault));
  close();
}

void Http1Client::on_writable() {
  if (active_) exchange_.writable_.fire();
}

void Http1Client::stream_released() {
  // The response's arena goes now.
  exchange_.response_.reset();
  active_ = false;
  reused_ |= exchange_.head_sent_;
  if (closed_) return destroy();
  if (retired_ || input_waits()) return close();
  if (stream_->reading_paused()) stream_->resume_reading();
  handler_.on_idle(*this);
}

void Http1Client::will_not_be_reused() {
  if (std::exchange(retired_, true)) return;
  handler_.on_retired(*this);
}

void Http1Client::retire() {
  retired_ = true;
  if (!active_) close();
}

void Http1Client::close() {
  if (!closed_) {
    will_not_be_reused();
    closed_ = true;
    stream_->close();
  }
  if (!active_) destroy();
}

void Http1Client::destroy() {
  if (std::exchange(destroyed_, true)) return;
  handler_.on_closed(*this);
  loop_.dispose(std::unique_ptr<net::Disposable>(this));
}

}  // namespace gwanmun::http
