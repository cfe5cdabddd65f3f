// See echo_answer.h.
#include "cli/echo_answer.h"

#include <algorithm>

#include "base/duration.h"
#include "base/text.h"
#include "cli/echo_websocket.h"
#include "cli/limits.h"
#include "document/node.h"
#include "document/writer.h"
#include "http/connection.h"
#include "net/loop.h"

namespace gwanmun::cli {

namespace {

using document::Node;

std::string_view to_string(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2.0";
  }
  return "";
}

Node headers_node(const http::RequestHead& request) {
  Node out = Node::map();
  for (const auto& field : request.headers) {
    Node value = Node::string(std::string(field.value));
    if (Node* earlier = out.find(field.name)) earlier->items().push_back(std::move(value));
    else out.set(std::string(field.name), Node::list({std::move(value)}));
  }
  return out;
}

/// Reads the request's body to its end and counts it. False: the client is gone.
net::Task<bool> drain_body(http::ServerStream& stream, std::uint64_t& bytes) {
  for (;;) {
    while (stream.state() == http::BodyReader::kPending) co_await stream.readable();
    if (stream.state() != http::BodyReader::kData) break;
    bytes += stream.data().size();
    stream.consume(stream.data().size());
  }
  co_return stream.state() == http::BodyReader::kEnd;
}

/// False: the client is gone.
net::Task<bool> write_paced(http::ServerStream& stream, std::string_view bytes) {
  constexpr std::size_t kPiece = 16 * 1024;
  while (!bytes.empty()) {
    while (!stream.ready() && stream.write_fault() == http::Fault::kNone)
      co_await stream.writable();
    if (stream.write_fault() != http::Fault::kNone) co_return false;
    stream.write(bytes.substr(0, kPiece));
    bytes.remove_prefix(std::min(kPiece, bytes.size()));
  }
  co_return true;
}

/// In short naps, so that a client that leaves or a stop is noticed.
net::Task<void> pause(http::ServerStream& stream, std::uint64_t ms) {
  constexpr std::uint64_t kNapMs = 50;
  auto& loop = stream.connection().transport().loop();
  for (; ms > 0 && !stream.is_gone(); ms -= std::min(ms, kNapMs))
    co_await net::sleep(loop, std::min(ms, kNapMs));
}

net::Task<void> answer_websocket(http::ServerStream& stream) {
  http::ResponseHead head(stream.arena());
  head.status = 101;
  head.upgrade = "websocket";
  if (const auto* key = stream.request().headers.find(http::FieldId::kSecWebsocketKey))
    head.headers.add("sec-websocket-accept", stream.arena().copy(websocket_accept(key->value)));
  stream.send_head(head);
  WebSocketEcho echo;
  while (!echo.closed()) {
    while (stream.state() == http::BodyReader::kPending) co_await stream.readable();
    if (stream.state() != http::BodyReader::kData) break;
    std::string out = echo.feed(stream.data());
    stream.consume(stream.data().size());
    if (!co_await write_paced(stream, out)) break;
  }
  stream.finish(nullptr);
}

net::Task<void> answer_http(const EchoIdentity& self, http::ServerStream& stream) {
  auto& request = stream.request();
  EchoWishes wishes = parse_wishes(request.query);
  if (request.expect_continue) stream.continue_if_expected();
  std::uint64_t received = 0;
  if (!co_await drain_body(stream, received)) {
    stream.reset(http::Fault::kCancelled);
    co_return;
  }
  co_await pause(stream, wishes.delay_ms);
  std::string body;
  if (!wishes.error.empty()) body = wishes.error + "\n";
  else if (wishes.bytes) body.assign(*wishes.bytes, 'x');
  else body = describe(self, request, received);

  http::ResponseHead head(stream.arena());
  head.status = wishes.error.empty() ? wishes.status : 400;
  head.body = http::BodyLength::known(body.size());
  head.no_body = request.method == "HEAD" || head.status == 204 || head.status == 304;
  bool json = wishes.error.empty() && !wishes.bytes;
  head.headers.add("content-type", json ? "application/json" : "text/plain");
  head.headers.add("x-echo-pod", self.name);
  stream.send_head(head);
  if (head.no_body || body.empty()) co_return;
  if (co_await write_paced(stream, body)) stream.finish(nullptr);
}

}  // namespace

EchoWishes parse_wishes(std::string_view query) {
  EchoWishes wishes;
  for (auto pair : split(query, '&')) {
    auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    auto name = pair.substr(0, equals), value = pair.substr(equals + 1);
    auto number = parse_uint(value);
    auto invalid = [&](std::string_view expected) {
      wishes.error = str_cat("?", name, "=", value, ": expected ", expected);
    };
    if (name == "status") {
      if (number && *number >= 200 && *number <= 599) wishes.status = static_cast<int>(*number);
      else invalid("a status from 200 to 599");
    } else if (name == "delay") {
      auto duration = parse_duration(value);
      std::uint64_t ms = duration ? static_cast<std::uint64_t>(duration->count()) : 0;
      if ((duration || number) && (ms = duration ? ms : *number) <= kEchoMaxDelayMs)
        wishes.delay_ms = ms;
      else invalid("a duration such as 250ms, at most 10m");
    } else if (name == "bytes") {
      if (number && *number <= kEchoMaxBody) wishes.bytes = *number;
      else invalid(str_cat("a number of bytes up to ", kEchoMaxBody));
    }
  }
  return wishes;
}

std::string describe(const EchoIdentity& self, const http::RequestHead& request,
                     std::uint64_t body_bytes) {
  Node out = Node::map();
  auto text = [&out](const char* key, std::string_view value) {
    out.set(key, Node::string(std::string(value)));
  };
  text("path",
       request.has_query ? str_cat(request.path, "?", request.query) : std::string(request.path));
  text("host", request.authority);
  text("method", request.method);
  text("proto", to_string(request.version));
  out.set("headers", headers_node(request));
  out.set("bodyLength", Node::integer(static_cast<std::int64_t>(body_bytes)));
  text("namespace", self.ns);
  text("service", self.service);
  text("pod", self.name);
  return document::to_json(out, document::JsonStyle::kIndented) + "\n";
}

net::Task<void> answer(const EchoIdentity& self, http::ServerStream& stream) {
  auto& request = stream.request();
  const auto* type = request.headers.find(http::FieldId::kContentType);
  if (request.upgrade == "websocket") co_await answer_websocket(stream);
  else if (type != nullptr && type->value.starts_with("application/grpc"))
    co_await answer_grpc(self, stream);
  else co_await answer_http(self, stream);
  stream.release();
}

}  // namespace gwanmun::cli
