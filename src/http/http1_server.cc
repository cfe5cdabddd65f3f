// An HTTP/1 connection from a client: finds heads, starts exchanges, judges slowness, closes. See
// http1_server.h; the exchange itself is in http1_exchange.cc.
#include "http/http1_server.h"

#include <algorithm>

#include "net/limits.h"

namespace gwanmun::http {

ServerConnection* serve_http1(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                              ServerHandler& handler, const ServerLimits& limits, bool secure) {
  auto* connection = new Http1Server({loop, std::move(stream), handler, limits, secure});
  connection->start();
  return connection;  // owns itself until retire()
}

Http1Server::Http1Server(Setup setup)
    : loop_(setup.loop),
      stream_(std::move(setup.stream)),
      handler_(setup.handler),
      limits_(setup.limits),
      secure_(setup.secure) {}

Http1Server::~Http1Server() = default;

void Http1Server::start() {
  deadline_.set(loop_, static_cast<std::uint64_t>(limits_.head_timeout.count()));
  stream_->set_handler(*this);
}

std::uint32_t Http1Server::active_streams() const {
  return exchange_ && !exchange_->released_ ? 1 : 0;
}

// ---- input ----

std::size_t Http1Server::on_data(std::string_view data) {
  window_.open(data);
  pump();
  return window_.used();
}

std::size_t Http1Server::settle(std::size_t) {
  if (!closed_) pump();
  if (!closed_ && unread_input()) stream_->pause_reading();
  if (exchange_) exchange_->input_.forget_window();
  return window_.close();
}

/// Does with the window whatever can be done now.
void Http1Server::pump() {
  while (!closed_) {
    if (exchange_ && !exchange_->released_) {
      if (!window_.rest().empty()) exchange_->readable_.fire();
      return;
    }
    if (exchange_) {
      discard_body();
      if (exchange_) return;
    } else if (!read_head()) {
      return;
    }
  }
}

/// Starts an exchange when a whole head is there. False when there is nothing more to do.
bool Http1Server::read_head() {
  if (window_.rest().empty()) return false;
  // Answers that the client does not read must not pile up: no further request until they are out.
  output_full_ =
      stream_->staged() > std::max<std::size_t>(limits_.max_staged_bytes, net::kHighWaterBytes);
  if (output_full_) return false;
  HeadLimits limits{limits_.max_head_bytes, limits_.max_fields, limits_.max_target_bytes};
  bool started = finder_.started();
  HeadFinder::Step step = finder_.find_request(window_.rest(), limits);
  window_.use(step.skipped);
  if (step.kind == HeadFinder::Step::kRefused) {
    refuse(step.refusal);
    return false;
  }
  if (step.kind == HeadFinder::Step::kMore) {
    // The first bytes of a head: from here it has the head timeout.
    if (!started && finder_.started()) {
      deadline_.set(loop_, static_cast<std::uint64_t>(limits_.head_timeout.count()));
    }
    return false;
  }
  std::string_view head = window_.rest().substr(0, step.size);
  window_.use(step.size);
  if (Refusal refusal = begin_exchange(head)) {
    exchange_.reset();
    refuse(refusal);
    return false;
  }
  deadline_.clear();
  handler_.on_request(*exchange_);
  return true;
}

Refusal Http1Server::begin_exchange(std::string_view head) {
  exchange_ = std::make_unique<Http1Exchange>(*this);
  HeadLimits limits{limits_.max_head_bytes, limits_.max_fields, limits_.max_target_bytes};
  Refusal refusal = parse_request(head, limits, exchange_->head_, exchange_->facts_);
  if (refusal) return refusal;
  exchange_->head_.scheme = secure_ ? "https" : "http";
  exchange_->start_body();
  return {};
}

/// The exchange is over but not all of its request's body has come.
void Http1Server::discard_body() {
  Http1Exchange& exchange = *exchange_;
  for (;;) {
    switch (exchange.state()) {
      case BodyReader::kPending:
        arm_tick();
        return;
      case BodyReader::kData:
        exchange.discarded_ += exchange.data().size();
        exchange.consume(exchange.data().size());
        if (exchange.discarded_ > limits_.max_discarded_bytes) return close_gracefully();
        break;
      case BodyReader::kEnd:
        return next_request();
      case BodyReader::kFailed:
        return close_gracefully();
    }
  }
}

/// True when the window holds bytes that nobody takes for now.
bool Http1Server::unread_input() {
  if (window_.rest().empty()) return false;
  if (!exchange_) return output_full_;
  BodyReader::State state = exchange_->state();
  return !window_.rest().empty() && state != BodyReader::kPending;
}

void Http1Server::on_end() {
  if (closed_) return;
  peer_ended_ = true;
  if (!exchange_) return close_gracefully();
  if (exchange_->released_) return close_gracefully();
  exchange_->input_.end_of_input();
  exchange_->readable_.fire();
  if (!exchange_->tunnel()) exchange_->client_gone();
}

void Http1Server::on_fault(net::StreamFault fault) {
  if (closed_) return;
  if (exchange_ && !exchange_->released_) {
    exchange_->fail(fault_of(fault));
    exchange_->client_gone();
  }
  close_now(false);
}

// ---- output ----

void Http1Server::on_writable() {
  if (closed_) return;
  if (exchange_ && !exchange_->released_) exchange_->writable_.fire();
  else if (!exchange_ && stream_->reading_paused()) stream_->resume_reading();
}

/// Answers a request that never reached the proxy, and closes.
void Http1Server::refuse(Refusal refusal) {
  stream_->write(write_refusal(refusal.status, refusal.why));
  handler_.on_refused(*this, refusal.status, refusal.why);
  if (!closed_) close_gracefully();
}

// ---- between exchanges ----

void Http1Server::exchange_released() {
  Http1Exchange& exchange = *exchange_;
  if (closed_) return end_exchange();
  if (exchange.tunnel() || exchange.output_.wire() == WireBody::kUntilClose) {
    return close_gracefully();
  }
  if (exchange.state() == BodyReader::kEnd) return next_request();
  bool unanswered_expectation = exchange.head_.expect_continue && !exchange.continue_sent_;
  bool too_much =
      exchange.input_.left() != UINT64_MAX && exchange.input_.left() > limits_.max_discarded_bytes;
  bool hopeless = exchange.read_fault() != Fault::kNone || unanswered_expectation || too_much;
  if (hopeless || exchange.cut_off_ || !exchange.keep_alive_) return close_gracefully();
  // The rest of the body is read and dropped, so that the connection can go on.
  arm_tick();
  if (!window_.is_open() && stream_->reading_paused()) stream_->resume_reading();
}

/// The exchange is complete on both sides.
void Http1Server::next_request() {
  if (!exchange_->keep_alive_ || draining_ || peer_ended_) return close_gracefully();
  exchange_.reset();
  finder_.reset();
  deadline_.set(loop_, static_cast<std::uint64_t>(limits_.idle_timeout.count()));
  // What was sent ahead: within on_data() or settle() pump() goes on with it.
  if (!window_.is_open() && stream_->reading_paused()) stream_->resume_reading();
}

void Http1Server::drain() {
  draining_ = true;
  if (exchange_ || closed_ || finder_.started()) return;
  deadline_.set(loop_, static_cast<std::uint64_t>(limits_.drain_idle.count()));
}

// ---- time ----

void Http1Server::arm_tick() {
  if (!deadline_.is_set()) deadline_.set(loop_, kRateTickMs);
}

void Http1Server::deadline_passed() {
  if (closed_) return;
  if (!exchange_) {
    if (finder_.started()) return refuse({408, "the request head took too long"});
    return close_gracefully();
  }
  switch (exchange_->slow_direction()) {
    case Http1Exchange::kNeither:
      break;
    case Http1Exchange::kSending:
      if (exchange_->released_) return close_gracefully();
      exchange_->input_.fail(Fault::kTimeout);  // the proxy may still answer
      exchange_->readable_.fire();
      break;
    case Http1Exchange::kReceiving:
      return abort(Fault::kTimeout);
  }
  if (exchange_->body_due() || stream_->staged() > 0) arm_tick();
}

// ---- the end ----

void Http1Server::abort(Fault why) {
  if (closed_) return;
  if (exchange_ && !exchange_->released_) {
    exchange_->fail(why);
    exchange_->client_gone();
  }
  close_now(true);
}

void Http1Server::close_now(bool reset) {
  if (closed_) return;
  closed_ = true;
  deadline_.clear();
  if (reset) stream_->abort();
  else stream_->close();
  if (!exchange_ || exchange_->released_) end_exchange();
}

void Http1Server::close_gracefully() {
  if (closed_) return;
  closed_ = true;
  deadline_.clear();
  stream_->close_gracefully();
  if (!exchange_ || exchange_->released_) end_exchange();
}

/// Closed, and nobody uses the exchange any more.
void Http1Server::end_exchange() {
  exchange_.reset();
  retire();
}

void Http1Server::retire() {
  if (std::exchange(retired_, true)) return;
  handler_.on_closed(*this);
  loop_.dispose(std::unique_ptr<net::Disposable>(this));
}

}  // namespace gwanmun::http
