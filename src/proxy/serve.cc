// The life of a request, top to bottom: who asks, which rule, its filters, which backend, and on to
// forward.cc. Every way out that is not a backend's response is an Error, and reply_error() the
// only place that answers one.
#include "proxy/serve.h"

#include <utility>

#include "base/text.h"
#include "http/uri.h"
#include "proxy/authorize.h"
#include "proxy/exchange.h"
#include "proxy/forward.h"
#include "proxy/forwarded.h"
#include "proxy/mirror.h"
#include "proxy/upgrade.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

using filter::Verdict;
using http::Fault;

namespace {

constexpr int kBadRequest = 400, kNotFound = 404, kMisdirected = 421, kInvalidRoute = 500,
              kUnavailable = 503;

Error refuse(Phase phase, int status, std::string_view reason) {
  return {Side::kGateway, phase, Fault::kNone, static_cast<std::uint16_t>(status), reason};
}

/// The listener that the connection's SNI selects; looked up once for each configuration.
const CompiledListener* listener_of_connection(Exchange& x, const PortRouter& port) {
  Client& client = x.client;
  if (client.sni_config != x.config->number) {
    const net::TlsInfo* tls = client.connection->transport().tls();
    client.sni_listener = port.listener_for(tls ? std::string_view(tls->sni) : std::string_view());
    client.sni_config = x.config->number;
  }
  return client.sni_listener;
}

/// What is asked for, and which rule answers it.
Error find_rule(Exchange& x) {
  const auto path = http::normalize_path(x.arena(), x.request.path);
  if (!path) return {Side::kClient, Phase::kRoute, Fault::kMalformed, kBadRequest, path.error()};
  x.request.path = x.path = *path;
  const Forwarded forwarded =
      apply_forwarding(x.worker.forwarding(x.client), x.request, x.worker.random());
  x.client_ip = forwarded.client;
  x.request_id = forwarded.request_id;
  prepare_upgrade(x.request);

  const PortRouter* port = x.config->port(x.client.port->index());
  if (!port) return refuse(Phase::kRoute, kNotFound, "the listener is gone");
  x.match = port->match(x.request);
  if (x.client.port->secure() && x.match.listener != listener_of_connection(x, *port))
    return refuse(Phase::kRoute, kMisdirected, "the Host belongs to another listener than the SNI");
  return {};
}

/// The whole exchange's time counts from here, filters and tries included: the head is complete.
void set_request_deadline(Exchange& x) {
  if (!x.rule().spec) return;
  const auto& timeout = x.rule().spec->timeouts.request;
  if (timeout && timeout->count() > 0)
    x.request_deadline_ms = x.loop().now_ms() + static_cast<std::uint64_t>(timeout->count());
}

/// Runs the request filters of a rule or of a backend.
net::Task<Error> run_filters(Exchange& x, const filter::Chain& chain) {
  if (!x.filters) {
    const std::uint16_t port = x.match.listener ? x.match.listener->spec->port : 0;
    x.filters.emplace(x.request, filter::Facts{port, x.match.prefix_length});
  }
  x.phase = Phase::kFilter;
  x.filters->restart();
  for (;;) {
    switch (chain.on_request(*x.filters)) {
      case Verdict::kContinue:
        co_return Error{};
      case Verdict::kReply:
        co_return Error{Side::kGateway, Phase::kFilter, Fault::kNone, kAnswered, "filter"};
      case Verdict::kAuthorize:
        if (Error error = co_await authorize(x, *x.filters->authorizer)) co_return error;
    }
  }
}

/// Sends what a filter answered instead of a backend.
void send_reply(Exchange& x) {
  filter::Reply& reply = x.filters->reply;
  x.rule().filters.on_response(*x.filters, reply.head);
  const bool no_body = reply.body.empty() || x.request.method == "HEAD";
  reply.head.body = http::BodyLength::known(reply.body.size());
  reply.head.no_body = no_body;
  x.status = reply.head.status;
  x.stream.send_head(reply.head);
  if (no_body) return;
  x.bytes_out = reply.body.size();
  x.stream.write(reply.body);
  x.stream.finish(nullptr);
}

/// The backend of the client's session, if the rule has sessions and it is still there.
const CompiledBackend* backend_of_session(Exchange& x) {
  const auto& spec = x.rule().spec->session;
  if (!spec) return nullptr;
  x.session = filter::read_session(*spec, x.request, x.worker.unix_seconds());
  if (!x.session) return nullptr;
  for (const CompiledBackend& backend : x.rule().backends) {
    if (backend.status != 0) continue;
    auto cluster = x.worker.cluster(*x.config, backend.cluster);
    if (cluster && cluster->find(x.session->endpoint)) return &backend;
  }
  return nullptr;
}

/// Whose turn it is, and where that is.
Error choose_backend(Exchange& x) {
  const CompiledRule& rule = x.rule();
  if (rule.status != 0)
    return refuse(Phase::kRoute, rule.status, rule.spec ? rule.spec->reason : std::string_view());
  x.backend = backend_of_session(x);
  if (!x.backend) x.backend = x.worker.rule_state(x).turns.next(rule);
  if (!x.backend) return refuse(Phase::kRoute, kInvalidRoute, "all backends have weight 0");
  if (x.backend->status != 0)
    return refuse(Phase::kRoute, x.backend->status, x.backend->spec->reason);
  x.cluster = x.worker.cluster(*x.config, x.backend->cluster);
  if (!x.cluster) return refuse(Phase::kRoute, kInvalidRoute, "unknown cluster");
  if (x.cluster->empty()) return refuse(Phase::kRoute, kUnavailable, "no ready endpoint");
  return {};
}

void reply_error(Exchange& x, const Error& error) {
  const ErrorResponse answer = response_for(error);
  if (answer.status == 0 || x.stream.is_gone()) return x.stream.reset(Fault::kCancelled);
  http::ResponseHead head(x.arena());
  head.status = answer.status;
  std::string_view body = answer.text;
  if (x.grpc) {
    // Trailers-only: the response's head is the trailers.
    head.status = 200;
    x.grpc_status = answer.grpc_status;
    head.headers.add("content-type", "application/grpc");
    head.headers.add("grpc-status", x.arena().copy(str_cat(answer.grpc_status)));
    if (!body.empty()) body.remove_suffix(1);
    head.headers.add("grpc-message", body);
    head.body = http::BodyLength::none();
    head.no_body = true;
  } else {
    head.headers.add("content-type", "text/plain; charset=utf-8");
    head.body = http::BodyLength::known(body.size());
    head.no_body = body.empty() || x.request.method == "HEAD";
  }
  if (x.filters) x.rule().filters.on_response(*x.filters, head);
  x.status = head.status;
  x.stream.send_head(head);
  if (head.no_body) return;
  x.bytes_out = body.size();
  x.stream.write(body);
  x.stream.finish(nullptr);
}

}  // namespace

net::Task<void> serve(Worker& worker, http::ServerStream& stream) {
  Exchange x(worker, stream);
  Error error = find_rule(x);
  if (!error) set_request_deadline(x);
  if (!error && !x.rule().filters.empty()) error = co_await run_filters(x, x.rule().filters);
  if (!error) error = choose_backend(x);
  if (!error && !x.backend->filters.empty()) error = co_await run_filters(x, x.backend->filters);
  if (!error) error = co_await forward(x);
  if (!error) co_return;
  if (error.status == kAnswered) {
    send_reply(x);
  } else {
    x.error = error;
    if (x.status == 0) reply_error(x, error);
    else stream.reset(error.fault == Fault::kNone ? Fault::kCancelled : error.fault);
  }
}

}  // namespace gwanmun::proxy
