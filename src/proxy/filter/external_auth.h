// ExternalAuth (GEP-1494): asking another service whether a request may go on. Sans-I/O: this
// makes the check request and interprets its answer; proxy/serve.cc sends and receives.
//
// HTTP: the check has the client's method, Host and path (behind the configured prefix), the
// Authorization field and the fields configured; 200 allows. gRPC: envoy.service.auth.v3 Check.
// Whatever goes wrong refuses (403): this filter fails closed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "proxy/filter/filter.h"

namespace gwanmun::filter {

/// Who asks, for the gRPC check's attributes. Addresses are without port and brackets.
struct Client {
  std::string_view address;
  std::uint16_t port = 0;
  std::string_view local_address;
  std::uint16_t local_port = 0;
  std::string_view server_name;  // SNI, or empty
  std::string_view principal;    // verified client certificate's subject, or empty
  std::uint64_t now_us = 0;      // wall clock; 0: left out
};

class Authorizer {
 public:
  Authorizer(const snapshot::ExternalAuth& spec, ClusterIds& clusters);

  /// kNoCluster: it could not be resolved, answer 500.
  ClusterId cluster() const { return cluster_; }
  bool grpc() const { return spec_->grpc; }
  /// How much of the client's body belongs into the check: 0 none. A longer body is refused with
  /// 413 before anything is sent (the check must see what the backend will see).
  std::uint32_t body_limit() const { return spec_->forward_body_max_size; }

  /// The message to send: a complete request whose body is `body` (for gRPC already framed).
  /// Its memory is the exchange's arena.
  struct Check {
    http::RequestHead head;
    std::string_view body;
  };
  Check check(const http::RequestHead& request, std::string_view body, const Client& client) const;

  /// An answer as received; `trailers` may be nullptr.
  struct Answer {
    const http::ResponseHead& head;
    std::string_view body;  // at most kMaxAuthAnswerBytes
    const http::Headers* trailers = nullptr;
  };
  /// True: the request may go on, and has been edited as the authorizer said. False: x.reply is
  /// what the client gets.
  bool judge(const Answer& answer, Exchange& x) const;
  /// The authorizer could not be asked (no endpoint, timeout, broken answer): x.reply is 403.
  void refuse(Exchange& x) const;

 private:
  http::RequestHead http_check(const http::RequestHead& request) const;
  void grant(const http::ResponseHead& answer, Exchange& x) const;
  bool judge_http(const Answer& answer, Exchange& x) const;
  bool judge_grpc(const Answer& answer, Exchange& x) const;
  bool shown_to_authorizer(std::string_view name) const;

  const snapshot::ExternalAuth* spec_;
  ClusterId cluster_;
  std::string authority_;  // gRPC: "orders.shop:8080"
};

}  // namespace gwanmun::filter
