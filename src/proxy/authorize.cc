// One question to an authorizer; whatever goes wrong refuses.
#include "proxy/authorize.h"

#include <string>

#include "proxy/exchange.h"
#include "proxy/filter/external_auth.h"
#include "proxy/upstream/lease.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

using http::BodyReader;
using http::ClientStream;
using http::Fault;
using upstream::Lease;
using upstream::Outcome;

namespace {

Error answered() {
  return {Side::kGateway, Phase::kFilter, Fault::kNone, kAnswered, "external authorization"};
}

/// The client's body, as far as the check wants it; it stays in x.kept for the backend.
net::Task<Error> gather_body(Exchange& x, std::size_t limit) {
  x.stream.continue_if_expected();
  for (;;) {
    switch (x.stream.state()) {
      case BodyReader::kPending:
        if (Error error = x.interrupted()) co_return error;
        co_await x.wake;
        break;
      case BodyReader::kData:
        if (x.kept.size() + x.stream.data().size() > limit)
          co_return Error{Side::kGateway, Phase::kFilter, Fault::kTooLarge, 413,
                          "body too large to authorize"};
        x.kept.append(x.stream.data());
        x.bytes_in += x.stream.data().size();
        x.stream.consume(x.stream.data().size());
        break;
      case BodyReader::kEnd:
        co_return Error{};
      case BodyReader::kFailed:
        co_return Error{Side::kClient, Phase::kFilter, x.stream.read_fault(), 0, {}};
    }
  }
}

filter::Client facts_of(Exchange& x) {
  filter::Client out;
  net::Stream& transport = x.client.connection->transport();
  out.address = x.client_ip;
  out.port = x.client.address.port;
  out.local_address = x.arena().copy(transport.local().ip.to_string());
  out.local_port = transport.local().port;
  if (const net::TlsInfo* tls = transport.tls()) {
    out.server_name = tls->sni;
    if (tls->peer_verified) out.principal = tls->peer_subject;
  }
  out.now_us = x.worker.unix_seconds() * 1'000'000;
  return out;
}

/// Reads the answer to its end; false when it breaks or is too long.
net::Task<bool> receive(Exchange& x, ClientStream& up, std::string& body) {
  while (!x.interrupted()) {
    if (up.head_state() == ClientStream::kHeadFailed) co_return false;
    if (up.head_state() == ClientStream::kHeadReady && up.response().status < 200) {
      up.next_head();
      continue;
    }
    if (up.head_state() == ClientStream::kHeadReady) {
      if (up.response().no_body || up.response().body.kind == http::BodyLength::Kind::kNone)
        co_return true;
      while (up.state() == BodyReader::kData) {
        if (body.size() + up.data().size() > filter::kMaxAuthAnswerBytes) co_return false;
        body.append(up.data());
        up.consume(up.data().size());
      }
      if (up.state() != BodyReader::kPending) co_return up.state() == BodyReader::kEnd;
    }
    co_await x.wake;
  }
  co_return false;
}

/// Asks; true when there is an answer, which has been applied to the exchange: `allowed`.
net::Task<bool> ask(Exchange& x, const filter::Authorizer& authorizer, upstream::Cluster& cluster,
                    bool& allowed) {
  const auto check = authorizer.check(x.request, x.kept, facts_of(x));
  const auto speak = authorizer.grpc() ? upstream::Speak::kHttp2 : upstream::Speak::kAny;
  Lease lease(cluster, {x.arena(), speak, 0, nullptr}, x.wake);
  while (lease.state() == Lease::kPending && !x.interrupted()) co_await x.wake;
  if (lease.state() == Lease::kFailed) lease.report(Outcome::kConnectFailed);
  if (lease.state() != Lease::kOpen) co_return false;
  ClientStream& up = lease.stream();
  up.send_head(check.head);
  if (check.head.body.kind != http::BodyLength::Kind::kNone) {
    up.write(check.body);
    up.finish(nullptr);
  }
  std::string body;
  const bool whole = co_await receive(x, up, body);
  lease.report(up.head_state() == ClientStream::kHeadReady ? Outcome::kAnswered : Outcome::kFailed);
  if (!whole) co_return false;
  const bool has_body =
      !up.response().no_body && up.response().body.kind != http::BodyLength::Kind::kNone;
  allowed = authorizer.judge(
      {up.response(), x.arena().copy(body), has_body ? up.trailers() : nullptr}, *x.filters);
  co_return true;
}

}  // namespace

net::Task<Error> authorize(Exchange& x, const filter::Authorizer& authorizer) {
  auto cluster = x.worker.cluster(*x.config, authorizer.cluster());
  if (!cluster)
    co_return Error{Side::kGateway, Phase::kFilter, Fault::kNone, 500, "unknown authorizer"};
  if (authorizer.body_limit() > 0 && x.request.body.kind != http::BodyLength::Kind::kNone &&
      x.kept.empty())
    if (Error error = co_await gather_body(x, authorizer.body_limit())) co_return error;

  x.attempt_deadline_ms =
      x.loop().now_ms() + static_cast<std::uint64_t>(x.worker.limits().auth_timeout.count());
  x.arm();
  bool allowed = false;
  const bool asked = co_await ask(x, authorizer, *cluster, allowed);
  x.attempt_deadline_ms = 0;
  if (x.stream.is_gone()) co_return x.client_error(Fault::kCancelled);
  if (!asked) authorizer.refuse(*x.filters);
  co_return asked&& allowed ? Error{} : answered();
}

}  // namespace gwanmun::proxy
