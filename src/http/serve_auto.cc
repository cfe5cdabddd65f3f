// Clear text: HTTP/1 or HTTP/2 by the first bytes. A connection of its own until it knows, then
// http1_server.cc or http2_server.cc takes the stream over with every byte of it.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/connection.h"
#include "http/http2_frames.h"

namespace gwanmun::http {

namespace {

// No HTTP/1 method starts like this (RFC 9113 §3.4 chose it so).
constexpr std::string_view kTelling = http2::kPreface.substr(0, 4);

/// A first line of three words whose last is no HTTP version: some other protocol (h2spec's broken
/// preface among them), whose client could make nothing of an HTTP/1 answer.
bool is_another_protocol(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  auto first = line.find(' '), last = line.rfind(' ');
  if (line.size() == bytes.size() || first == line.npos || first == last) return false;
  if (line.find(' ', first + 1) != last) return false;
  return !iequals(line.substr(last + 1, 5), "HTTP/");
}

/// A first line like "INVALID CONNECTION PREFACE": three words, of which the last names no version
/// of anything. Whoever sends it means to speak HTTP/2 or something else, and would not understand
/// an answer in HTTP/1 (RFC 9113 §3.4: a wrong preface ends the connection, GOAWAY may be left
/// out).
bool foreign(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  if (line.size() == bytes.size()) return false;  // not whole
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  return first != last && line.find('/', last) == std::string_view::npos;
}

class Sniffer final : public ServerConnection, private net::StreamHandler {
 public:
  Sniffer(net::Loop& loop, std::unique_ptr<net::Stream> stream, ServerHandler& handler,
          const ServerLimits& limits)
      : loop_(loop), stream_(std::move(stream)), handler_(handler), limits_(limits) {}

  void start() {
    auto timeout = static_cast<std::uint64_t>(limits_.head_timeout.count());
    timer_.arm(loop_, timeout, [](void* self) { static_cast<Sniffer*>(self)->end(); }, this);
    stream_->set_handler(*this);
  }

  void drain() override { end(); }
  void abort(Fault) override { end(); }
  net::Stream& transport() override { return *stream_; }
  std::uint32_t active_streams() const override { return 0; }

 private:
  std::size_t on_data(std::string_view bytes) override {
    if (is_another_protocol(bytes)) {
      end();
      return 0;
    }
    std::string_view seen = bytes.substr(0, kTelling.size());
    if (seen != kTelling.substr(0, seen.size()) && foreign(bytes)) {
      handler_.on_refused(*this, 400, "not HTTP");
      end();
    } else if (seen != kTelling.substr(0, seen.size())) {
      hand_over(&serve_http1);
    } else if (seen.size() == kTelling.size()) {
      hand_over(&serve_http2);
    }
    return 0;  // the stream offers it all to the next handler
  }
  void on_end() override { end(); }
  void on_writable() override {}
  void on_fault(net::StreamFault) override { end(); }

  void hand_over(decltype(&serve_http1) serve) {
    if (std::exchange(done_, true)) return;
    timer_.disarm();
    ServerConnection* now = serve(loop_, std::move(stream_), handler_, limits_, false);
    now->context = context;
    handler_.on_replaced(*this, *now);
    loop_.dispose(std::unique_ptr<net::Disposable>(this));
  }

  void end() {
    if (std::exchange(done_, true)) return;
    timer_.disarm();
    stream_->close();
    handler_.on_closed(*this);
    loop_.dispose(std::unique_ptr<net::Disposable>(this));
  }

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  ServerHandler& handler_;
  const ServerLimits& limits_;
  net::Timer timer_;
  bool done_ = false;
};

}  // namespace

ServerConnection* serve_auto(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                             ServerHandler& handler, const ServerLimits& limits) {
  auto sniffer = std::make_unique<Sniffer>(loop, std::move(stream), handler, limits);
  sniffer->start();
  return sniffer.release();  // owns itself until it has handed over
}

}  // namespace gwanmun::http
