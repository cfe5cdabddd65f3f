// An HTTP/2 client connection: transport, session and exchanges joined; capacity, retiring, and the
// end.
#include "http/http2_client.h"

#include <algorithm>
#include <utility>

#include "net/limits.h"

namespace gwanmun::http {

ClientConnection* connect_http2(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                                ClientHandler& handler, const ClientLimits& limits) {
  auto client = std::make_unique<http2::Client>(loop, std::move(stream), handler, limits);
  client->start();
  return client.release();  // owns itself from here on: dispose_if_done()
}

namespace http2 {

namespace {

SessionLimits session_limits(const ClientLimits& limits) {
  return {.head = {limits.max_head_bytes, limits.max_fields},
          .trailers = {limits.max_trailer_bytes, limits.max_fields},
          .max_staged_bytes = limits.max_staged_bytes,
          .max_concurrent_streams = 0,  // a server opens none: push is off
          .initial_window = limits.initial_window_bytes,
          .connection_window = limits.connection_window_bytes,
          .header_table_bytes = limits.header_table_bytes,
          .max_resets = limits.max_concurrent_streams,
          .max_control_frames = limits.max_control_frames,
          .max_continuation_frames = limits.max_continuation_frames};
}

ClientExchange& exchange_of(Stream& stream) { return static_cast<ClientExchange&>(stream); }

}  // namespace

Client::Client(net::Loop& loop, std::unique_ptr<net::Stream> stream, ClientHandler& handler,
               const ClientLimits& limits)
    : loop_(loop),
      transport_(std::move(stream)),
      handler_(handler),
      limits_(limits),
      session_limits_(session_limits(limits)),
      session_(Session::kClient, session_limits_, *this) {}

void Client::start() {
  settings_timer_.arm(
      loop_, static_cast<std::uint64_t>(limits_.settings_timeout.count()),
      [](void* self) { static_cast<Client*>(self)->close_transport(Fault::kTimeout); }, this);
  session_.start();
  transport_->set_handler(*this);
}

// ---- the pool's side ----

std::uint32_t Client::capacity() const {
  if (!takes_streams()) return 0;
  std::uint32_t most =
      std::min(limits_.max_concurrent_streams, session_.peer().max_concurrent_streams);
  return most > exchanges_ ? most - exchanges_ : 0;
}

ClientStream& Client::open(Arena& arena) {
  ++exchanges_;
  return ClientExchange::make(*this, arena);
}

void Client::retire() {
  retired_ = true;
  if (exchanges_ == 0) close_gracefully(Fault::kClosed);
}

void Client::free(ClientExchange& exchange) {
  if (exchange.head_received) reused_ = true;
  lent_.remove(exchange);
  session_.abandon(exchange);
  ClientExchange::recycle(exchange);
  --exchanges_;
  if (closed_) return dispose_if_done();
  if (!takes_streams()) {
    if (exchanges_ == 0) close_gracefully(Fault::kClosed);
    return;
  }
  handler_.on_idle(*this);
}

// ---- the transport ----

std::size_t Client::on_data(std::string_view bytes) {
  if (transport_->staged() == 0) session_.clear_control_bytes();
  std::size_t used = session_.receive(bytes, loop_.now_ms());
  if (!closed_ && session_.control_bytes() > limits_.max_queued_control_bytes) {
    close_transport(Fault::kOverload);
  }
  return closed_ ? bytes.size() : used;
}

std::size_t Client::settle(std::size_t used) {
  while (ClientExchange* exchange = lent_.front()) {
    lent_.remove(*exchange);
    exchange->body_.settle();
  }
  return used;
}

void Client::on_fault(net::StreamFault fault) {
  close_transport(fault == net::StreamFault::kTls ? Fault::kTls : Fault::kReset);
}

void Client::send(std::string_view bytes) {
  transport_->write(bytes);
  if (transport_->staged() > net::kHighWaterBytes) session_.set_pressure(true);
}

// ---- the session ----

void Client::on_head(Stream& stream, FieldSection& section) {
  exchange_of(stream).take_head(section);
}

void Client::on_trailers(Stream& stream, const Headers& fields) {
  ClientExchange& exchange = exchange_of(stream);
  exchange.trailers_ = new (stream.memory->allocate(sizeof(Headers))) Headers(fields);
  exchange.readable_.fire();
}

void Client::on_data(Stream& stream, std::string_view bytes) {
  ClientExchange& exchange = exchange_of(stream);
  exchange.body_.lend(bytes);
  if (!exchange.lent_.linked) lent_.push_back(exchange);
  exchange.readable_.fire();
}

void Client::on_receive_end(Stream& stream) { exchange_of(stream).readable_.fire(); }

void Client::on_reset(Stream& stream, Fault why) {
  ClientExchange& exchange = exchange_of(stream);
  // A pooled connection that died before it said anything about the request (http/error.h).
  bool silent = transport_->bytes_received() == exchange.received_before_;
  bool lost = why == Fault::kClosed || why == Fault::kReset;
  if (closed_ && lost && reused_ && silent) why = Fault::kRefused;
  exchange.fail(why);
}

void Client::on_writable(Stream& stream) { exchange_of(stream).writable_.fire(); }

void Client::on_settings() {
  settings_timer_.disarm();
  if (takes_streams()) handler_.on_capacity(*this);
}

void Client::on_goaway(std::uint32_t, ErrorCode) {
  if (std::exchange(retired_, true)) return;
  handler_.on_retired(*this);
  if (exchanges_ == 0) close_gracefully(Fault::kClosed);
}

void Client::on_failed(ErrorCode) { close_gracefully(Fault::kMalformed); }

// ---- the end ----

void Client::close_gracefully(Fault why) {
  if (closed_) return;
  if (!session_.failed()) session_.goaway(0, ErrorCode::kNoError);
  closed_ = true;
  session_.output().flush();
  session_.output().close();
  settings_timer_.disarm();
  settle(0);  // the transport will not ask for it any more
  transport_->close_gracefully();
  session_.close_all(why);
  dispose_if_done();
}

void Client::close_transport(Fault why) {
  if (closed_) return;
  closed_ = true;
  session_.output().close();
  settings_timer_.disarm();
  settle(0);
  transport_->close();
  session_.close_all(why);
  dispose_if_done();
}

void Client::dispose_if_done() {
  if (!closed_ || disposed_) return;
  if (!std::exchange(retired_, true)) handler_.on_retired(*this);
  if (exchanges_ > 0) return;
  disposed_ = true;
  handler_.on_closed(*this);
  loop_.dispose(std::unique_ptr<net::Disposable>(this));
}

}  // namespace http2
}  // namespace gwanmun::http
