// One exchange of an HTTP/2 client connection, as the proxy uses it.
#include <memory>
#include <vector>

#include "http/http2_client.h"

namespace gwanmun::http::http2 {

namespace {

constexpr std::size_t kMaxSpare = 1'024;
thread_local std::vector<std::unique_ptr<ClientExchange>> spare;

}  // namespace

ClientExchange& ClientExchange::make(Client& client, Arena& arena) {
  ClientExchange* exchange;
  if (spare.empty()) {
    exchange = std::make_unique<ClientExchange>().release();
  } else {
    exchange = spare.back().release();
    spare.pop_back();
  }
  exchange->client_ = &client;
  exchange->memory = &arena;
  return *exchange;
}

void ClientExchange::recycle(ClientExchange& exchange) {
  std::unique_ptr<ClientExchange> owned(&exchange);
  if (spare.size() >= kMaxSpare) return;
  exchange.Stream::recycle();
  exchange.client_ = nullptr;
  exchange.response_.reset();
  exchange.body_.clear();
  exchange.trailers_ = nullptr;
  exchange.upgrade_ = {};
  exchange.read_fault_ = exchange.write_fault_ = Fault::kNone;
  exchange.head_ready_ = exchange.to_head_ = false;
  exchange.informational_ = 0;
  exchange.readable_.forward_to(nullptr);
  exchange.writable_.forward_to(nullptr);
  exchange.head_event_.forward_to(nullptr);
  spare.push_back(std::move(owned));
}

// ---- the request ----

void ClientExchange::send_head(const RequestHead& head) {
  // The connection may have been lost or told to go away since open().
  if (!client_->takes_streams()) return fail(Fault::kRefused);
  client_->session_.open(*this);
  to_head_ = head.method == "HEAD";
  upgrade_ = memory->copy(head.upgrade);
  received_before_ = client_->transport_->bytes_received();
  bool end = head.body.kind == BodyLength::Kind::kNone && upgrade_.empty();
  client_->session_.send_request(*this, head, client_->transport_->tls() ? "https" : "http", end);
}

void ClientExchange::write(std::string_view bytes) { client_->session_.write(*this, bytes); }

bool ClientExchange::ready() const {
  return write_fault_ != Fault::kNone || client_->session_.ready(*this);
}

void ClientExchange::finish(const Headers* trailers) { client_->session_.finish(*this, trailers); }

// ---- the response ----

ClientStream::HeadState ClientExchange::head_state() const {
  if (head_ready_) return kHeadReady;
  return read_fault_ == Fault::kNone ? kHeadPending : kHeadFailed;
}

void ClientExchange::take_head(FieldSection& section) {
  ResponseHead head(*memory);
  if (section.state == FieldSection::kTooLarge) return reset(Fault::kTooLarge);
  bool good = to_response(section, receive_ended, to_head_, head);
  if (good && head.status < 200) good = ++informational_ <= client_->limits_.max_informational;
  if (!good) return client_->session_.stream_error(id, ErrorCode::kProtocolError);
  deliver_head(head);
}

/// An informational head that nobody has asked for yet gives way to a newer one.
void ClientExchange::deliver_head(ResponseHead head) {
  if (head.status >= 200) {
    head_received = true;
    if (head.no_body) {
      body_left = 0;
    } else if (head.body.kind == BodyLength::Kind::kKnown) {
      body_left = head.body.bytes;
    }
    if (!upgrade_.empty() && head.status < 300) {  // RFC 8441 §5 says 200, HTTP/1 says 101
      head.status = 101;
      head.upgrade = upgrade_;
      head.body = BodyLength::unknown();
      body_left = kAnyLength;
    }
  }
  response_ = head;
  head_ready_ = true;
  head_event_.fire();
}

BodyReader::State ClientExchange::state() {
  if (!body_.empty()) return kData;
  if (receive_ended) return kEnd;
  return read_fault_ == Fault::kNone ? kPending : kFailed;
}

void ClientExchange::consume(std::size_t n) {
  body_.consume(n);
  client_->session_.consume(*this, n);
}

// ---- the end ----

void ClientExchange::reset(Fault why) {
  client_->session_.reset(*this, why == Fault::kTooLarge ? ErrorCode::kCancel : code_of(why));
  fail(why);
}

void ClientExchange::fail(Fault why) {
  if (!receive_ended && read_fault_ == Fault::kNone) read_fault_ = why;
  if (!send_ended && write_fault_ == Fault::kNone) write_fault_ = why;
  head_event_.fire();
  readable_.fire();
  writable_.fire();
}

void ClientExchange::release() {
  // What the server may still send is of no use, nor is the rest of the request to it.
  client_->session_.reset(*this, ErrorCode::kCancel);
  client_->free(*this);
}

}  // namespace gwanmun::http::http2
