// The two classes behind serve_http1(): the connection, which is all that an idle client costs, and
// the exchange, which exists from a complete request head to release(). Private to http1_server.cc
// and http1_exchange.cc.
//
// One exchange at a time: the next request is looked at when the response is complete and the
// request's body has been read or discarded. What a client sends ahead stays with the stream, which
// keeps at most one read's worth and then lets TCP push back.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/http1_body.h"
#include "http/http1_parser.h"
#include "http/rate_guard.h"
#include "net/task.h"

namespace gwanmun::http {

class Http1Exchange;

class Http1Server final : public ServerConnection, public net::StreamHandler {
 public:
  struct Setup {
    net::Loop& loop;
    std::unique_ptr<net::Stream> stream;
    ServerHandler& handler;
    const ServerLimits& limits;
    bool secure;
  };
  explicit Http1Server(Setup setup);
  ~Http1Server() override;
  void start();

  void drain() override;
  void abort(Fault why) override;
  net::Stream& transport() override { return *stream_; }
  std::uint32_t active_streams() const override;

  std::size_t on_data(std::string_view data) override;
  std::size_t settle(std::size_t used_by_on_data) override;
  void on_end() override;
  void on_writable() override;
  void on_fault(net::StreamFault fault) override;

 private:
  friend class Http1Exchange;

  void pump();
  bool read_head();
  Refusal begin_exchange(std::string_view head);
  void discard_body();
  bool unread_input();
  void exchange_released();
  void next_request();
  void end_exchange();
  void refuse(Refusal refusal);
  void close_now(bool reset);
  void close_gracefully();
  void retire();
  void deadline_passed();
  void arm_tick();

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  ServerHandler& handler_;
  const ServerLimits& limits_;
  std::unique_ptr<Http1Exchange> exchange_;
  Window window_;
  Deadline<Http1Server, &Http1Server::deadline_passed> deadline_{*this};
  HeadFinder finder_;
  bool secure_;
  bool draining_ = false;
  bool output_full_ = false;  // the next request waits until the client reads its answers
  bool peer_ended_ = false;   // the client's FIN has come
  bool closed_ = false;       // the stream is closed; only the exchange's release is waited for
  bool retired_ = false;      // on its way to destruction
};

class Http1Exchange final : public ServerStream {
 public:
  explicit Http1Exchange(Http1Server& connection);
  // Recycled within the thread: a busy connection never calls malloc.
  static void* operator new(std::size_t size) { return net::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) { net::free_frame(memory, size); }

  State state() override;
  std::string_view data() override { return input_.data(connection_.window_); }
  void consume(std::size_t n) override { input_.consume(connection_.window_, n); }
  const Headers* trailers() override { return input_.trailers(); }
  Fault read_fault() const override { return input_.fault(); }

  void write(std::string_view data) override;
  bool ready() const override;
  void finish(const Headers* trailers) override;
  Fault write_fault() const override { return write_fault_; }

  RequestHead& request() override { return head_; }
  Arena& arena() override { return arena_; }
  void send_informational(int status, const Headers& headers) override;
  void send_head(const ResponseHead& head) override;
  void reset(Fault why) override;
  void continue_if_expected() override;
  bool is_gone() const override { return gone_told_; }
  ServerConnection& connection() override { return connection_; }
  void release() override;

 private:
  friend class Http1Server;

  void start_body();
  void client_gone();
  void fail(Fault why);
  void watch_slowness();
  enum SlowClient : std::uint8_t { kNeither, kSending, kReceiving };
  SlowClient slow_direction();
  /// More of the request's body is to come.
  bool body_due() const { return !tunnel() && !input_.done() && input_.fault() == Fault::kNone; }
  bool tunnel() const { return output_.wire() == WireBody::kTunnel; }

  Http1Server& connection_;
  Arena arena_;
  RequestHead head_{arena_};
  ConnectionFacts facts_;
  BodyInput input_;
  BodyEncoder output_;
  RateGuard reading_, sending_;
  std::uint64_t discarded_ = 0;
  Fault write_fault_ = Fault::kNone;
  bool head_method_ = false;
  bool head_sent_ = false;
  bool continue_sent_ = false;
  bool keep_alive_ = false;  // decided with the response's head
  bool cut_off_ = false;     // reset() after the response: do not read the rest of the body
  bool waits_for_body_ = false;
  bool watched_ = false;
  bool gone_told_ = false;
  bool released_ = false;
};

}  // namespace gwanmun::http
