// What `gwanmun echo` answers to one request: HTTP, gRPC or WebSocket. One coroutine an exchange,
// started by echo_server.cc on its loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/stream.h"
#include "net/task.h"

namespace gwanmun::cli {

/// Who answers; shown in every answer.
struct EchoIdentity {
  std::string name;  // "pod" in the JSON
  std::string ns;    // "namespace"
  std::string service;
};

/// What a request's query asks for: `?status=503&delay=250ms&bytes=1000`.
struct EchoWishes {
  int status = 200;
  std::uint64_t delay_ms = 0;
  std::optional<std::size_t> bytes;  // a body of that many bytes instead of the JSON
  std::string error;                 // a value that cannot be
};
EchoWishes parse_wishes(std::string_view query);

/// The answer's JSON: what was received, in the spelling of the Gateway API's echo-basic.
std::string describe(const EchoIdentity& self, const http::RequestHead& request,
                     std::uint64_t body_bytes);

/// Answers and releases the stream. `self` outlives it.
net::Task<void> answer(const EchoIdentity& self, http::ServerStream& stream);

/// grpc.health.v1.Health, the conformance suite's GrpcEcho, and any other method: each message is
/// sent back.
net::Task<void> answer_grpc(const EchoIdentity& self, http::ServerStream& stream);

/// The protobuf of GrpcEcho's EchoResponse, without the frame.
std::string grpc_echo_response(const EchoIdentity& self, const http::RequestHead& request);

}  // namespace gwanmun::cli
