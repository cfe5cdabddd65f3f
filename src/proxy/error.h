// Why an exchange did not go as asked: made where it is seen, carried up unchanged, turned into an
// answer in one place only (response_for), printed in the access log.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/error.h"

namespace gwanmun::proxy {

/// Who ended it.
enum class Side : std::uint8_t { kNone, kClient, kGateway, kUpstream };
std::string_view to_string(Side side);

/// What was going on.
enum class Phase : std::uint8_t {
  kRoute,     // path, host, rule, backend
  kFilter,    // filters, authorizer included
  kConnect,   // getting a connection to the backend
  kRequest,   // sending the request
  kHead,      // waiting for the response's head
  kResponse,  // passing the response on
  kTunnel,    // after an upgrade
};
std::string_view to_string(Phase phase);

struct Error {
  Side side = Side::kNone;
  Phase phase = Phase::kRoute;
  http::Fault fault = http::Fault::kNone;
  /// Other than 0: decided by configuration (404, 421, 500, 503), whatever the fault.
  std::uint16_t status = 0;
  /// For the answer's body and the log; static, or as long-lived as the configuration.
  std::string_view reason;

  explicit operator bool() const { return side != Side::kNone; }
};

/// Error::status of an exchange whose answer a filter has made already (redirect, refusal).
inline constexpr std::uint16_t kAnswered = 1;

/// The answer to a request that ended in an error.
struct ErrorResponse {
  int status;       // 0: none, the client is gone
  int grpc_status;  // for a gRPC client, with HTTP status 200 (gRPC over HTTP/2, "Responses")
  std::string_view text;
};
/// The only place where an error becomes a status.
ErrorResponse response_for(const Error& error);

}  // namespace gwanmun::proxy
