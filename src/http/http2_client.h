// The client side of HTTP/2: one connection to a server and its streams, as http/connection.h and
// http/stream.h promise them. Private to http2_client.cc and http2_client_stream.cc: the pool sees
// only connect_http2(). Never connects, chooses or retries.
#pragma once

#include <memory>
#include <optional>

#include "http/connection.h"
#include "http/http2_session.h"

namespace gwanmun::http::http2 {

class Client;

/// One exchange. Objects are recycled within a thread.
class ClientExchange final : public ClientStream, public Stream {
 public:
  static ClientExchange& make(Client& client, Arena& arena);
  /// Back to the free list.
  static void recycle(ClientExchange& exchange);

  // ---- BodyReader ----
  State state() override;
  std::string_view data() override { return body_.front(); }
  void consume(std::size_t n) override;
  const Headers* trailers() override { return trailers_; }
  Fault read_fault() const override { return read_fault_; }

  // ---- BodyWriter ----
  void write(std::string_view bytes) override;
  bool ready() const override;
  void finish(const Headers* trailers) override;
  Fault write_fault() const override { return write_fault_; }

  // ---- ClientStream ----
  void send_head(const RequestHead& head) override;
  HeadState head_state() const override;
  ResponseHead& response() override { return *response_; }
  void next_head() override { head_ready_ = false; }
  Fault head_fault() const override { return read_fault_; }
  void reset(Fault why) override;
  void release() override;

 private:
  friend class Client;
  void fail(Fault why);
  void take_head(FieldSection& section);
  void deliver_head(ResponseHead head);

  Client* client_ = nullptr;
  std::optional<ResponseHead> response_;
  BodyQueue body_;
  ListLink<ClientExchange> lent_;
  const Headers* trailers_ = nullptr;
  std::string_view upgrade_;  // what an extended CONNECT asked for
  Fault read_fault_ = Fault::kNone;
  Fault write_fault_ = Fault::kNone;
  bool head_ready_ = false;
  bool to_head_ = false;  // answers a HEAD request
  std::uint32_t informational_ = 0;
  std::uint64_t received_before_ = 0;  // bytes of the transport when the request was sent
};

class Client final : public ClientConnection,
                     private net::StreamHandler,
                     private net::Flushable,
                     private SessionHandler {
 public:
  Client(net::Loop& loop, std::unique_ptr<net::Stream> stream, ClientHandler& handler,
         const ClientLimits& limits);

  /// Sends our preface and starts reading.
  void start();

  std::uint32_t capacity() const override;
  std::uint32_t active_streams() const override { return exchanges_; }
  ClientStream& open(Arena& arena) override;
  void retire() override;
  bool extended_connect() const override { return session_.peer().extended_connect; }
  net::Stream& transport() override { return *transport_; }

 private:
  friend class ClientExchange;

  // ---- net::StreamHandler ----
  std::size_t on_data(std::string_view bytes) override;
  std::size_t settle(std::size_t used) override;
  void on_end() override { close_transport(Fault::kClosed); }
  void on_writable() override { session_.set_pressure(false); }
  void on_fault(net::StreamFault fault) override;

  // ---- net::Flushable ----
  void flush() override { session_.output().flush(); }

  // ---- SessionHandler ----
  void send(std::string_view bytes) override;
  void output_pending() override { loop_.flush_later(*this); }
  Stream* on_open(std::uint32_t) override { return nullptr; }
  void on_head(Stream& stream, FieldSection& section) override;
  void on_trailers(Stream& stream, const Headers& fields) override;
  void on_data(Stream& stream, std::string_view bytes) override;
  void on_receive_end(Stream& stream) override;
  void on_reset(Stream& stream, Fault why) override;
  void on_writable(Stream& stream) override;
  void on_sent(Stream&) override {}
  void on_closed(Stream&) override {}
  void on_settings() override;
  void on_ping_ack() override {}
  void on_goaway(std::uint32_t last, ErrorCode code) override;
  void on_failed(ErrorCode code) override;

  bool takes_streams() const { return !closed_ && !retired_ && session_.ids_left(); }
  void free(ClientExchange& exchange);
  void close_gracefully(Fault why);
  void close_transport(Fault why);
  void dispose_if_done();

  net::Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  ClientHandler& handler_;
  const ClientLimits& limits_;
  bool closed_ = false;  // the transport is
  bool disposed_ = false;
  bool retired_ = false;
  bool reused_ = false;          // a response has come on it before
  std::uint32_t exchanges_ = 0;  // not recycled yet
  SessionLimits session_limits_;
  Session session_;
  List<ClientExchange, &ClientExchange::lent_> lent_;
  net::Timer settings_timer_;
};

}  // namespace gwanmun::http::http2
