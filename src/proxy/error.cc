// Errors in words and as answers.
#include "proxy/error.h"

namespace gwanmun::proxy {

using http::Fault;

std::string_view to_string(Side side) {
  switch (side) {
    case Side::kNone:
      return "";
    case Side::kClient:
      return "client";
    case Side::kGateway:
      return "gateway";
    case Side::kUpstream:
      return "upstream";
  }
  return "";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kRoute:
      return "route";
    case Phase::kFilter:
      return "filter";
    case Phase::kConnect:
      return "connect";
    case Phase::kRequest:
      return "request";
    case Phase::kHead:
      return "head";
    case Phase::kResponse:
      return "response";
    case Phase::kTunnel:
      return "tunnel";
  }
  return "";
}

namespace {

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
enum Grpc { kInternal = 13, kUnimplemented = 12, kUnavailable = 14, kDeadlineExceeded = 4 };

/// grpc/doc/http-grpc-status-mapping.md, but a share of an invalid backend is UNAVAILABLE as
/// GRPCRouteRule.backendRefs asks, and what a timeout of ours cut off is DEADLINE_EXCEEDED.
int grpc_for(int status) {
  switch (status) {
    case 400:
    case 413:
      return kInternal;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return kUnimplemented;
    case 504:
    case 408:
      return kDeadlineExceeded;
    default:
      return kUnavailable;
  }
}

int client_status(Fault fault) {
  switch (fault) {
    case Fault::kMalformed:
      return 400;
    case Fault::kTimeout:
      return 408;
    case Fault::kTooLarge:
      return 413;
    default:
      return 0;
  }
}

int server_status(Fault fault) {
  switch (fault) {
    case Fault::kTimeout:
      return 504;
    case Fault::kOverload:
      return 503;
    default:
      return 502;
  }
}

std::string_view text_for(int status) {
  switch (status) {
    case 400:
      return "bad request\n";
    case 404:
      return "no route matches this request\n";
    case 408:
      return "the request took too long to arrive\n";
    case 413:
      return "the request is too large\n";
    case 421:
      return "this connection does not serve that host\n";
    case 500:
      return "the route of this request is not valid\n";
    case 502:
      return "the backend did not answer properly\n";
    case 503:
      return "no backend is available\n";
    case 504:
      return "the backend did not answer in time\n";
    default:
      return "";
  }
}

}  // namespace

ErrorResponse response_for(const Error& error) {
  int status = error.status;
  if (status == 0)
    status = error.side == Side::kClient ? client_status(error.fault) : server_status(error.fault);
  return {status, grpc_for(status), text_for(status)};
}

}  // namespace gwanmun::proxy
