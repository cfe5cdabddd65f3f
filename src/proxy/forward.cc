// One try after the other until a response is there; then the response. Read forward() at the end
// first: it is the story, the functions before it are its sentences.
#include "proxy/forward.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "proxy/body.h"
#include "proxy/exchange.h"
#include "proxy/mirror.h"
#include "proxy/retry.h"
#include "proxy/upgrade.h"
#include "proxy/upstream/lease.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

using http::BodyReader;
using http::ClientStream;
using http::Fault;
using upstream::Lease;
using upstream::Outcome;

namespace {

upstream::Speak speak_for(const Exchange& x) {
  if (!x.request.upgrade.empty()) return upstream::Speak::kHttp1;
  return x.grpc ? upstream::Speak::kHttp2 : upstream::Speak::kAny;
}

/// GEP-1742: from when the request starts being sent until the whole response is there, for each
/// try that the route's retry policy asked for; tries that nobody asked for share it.
void set_attempt_deadline(Exchange& x, bool asked_for) {
  const auto& timeouts = x.rule().spec->timeouts;
  const std::uint64_t now = x.loop().now_ms();
  const bool first = x.attempts == 1;
  if (timeouts.backend_request) {
    const auto ms = static_cast<std::uint64_t>(timeouts.backend_request->count());
    if (ms > 0 && (first || asked_for)) x.attempt_deadline_ms = now + ms;
  } else if (!timeouts.request && !x.grpc) {
    const auto ms = static_cast<std::uint64_t>(x.worker.limits().default_head_timeout.count());
    x.attempt_deadline_ms = ms > 0 ? now + ms : 0;
  }
  if (x.attempt_deadline_ms != 0 || x.request_deadline_ms != 0) x.arm();
}

/// While the backend takes the body, or would take more than the client has sent, the default
/// deadline moves on: it is for the backend, not for the client's line.
void postpone_default_deadline(Exchange& x) {
  const auto& timeouts = x.rule().spec->timeouts;
  if (timeouts.backend_request || timeouts.request || x.attempt_deadline_ms == 0) return;
  x.attempt_deadline_ms = x.loop().now_ms() + static_cast<std::uint64_t>(
                                                  x.worker.limits().default_head_timeout.count());
  x.arm();
}

Error connect_error(Exchange& x, Lease& lease) {
  if (!lease.endpoint())
    return {Side::kUpstream, Phase::kConnect, Fault::kConnect, 503, "the name has no address"};
  if (lease.fault() != Fault::kOverload) lease.report(Outcome::kConnectFailed);
  return x.upstream_error(lease.fault());
}

void send_head(Exchange& x, Lease& lease) {
  http::RequestHead& request = x.request;
  if (!request.upgrade.empty())
    complete_handshake(request, x.worker.random().next(), x.worker.random().next());
  request.expect_continue = false;  // answered by us, when the body is wanted
  lease.stream().send_head(request);
  x.worker.metrics().upstream_requests.add();
}

/// Passes interim responses on; true when the final head is there.
bool final_head(Exchange& x, ClientStream& up) {
  while (up.head_state() == ClientStream::kHeadReady) {
    const http::ResponseHead& head = up.response();
    if (head.status >= 200 || head.status == 101) return true;
    if (head.status != 100) x.stream.send_informational(head.status, head.headers);
    up.next_head();
  }
  return false;
}

/// One step of getting the head; `ready` when it is there.
Error await_head(Exchange& x, Lease& lease, Upload& upload, bool& ready) {
  ClientStream& up = lease.stream();
  ready = final_head(x, up);
  if (ready && up.response().status == 101 && x.request.upgrade.empty()) {
    ready = false;  // nobody asked for it
    lease.report(Outcome::kFailed);
    return x.upstream_error(Fault::kMalformed);
  }
  if (ready) return {};
  if (up.head_state() == ClientStream::kHeadFailed) {
    lease.report(Outcome::kFailed);
    return x.upstream_error(up.head_fault());
  }
  if (!upload.done()) {
    const std::uint64_t before = x.bytes_in;
    if (const Fault fault = upload.pump(up); fault != Fault::kNone)
      return {Side::kClient, Phase::kRequest, fault, 0, {}};
    if (up.ready() || x.bytes_in > before) postpone_default_deadline(x);
    if (upload.done()) x.phase = Phase::kHead;
  }
  Error error = x.interrupted();
  if (error.side == Side::kUpstream) lease.report(Outcome::kFailed);
  return error;
}

void add_session(Exchange& x, const Lease& lease, http::ResponseHead& head) {
  const auto& spec = x.rule().spec->session;
  if (!spec) return;
  const std::uint64_t now = x.worker.unix_seconds();
  const filter::Session current{lease.endpoint()->identity(),
                                x.session ? x.session->started_s : now, now};
  if (filter::must_write(*spec, x.session, current))
    filter::write_session(*spec, current, filter::session_path(x.match.match),
                          x.request.scheme == "https", head);
}

/// The response's head on its way to the client; the body follows in relay().
void begin_response(Exchange& x, Lease& lease, Upload& upload) {
  lease.report(Outcome::kAnswered);
  http::ResponseHead& head = lease.stream().response();
  add_session(x, lease, head);
  if (x.filters) {
    x.backend->filters.on_response(*x.filters, head);
    x.rule().filters.on_response(*x.filters, head);
  }
  if (!x.rule().spec->timeouts.backend_request) x.attempt_deadline_ms = 0;
  x.phase = Phase::kResponse;
  if (head.status == 101) {
    finish_handshake(x.request, head);
    x.phase = Phase::kTunnel;
    x.attempt_deadline_ms = x.request_deadline_ms = 0;  // a tunnel has no end to wait for
    upload.tunnel();
  }
  if (x.grpc)
    if (const auto* status = head.headers.find(http::FieldId::kGrpcStatus))
      x.grpc_status = static_cast<int>(parse_uint(status->value).value_or(2));
  x.status = head.status;
  x.stream.send_head(head);
}

/// Moves what there is of the response's body; `done` when it was the last.
Error pass_response(Exchange& x, ClientStream& up, bool& done) {
  while (x.stream.ready()) {
    switch (up.state()) {
      case BodyReader::kPending:
        return {};
      case BodyReader::kData: {
        const std::string_view data = up.data();
        x.stream.write(data);
        x.bytes_out += data.size();
        up.consume(data.size());
        break;
      }
      case BodyReader::kEnd: {
        const http::Headers* trailers = up.trailers();
        if (x.grpc && trailers)
          if (const auto* status = trailers->find(http::FieldId::kGrpcStatus))
            x.grpc_status = static_cast<int>(parse_uint(status->value).value_or(2));
        x.stream.finish(trailers);
        done = true;
        return {};
      }
      case BodyReader::kFailed:
        return x.upstream_error(up.read_fault());
    }
  }
  return x.stream.write_fault() == Fault::kNone ? Error{} : x.client_error(x.stream.write_fault());
}

/// Over: in a tunnel when both directions are, else with the response, whatever of the request is
/// still on its way (RFC 9110 §9.3: a server may answer early).
bool over(const Exchange& x, const Upload& upload, bool response_done) {
  return response_done && (x.phase != Phase::kTunnel || upload.done());
}

/// One step of the response, while the rest of the request still goes up.
Error relay(Exchange& x, Lease& lease, Upload& upload, bool& done) {
  if (!upload.done())
    if (const Fault fault = upload.pump(lease.stream()); fault != Fault::kNone)
      return x.client_error(fault);
  if (!done)
    if (Error error = pass_response(x, lease.stream(), done)) return error;
  if (over(x, upload, done)) return {};
  if (x.phase == Phase::kTunnel && (done || upload.done()) && x.attempt_deadline_ms == 0) {
    x.attempt_deadline_ms = x.loop().now_ms() + static_cast<std::uint64_t>(
                                                    x.worker.limits().half_closed_tunnel.count());
    x.arm();
  }
  return x.interrupted();
}

void count_error(Exchange& x, const Error& error) {
  using telemetry::UpstreamPhase;
  if (error.side != Side::kUpstream) return;
  UpstreamPhase phase = UpstreamPhase::kBody;
  if (error.phase == Phase::kConnect)
    phase = error.fault == Fault::kTls ? UpstreamPhase::kTls : UpstreamPhase::kConnect;
  else if (error.phase == Phase::kRequest) phase = UpstreamPhase::kSend;
  else if (error.phase == Phase::kHead) phase = UpstreamPhase::kHead;
  x.worker.metrics().upstream_errors[static_cast<std::size_t>(phase)].add();
}

}  // namespace

net::Task<Error> forward(Exchange& x) {
  Retries retries(x);
  Upload upload(x);
  start_mirrors(x, upload);
  for (;;) {
    // A connection.
    ++x.attempts;
    x.phase = Phase::kConnect;
    set_attempt_deadline(x, retries.asked_for());
    Error error;
    std::optional<Lease> lease;
    lease.emplace(*x.cluster, retries.wish(x, speak_for(x)), x.wake);
    while (lease->state() == Lease::kPending && !(error = x.interrupted())) co_await x.wake;
    x.endpoint = upstream::Ref<upstream::Endpoint>(lease->endpoint());
    if (!error && lease->state() == Lease::kFailed) error = connect_error(x, *lease);

    // The request, and the head of its response.
    bool ready = false;
    if (!error) {
      upload.begin();
      send_head(x, *lease);
      x.phase = upload.done() ? Phase::kHead : Phase::kRequest;
      while (!(error = await_head(x, *lease, upload, ready)) && !ready) co_await x.wake;
    }
    count_error(x, error);

    // Once more?
    const int status = ready ? lease->stream().response().status : 0;
    if (retries.again(x, error, status, upload.replayable(), *lease)) {
      if (ready) lease->report(Outcome::kAnswered);
      lease.reset();
      x.worker.metrics().upstream_retries.add();
      for (retries.pause(x); retries.pausing(x); co_await x.wake)
        if ((error = x.interrupted())) co_return error;
      continue;
    }
    if (error) co_return error;

    // The response.
    begin_response(x, *lease, upload);
    const http::ResponseHead& head = lease->stream().response();
    bool done = x.phase != Phase::kTunnel &&
                (head.no_body || head.body.kind == http::BodyLength::Kind::kNone);
    while (!over(x, upload, done)) {
      error = relay(x, *lease, upload, done);
      if (error) break;
      if (!over(x, upload, done)) co_await x.wake;
    }
    count_error(x, error);
    co_return error;
  }
}

}  // namespace gwanmun::proxy
