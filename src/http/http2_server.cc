// An HTTP/2 server connection: transport, session and exchanges joined; draining, refusing, and the
// clock. One timer a connection: it runs once a second while there are streams, and when idle it
// sleeps until the idle time is over.
#include "http/http2_server.h"

#include <algorithm>
#include <utility>

#include "net/limits.h"

namespace gwanmun::http {

ServerConnection* serve_http2(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                              ServerHandler& handler, const ServerLimits& limits, bool secure) {
  auto server = std::make_unique<http2::Server>(loop, std::move(stream), handler, limits, secure);
  server->start(0);
  return server.release();  // owns itself from here on: dispose_if_done()
}

namespace http2 {

namespace {

constexpr std::uint64_t kCheckMs = 1'000;
constexpr std::uint64_t kDrainMs = 1'000;  // for the client to see the announcement, at most

SessionLimits session_limits(const ServerLimits& limits) {
  return {.head = {limits.max_head_bytes, limits.max_fields},
          .trailers = {limits.max_trailer_bytes, limits.max_fields},
          .max_staged_bytes = limits.max_staged_bytes,
          .max_concurrent_streams = limits.max_concurrent_streams,
          .initial_window = limits.initial_window_bytes,
          .connection_window = limits.connection_window_bytes,
          .header_table_bytes = limits.header_table_bytes,
          .max_resets = limits.max_resets,
          .max_control_frames = limits.max_control_frames,
          .max_continuation_frames = limits.max_continuation_frames};
}

std::uint64_t ms(Milliseconds time) { return static_cast<std::uint64_t>(time.count()); }

ServerExchange& exchange_of(Stream& stream) { return static_cast<ServerExchange&>(stream); }

}  // namespace

Server::Server(net::Loop& loop, std::unique_ptr<net::Stream> stream, ServerHandler& handler,
               const ServerLimits& limits, bool secure)
    : loop_(loop),
      transport_(std::move(stream)),
      handler_(handler),
      limits_(limits),
      secure_(secure),
      session_limits_(session_limits(limits)),
      session_(Session::kServer, session_limits_, *this) {}

void Server::start(std::uint64_t head_time_used_ms) {
  std::uint64_t left = ms(limits_.head_timeout);
  left -= std::min(left, head_time_used_ms);
  idle_since_ms_ = loop_.now_ms();
  head_due_ms_ = idle_since_ms_ + left;
  arm(left);
  session_.start();
  transport_->set_handler(*this);
}

// ---- the transport ----

std::size_t Server::on_data(std::string_view bytes) {
  if (transport_->staged() == 0) session_.clear_control_bytes();
  std::size_t used = session_.receive(bytes, loop_.now_ms());
  if (closed_) return bytes.size();
  if (session_.control_bytes() > limits_.max_queued_control_bytes) {
    abort(Fault::kOverload);  // it asks for answers and does not read them
    return bytes.size();
  }
  bool incomplete = used < bytes.size() || session_.in_header_block() || !session_.established();
  if (!incomplete) {
    head_due_ms_ = 0;
  } else if (head_due_ms_ == 0) {
    head_due_ms_ = loop_.now_ms() + ms(limits_.head_timeout);
    arm(ms(limits_.head_timeout));
  }
  return used;
}

std::size_t Server::settle(std::size_t used) {
  while (ServerExchange* exchange = lent_.front()) {
    lent_.remove(*exchange);
    exchange->body_.settle();
  }
  return used;
}

void Server::on_fault(net::StreamFault fault) {
  close_transport(fault == net::StreamFault::kTls ? Fault::kTls : Fault::kReset);
}

void Server::send(std::string_view bytes) {
  transport_->write(bytes);
  if (transport_->staged() > net::kHighWaterBytes) session_.set_pressure(true);
}

// ---- the session ----

Stream* Server::on_open(std::uint32_t) {
  if (exchanges_ >= limits_.max_concurrent_streams) return nullptr;
  if (exchanges_++ == 0) arm(kCheckMs);
  return &ServerExchange::make(*this);
}

void Server::on_head(Stream& stream, FieldSection& section) {
  ServerExchange& exchange = exchange_of(stream);
  if (section.state == FieldSection::kTooLarge) {
    return refuse(exchange, 431, "the head is too large");
  }
  RequestHead& request = exchange.request_;
  int status = to_request(section, stream.receive_ended, limits_.max_target_bytes, request);
  if (status == kResetMalformed) {
    session_.stream_error(stream.id, ErrorCode::kProtocolError);
    return;
  }
  if (status != 0) return refuse(exchange, status, "the target or authority is not valid");
  request.scheme = secure_ ? "https" : "http";
  if (request.body.kind == BodyLength::Kind::kKnown) stream.body_left = request.body.bytes;
  const Field* type = request.headers.find(FieldId::kContentType);
  exchange.long_lived_ =
      !request.upgrade.empty() || (type != nullptr && type->value.starts_with("application/grpc"));
  exchange.started_ = true;
  handler_.on_request(exchange);
}

void Server::on_trailers(Stream& stream, const Headers& fields) {
  ServerExchange& exchange = exchange_of(stream);
  exchange.trailers_ =
      new (exchange.arena_.allocate(sizeof(Headers))) Headers(fields);  // freed with the arena
  exchange.readable_.fire();
}

void Server::on_data(Stream& stream, std::string_view bytes) {
  ServerExchange& exchange = exchange_of(stream);
  exchange.body_.lend(bytes);
  if (!exchange.lent_.linked) lent_.push_back(exchange);
  exchange.readable_.fire();
}

void Server::on_receive_end(Stream& stream) { exchange_of(stream).readable_.fire(); }

void Server::on_reset(Stream& stream, Fault why) {
  ServerExchange& exchange = exchange_of(stream);
  if (!exchange.started_) return;
  exchange.gone_is_ = true;
  exchange.fail(why);
  exchange.gone_.fire();
}

void Server::on_writable(Stream& stream) { exchange_of(stream).writable_.fire(); }

void Server::on_sent(Stream& stream) {
  if (exchange_of(stream).released_) session_.reset(stream, ErrorCode::kNoError);
}

void Server::on_closed(Stream& stream) {
  ServerExchange& exchange = exchange_of(stream);
  if (exchange.released_ || !exchange.started_) free(exchange);
}

void Server::on_failed(ErrorCode) { close_gracefully(); }

void Server::refuse(ServerExchange& exchange, int status, std::string_view why) {
  ResponseHead head(exchange.arena_);
  head.status = status;
  head.body = BodyLength::known(0);
  bool ended = exchange.receive_ended;
  session_.send_response(exchange, head, true);  // frees the exchange when the request has ended
  if (!ended) session_.reset(exchange, ErrorCode::kNoError);
  handler_.on_refused(*this, status, why);
}

void Server::free(ServerExchange& exchange) {
  lent_.remove(exchange);
  session_.abandon(exchange);
  ServerExchange::recycle(exchange);
  if (--exchanges_ > 0) return;
  idle_since_ms_ = loop_.now_ms();
  if (closed_) return dispose_if_done();
  if (drain_ == Drain::kFinal) close_gracefully();
}

// ---- the end ----

void Server::drain() {
  if (closed_ || drain_ != Drain::kNo) return;
  drain_ = Drain::kAnnounced;
  if (!session_.established()) return finish_drain();
  // RFC 9113 §6.8: first say that it ends, then, when the client must have seen it, where.
  session_.goaway(kMaxStreamId, ErrorCode::kNoError);
  session_.ping();
  drain_due_ms_ = loop_.now_ms() + kDrainMs;
  arm(kDrainMs);
}

void Server::on_ping_ack() {
  if (drain_ == Drain::kAnnounced) finish_drain();
}

void Server::finish_drain() {
  drain_ = Drain::kFinal;
  drain_due_ms_ = 0;
  session_.goaway(session_.last_peer_id(), ErrorCode::kNoError);
  if (exchanges_ == 0) close_gracefully();
}

/// Sends what is written; running exchanges are lost.
void Server::close_gracefully() {
  if (closed_) return;
  closed_ = true;
  session_.output().flush();
  session_.output().close();
  timer_.disarm();
  settle(0);  // the transport will not ask for it any more
  transport_->close_gracefully();
  session_.close_all(Fault::kMalformed);
  dispose_if_done();
}

void Server::close_transport(Fault why) {
  if (closed_) return;
  closed_ = true;
  session_.output().close();
  timer_.disarm();
  settle(0);
  transport_->close();
  session_.close_all(why);
  dispose_if_done();
}

void Server::abort(Fault why) { close_transport(why); }

void Server::dispose_if_done() {
  if (!closed_ || exchanges_ > 0 || std::exchange(disposed_, true)) return;
  handler_.on_closed(*this);
  loop_.dispose(std::unique_ptr<net::Disposable>(this));
}

// ---- the clock ----

/// The timer runs at the latest after that time.
void Server::arm(std::uint64_t after_ms) {
  std::uint64_t due = loop_.now_ms() + after_ms;
  if (timer_.armed() && timer_due_ms_ <= due) return;
  timer_due_ms_ = due;
  timer_.arm(loop_, after_ms, [](void* self) { static_cast<Server*>(self)->on_timer(); }, this);
}

void Server::on_timer() {
  std::uint64_t now = loop_.now_ms();
  if (head_due_ms_ != 0 && now >= head_due_ms_) {
    if (!session_.established()) return close_transport(Fault::kTimeout);
    return session_.fail(ErrorCode::kEnhanceYourCalm);
  }
  if (drain_due_ms_ != 0 && now >= drain_due_ms_) finish_drain();
  if (closed_) return;
  if (exchanges_ > 0) {
    if (!check_patience(now)) return;
    arm(kCheckMs);
  } else if (now - idle_since_ms_ >= ms(limits_.idle_timeout)) {
    return finish_drain();
  } else {
    arm(idle_since_ms_ + ms(limits_.idle_timeout) - now);
  }
  if (head_due_ms_ != 0) arm(head_due_ms_ - now);
  if (drain_due_ms_ != 0) arm(drain_due_ms_ - now);
}

/// False: the connection was given up.
bool Server::check_patience(std::uint64_t now) {
  if (!patience_.wait(session_.pressure(), transport_->bytes_sent(), now, limits_)) {
    close_transport(Fault::kTimeout);
    return false;
  }
  session_.for_each([&](Stream& stream) {
    ServerExchange& exchange = exchange_of(stream);
    bool sending = !stream.staged.empty() && !session_.pressure();
    bool expecting = exchange.request_.expect_continue && !exchange.continued_;
    bool receiving = !stream.receive_ended && !exchange.long_lived_ && exchange.body_.empty() &&
                     !expecting && !exchange.released_;
    if (exchange.patience_.wait(sending || receiving, stream.moved, now, limits_)) return;
    if (exchange.started_) on_reset(stream, Fault::kTimeout);
    session_.reset(stream, ErrorCode::kCancel);
  });
  return true;
}

}  // namespace http2
}  // namespace gwanmun::http
