// The two classes behind connect_http1(): a connection to a server and the one exchange it carries
// at a time. Private to http1_client.cc. Servers are not trusted: a malformed reply is a fault, and
// what comes without having been asked for ends the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/connection.h"
#include "http/http1_body.h"
#include "http/http1_parser.h"

namespace gwanmun::http {

class Http1Client;

class Http1ClientStream final : public ClientStream {
 public:
  explicit Http1ClientStream(Http1Client& connection) : connection_(connection) {}

  void send_head(const RequestHead& head) override;
  HeadState head_state() const override { return head_state_; }
  ResponseHead& response() override { return *response_; }
  void next_head() override;
  Fault head_fault() const override { return head_fault_; }

  State state() override;
  std::string_view data() override;
  void consume(std::size_t n) override;
  const Headers* trailers() override { return input_.trailers(); }
  Fault read_fault() const override { return input_.fault(); }

  void write(std::string_view data) override;
  bool ready() const override;
  void finish(const Headers* trailers) override;
  Fault write_fault() const override { return write_fault_; }

  void reset(Fault why) override;
  void release() override;

 private:
  friend class Http1Client;

  void open(Arena& arena);
  void read_head();
  Refusal take_head(std::string_view text);
  void start_body();
  void end_of_input(Fault why);
  void fail(Fault why);
  Fault lost_connection(Fault why) const;

  Http1Client& connection_;
  Arena* arena_ = nullptr;
  std::optional<ResponseHead> response_;
  RequestFacts request_;
  ConnectionFacts facts_;
  HeadFinder finder_;
  BodyInput input_;
  BodyEncoder output_;
  std::uint64_t sent_before_ = 0;  // bytes of earlier exchanges
  std::uint32_t informational_ = 0;
  HeadState head_state_ = kHeadPending;
  Fault head_fault_ = Fault::kNone;
  Fault write_fault_ = Fault::kNone;
  bool head_sent_ = false;
  bool idempotent_ = false;
  bool answered_ = false;    // a byte has come back
  bool final_head_ = false;  // no further head will come
  bool wants_more_ = false;  // the body's reader has asked and waits
};

class Http1Client final : public ClientConnection, public net::StreamHandler {
 public:
  struct Setup {
    net::Loop& loop;
    std::unique_ptr<net::Stream> stream;
    ClientHandler& handler;
    const ClientLimits& limits;
  };
  explicit Http1Client(Setup setup);
  void start() { stream_->set_handler(*this); }

  std::uint32_t capacity() const override;
  std::uint32_t active_streams() const override { return active_ ? 1 : 0; }
  ClientStream& open(Arena& arena) override;
  void retire() override;
  net::Stream& transport() override { return *stream_; }

  std::size_t on_data(std::string_view data) override;
  std::size_t settle(std::size_t used_by_on_data) override;
  void on_end() override;
  void on_writable() override;
  void on_fault(net::StreamFault fault) override;

 private:
  friend class Http1ClientStream;

  bool input_waits() const;
  bool unread_input();
  void stream_released();
  void will_not_be_reused();
  void close();
  void destroy();

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  ClientHandler& handler_;
  const ClientLimits& limits_;
  Window window_;
  Http1ClientStream exchange_{*this};
  bool active_ = false;
  bool reused_ = false;   // at least one exchange was completed on it
  bool retired_ = false;  // no further exchange
  bool closed_ = false;
  bool destroyed_ = false;
};

}  // namespace gwanmun::http
