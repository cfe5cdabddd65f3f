// The gRPC side of `gwanmun echo`; see echo_answer.h. Messages are written by hand: three shapes do
// not need a protobuf library.
#include <string>
#include <string_view>

#include "base/text.h"
#include "cli/echo_answer.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kHealth = "/grpc.health.v1.Health/";
constexpr std::string_view kGrpcEcho = "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/";
constexpr std::string_view kServing = "\x08\x01";  // HealthCheckResponse{status: SERVING}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  out += static_cast<char>(value);
}

/// A length-delimited field; empty strings are left out, as proto3 does.
void append_field(std::string& out, unsigned number, std::string_view value, bool message = false) {
  if (value.empty() && !message) return;
  append_varint(out, number << 3 | 2);
  append_varint(out, value.size());
  out += value;
}

std::string framed(std::string_view message) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift);
  return out.append(message);
}

void send_trailers(http::ServerStream& stream, std::string_view status, std::string_view message) {
  http::Headers trailers(stream.arena());
  trailers.add("grpc-status", status);
  if (!message.empty()) trailers.add("grpc-message", message);
  stream.finish(&trailers);
}

void send_head(const EchoIdentity& self, http::ServerStream& stream) {
  http::ResponseHead head(stream.arena());
  head.headers.add("content-type", "application/grpc");
  head.headers.add("x-echo-pod", self.name);
  stream.send_head(head);
}

/// Sends each byte of the request back: every message of a unary or streaming call. False: the
/// client is gone.
net::Task<bool> mirror(http::ServerStream& stream, bool send_back) {
  for (;;) {
    while (stream.state() == http::BodyReader::kPending) co_await stream.readable();
    if (stream.state() != http::BodyReader::kData) break;
    if (send_back) {
      while (!stream.ready() && stream.write_fault() == http::Fault::kNone)
        co_await stream.writable();
      // Data lent by the stream does not outlive a wait: look again.
      if (stream.write_fault() != http::Fault::kNone) co_return false;
      if (stream.state() != http::BodyReader::kData) continue;
      stream.write(stream.data());
    }
    stream.consume(stream.data().size());
  }
  co_return stream.state() == http::BodyReader::kEnd;
}

}  // namespace

std::string grpc_echo_response(const EchoIdentity& self, const http::RequestHead& request) {
  std::string assertions;
  append_field(assertions, 1, request.path);
  for (const auto& field : request.headers) {
    std::string header;
    append_field(header, 1, field.name);
    append_field(header, 2, field.value);
    append_field(assertions, 2, header, true);
  }
  append_field(assertions, 3, request.authority);
  std::string context;
  append_field(context, 1, self.ns);
  append_field(context, 3, self.service);
  append_field(context, 4, self.name);
  append_field(assertions, 4, context, true);
  std::string out;
  append_field(out, 1, assertions, true);
  return out;
}

net::Task<void> answer_grpc(const EchoIdentity& self, http::ServerStream& stream) {
  auto& request = stream.request();
  bool health = request.path.starts_with(kHealth);
  bool echo = request.path.starts_with(kGrpcEcho);
  const auto* wanted = request.headers.find("x-echo-grpc-status");
  send_head(self, stream);
  if (!co_await mirror(stream, !health && !echo)) {
    stream.reset(http::Fault::kCancelled);
    co_return;
  }
  if (echo && request.path.ends_with("/EchoThree"))
    co_return send_trailers(stream, "12", "EchoThree is not implemented");
  if (wanted != nullptr) co_return send_trailers(stream, wanted->value, "as asked");
  if (health) stream.write(framed(kServing));
  if (echo) stream.write(framed(grpc_echo_response(self, request)));
  send_trailers(stream, "0", {});
}

}  // namespace gwanmun::cli
