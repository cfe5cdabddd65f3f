// The decision to send a request once more.
#include "proxy/retry.h"

#include <algorithm>

#include "proxy/worker.h"

namespace gwanmun::proxy {

using http::Fault;

namespace {

/// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) {
  static constexpr std::string_view kMethods[] = {"GET",   "HEAD", "OPTIONS",
                                                  "TRACE", "PUT",  "DELETE"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

constexpr std::uint32_t kRepeats = 1;

}  // namespace

Retries::Retries(Exchange& x)
    : policy_(x.rule().spec->retry ? &*x.rule().spec->retry : nullptr),
      idempotent_(is_idempotent(x.request.method)) {
  const bool has_body = x.request.body.kind != http::BodyLength::Kind::kNone;
  x.keeping = has_body && (policy_ || idempotent_ || !x.kept.empty());
}

upstream::Wish Retries::wish(Exchange& x, upstream::Speak speak) const {
  return {x.arena(), speak, x.session ? x.session->endpoint : 0, avoid_};
}

bool Retries::again(Exchange& x, const Error& error, int status, bool replayable,
                    const upstream::Lease& lease) {
  asked_for_ = false;
  if (!error && status < 400) return false;
  if (!replayable || error.side == Side::kClient || x.stream.is_gone()) return false;
  if (x.request_deadline_ms != 0 && x.loop().now_ms() >= x.request_deadline_ms) return false;
  if (!(by_safety(x, error, lease) || by_policy(x, error, status))) return false;
  avoid_ = lease.endpoint();
  return true;
}

bool Retries::by_safety(Exchange& x, const Error& error, const upstream::Lease& lease) {
  if (error.side != Side::kUpstream || error.fault == Fault::kTimeout) return false;
  if (error.phase == Phase::kConnect) {
    // One endpoint that refuses is asked once; with more of them the others get their chance.
    if (!lease.endpoint() || error.fault == Fault::kOverload) return false;
    if (x.cluster->endpoints().size() < 2) return false;
    return ++reconnects_ <= x.worker.limits().connect_attempts;
  }
  if (error.fault == Fault::kRefused && (lease.multiplexed() || idempotent_))
    return ++reconnects_ <= x.worker.limits().connect_attempts;
  const bool died = error.fault == Fault::kClosed || error.fault == Fault::kReset;
  return died && idempotent_ && repeats_++ < kRepeats;
}

bool Retries::by_policy(Exchange& x, const Error& error, int status) {
  if (!policy_ || by_policy_ >= policy_->attempts) return false;
  const auto& codes = policy_->codes;
  const bool wanted = error ? error.side == Side::kUpstream
                            : std::find(codes.begin(), codes.end(), status) != codes.end();
  if (!wanted) return false;
  (void)x;
  ++by_policy_;
  return asked_for_ = true;
}

void Retries::pause(Exchange& x) {
  x.resume_at_ms = 0;
  if (asked_for_) {
    const auto longest = static_cast<std::uint64_t>(x.worker.limits().max_backoff.count());
    const auto first = static_cast<std::uint64_t>(policy_->backoff.count());
    const std::uint64_t most = std::min(first << std::min(by_policy_ - 1, 20u), longest);
    // Between half and all of it, so that those who failed together do not come back together.
    if (most > 0)
      x.resume_at_ms = x.loop().now_ms() + most / 2 +
                       x.worker.random().below(static_cast<std::uint32_t>(most / 2 + 1));
  }
  x.attempt_deadline_ms = asked_for_ ? 0 : x.attempt_deadline_ms;
  x.arm();
}

bool Retries::pausing(Exchange& x) const {
  if (x.resume_at_ms != 0 && x.loop().now_ms() < x.resume_at_ms) return true;
  x.resume_at_ms = 0;
  return false;
}

}  // namespace gwanmun::proxy
