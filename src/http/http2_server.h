// The server side of HTTP/2: one connection and its streams, as http/connection.h and http/stream.h
// promise them. Private to http2_server.cc and http2_server_stream.cc: the proxy sees only
// serve_http2(). Never routes and never interprets a path.
#pragma once

#include <memory>

#include "http/connection.h"
#include "http/http2_patience.h"
#include "http/http2_session.h"

namespace gwanmun::http::http2 {

class Server;

/// One exchange. Objects are recycled within a thread.
class ServerExchange final : public ServerStream, public Stream {
 public:
  ServerExchange() : request_(arena_) { memory = &arena_; }

  static ServerExchange& make(Server& server);
  /// Back to the free list.
  static void recycle(ServerExchange& exchange);

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

  // ---- ServerStream ----
  RequestHead& request() override { return request_; }
  Arena& arena() override { return arena_; }
  void send_informational(int status, const Headers& headers) override;
  void send_head(const ResponseHead& head) override;
  void reset(Fault why) override;
  void continue_if_expected() override;
  bool is_gone() const override { return gone_is_; }
  ServerConnection& connection() override;
  void release() override;

 private:
  friend class Server;
  bool responded() const { return send_ended || finishing; }
  void send_switched(const ResponseHead& head);
  void fail(Fault why);

  Server* server_ = nullptr;
  Arena arena_;
  RequestHead request_;
  BodyQueue body_;
  ListLink<ServerExchange> lent_;
  const Headers* trailers_ = nullptr;
  Fault read_fault_ = Fault::kNone;
  Fault write_fault_ = Fault::kNone;
  bool started_ = false;   // the proxy has it
  bool released_ = false;  // the proxy gave it back
  bool gone_is_ = false;
  bool head_sent_ = false;
  bool continued_ = false;
  bool long_lived_ = false;  // gRPC and tunnels: silence of the client is normal
  Patience patience_;
};

class Server final : public ServerConnection,
                     private net::StreamHandler,
                     private net::Flushable,
                     private SessionHandler {
 public:
  Server(net::Loop& loop, std::unique_ptr<net::Stream> stream, ServerHandler& handler,
         const ServerLimits& limits, bool secure);

  /// Sends our preface and starts reading.
  void start(std::uint64_t head_time_used_ms);

  void drain() override;
  void abort(Fault why) override;
  net::Stream& transport() override { return *transport_; }
  std::uint32_t active_streams() const override { return exchanges_; }

 private:
  friend class ServerExchange;
  enum class Drain : std::uint8_t { kNo, kAnnounced, kFinal };

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
  Stream* on_open(std::uint32_t id) override;
  void on_head(Stream& stream, FieldSection& section) override;
  void on_trailers(Stream& stream, const Headers& fields) override;
  void on_data(Stream& stream, std::string_view bytes) override;
  void on_receive_end(Stream& stream) override;
  void on_reset(Stream& stream, Fault why) override;
  void on_writable(Stream& stream) override;
  void on_sent(Stream& stream) override;
  void on_closed(Stream& stream) override;
  void on_settings() override {}
  void on_ping_ack() override;
  void on_goaway(std::uint32_t, ErrorCode) override {}
  void on_failed(ErrorCode code) override;

  void refuse(ServerExchange& exchange, int status, std::string_view why);
  void free(ServerExchange& exchange);
  void finish_drain();
  void close_gracefully();
  void close_transport(Fault why);
  void dispose_if_done();

  void arm(std::uint64_t after_ms);
  void on_timer();
  bool check_patience(std::uint64_t now);

  net::Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  ServerHandler& handler_;
  const ServerLimits& limits_;
  bool secure_;
  bool closed_ = false;  // the transport is
  bool disposed_ = false;
  Drain drain_ = Drain::kNo;
  std::uint32_t exchanges_ = 0;  // not recycled yet
  SessionLimits session_limits_;
  Session session_;
  List<ServerExchange, &ServerExchange::lent_> lent_;
  Patience patience_;              // for the whole connection: it does not take what is staged
  std::uint64_t head_due_ms_ = 0;  // 0: no head is incomplete
  std::uint64_t drain_due_ms_ = 0;
  std::uint64_t idle_since_ms_ = 0;
  std::uint64_t timer_due_ms_ = 0;
  net::Timer timer_;
};

}  // namespace gwanmun::http::http2
