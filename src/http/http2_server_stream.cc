// One exchange of an HTTP/2 server connection, as the proxy uses it.
#include <memory>
#include <vector>

#include "http/http2_server.h"

namespace gwanmun::http::http2 {

namespace {

constexpr std::size_t kMaxSpare = 1'024;
thread_local std::vector<std::unique_ptr<ServerExchange>> spare;

}  // namespace

ServerExchange& ServerExchange::make(Server& server) {
  ServerExchange* exchange;
  if (spare.empty()) {
    exchange = std::make_unique<ServerExchange>().release();
  } else {
    exchange = spare.back().release();
    spare.pop_back();
  }
  exchange->server_ = &server;
  return *exchange;
}

void ServerExchange::recycle(ServerExchange& exchange) {
  std::unique_ptr<ServerExchange> owned(&exchange);
  if (spare.size() >= kMaxSpare) return;
  exchange.Stream::recycle();
  exchange.memory = &exchange.arena_;
  exchange.server_ = nullptr;
  exchange.body_.clear();
  exchange.arena_.reset();
  exchange.request_ = RequestHead(exchange.arena_);
  exchange.trailers_ = nullptr;
  exchange.read_fault_ = exchange.write_fault_ = Fault::kNone;
  exchange.started_ = exchange.released_ = exchange.gone_is_ = false;
  exchange.head_sent_ = exchange.continued_ = exchange.long_lived_ = false;
  exchange.patience_ = {};
  exchange.readable_.forward_to(nullptr);
  exchange.writable_.forward_to(nullptr);
  exchange.gone_.forward_to(nullptr);
  spare.push_back(std::move(owned));
}

BodyReader::State ServerExchange::state() {
  if (!body_.empty()) return kData;
  if (receive_ended) return kEnd;
  return read_fault_ == Fault::kNone ? kPending : kFailed;
}

void ServerExchange::consume(std::size_t n) {
  body_.consume(n);
  server_->session_.consume(*this, n);
}

void ServerExchange::write(std::string_view bytes) { server_->session_.write(*this, bytes); }

bool ServerExchange::ready() const {
  return write_fault_ != Fault::kNone || server_->session_.ready(*this);
}

void ServerExchange::finish(const Headers* trailers) { server_->session_.finish(*this, trailers); }

void ServerExchange::send_informational(int status, const Headers& headers) {
  if (head_sent_ || status == 101) return;  // RFC 9113 §8.6
  if (status == 100) continued_ = true;
  ResponseHead head(arena_);
  head.status = status;
  head.headers = headers;
  server_->session_.send_response(*this, head, false);
}

void ServerExchange::send_head(const ResponseHead& head) {
  if (head_sent_) return;
  head_sent_ = true;
  if (head.status == 101) return send_switched(head);
  server_->session_.send_response(*this, head,
                                  head.no_body || head.body.kind == BodyLength::Kind::kNone);
}

/// RFC 8441 §5: what HTTP/1 calls 101 is a 200 here, and the accept key has no meaning.
void ServerExchange::send_switched(const ResponseHead& head) {
  ResponseHead plain(arena_);
  for (const Field& field : head.headers) {
    if (field.name != "sec-websocket-accept") plain.headers.add(field);
  }
  long_lived_ = true;
  server_->session_.send_response(*this, plain, false);
}

void ServerExchange::reset(Fault why) {
  if (responded()) {
    if (send_ended && open) server_->session_.reset(*this, ErrorCode::kNoError);
    fail(why);
    return;
  }
  // What went wrong on the other side of the proxy is no protocol error of this client.
  ErrorCode code = why == Fault::kMalformed ? ErrorCode::kInternalError : code_of(why);
  server_->session_.reset(*this, code);
  fail(why);
}

void ServerExchange::fail(Fault why) {
  if (!receive_ended && read_fault_ == Fault::kNone) read_fault_ = why;
  if (!responded() && write_fault_ == Fault::kNone) write_fault_ = why;
  readable_.fire();
  writable_.fire();
}

void ServerExchange::continue_if_expected() {
  if (!request_.expect_continue || continued_ || head_sent_) return;
  send_informational(100, Headers(arena_));
}

ServerConnection& ServerExchange::connection() { return *server_; }

void ServerExchange::release() {
  released_ = true;
  if (!open) return server_->free(*this);
  if (!responded()) return server_->session_.reset(*this, ErrorCode::kCancel);  // frees
  // RFC 9113 §8.1: the rest of the request is not needed. What is staged goes out first.
  if (send_ended) server_->session_.reset(*this, ErrorCode::kNoError);
}

}  // namespace gwanmun::http::http2
