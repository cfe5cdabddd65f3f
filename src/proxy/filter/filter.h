// Chain: the filters of a rule or of a backend, compiled once from snapshot::Filter and run over
// the heads of each exchange. Called by proxy/serve.cc; the router compiles them.
//
// Filters do no I/O and allocate only from the exchange's arena. What needs I/O (asking an
// authorizer, sending a mirrored copy) is handed to serve.cc as a value.
//
// Usage:
//   filter::Exchange x(stream.request(), facts);
//   for (;;) {
//     auto verdict = rule.filters.on_request(x);
//     if (verdict == filter::Verdict::kContinue) break;
//     if (verdict == filter::Verdict::kReply) { send x.reply; ...; return; }
//     // kAuthorize: ask x.authorizer (external_auth.h), apply its decision, then go round again
//   }
//   ... x.mirrors() says which clusters get a copy; forward; then, for every response, made by
//   the backend or by the gateway itself:
//   rule.filters.on_response(x, response);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "proxy/filter/clusters.h"
#include "proxy/filter/limits.h"
#include "snapshot/snapshot.h"

namespace gwanmun::filter {

class Authorizer;   // external_auth.h
struct AuthHeader;  // auth_proto.h

/// What filters judge by besides the request's head.
struct Facts {
  std::uint16_t listener_port = 80;  // as in the Gateway, not as mapped
  /// How many bytes of the request's path the matched PathPrefix covers, without a trailing slash:
  /// 0 for "/" and for exact and regular-expression matches (router.h).
  std::uint32_t prefix_length = 0;
};

/// An answer given instead of forwarding. The body, if any, is in the arena or static.
struct Reply {
  explicit Reply(Arena& arena) : head(arena) {}
  http::ResponseHead head;
  std::string_view body;
};

enum class Verdict : std::uint8_t {
  kContinue,   // all request filters have run
  kReply,      // Exchange::reply is the answer
  kAuthorize,  // Exchange::authorizer must be asked; then on_request() goes on behind it
};

/// One exchange as its filters see it; lives in serve.cc's frame. The request is edited in place.
struct Exchange {
  Exchange(http::RequestHead& head, const Facts& known)
      : request(head), facts(known), reply(head.headers.arena()) {}

  http::RequestHead& request;
  Facts facts;
  Reply reply;
  const Authorizer* authorizer = nullptr;

  std::span<const ClusterId> mirrors() const { return {mirrors_, mirror_count_}; }
  /// Starts a chain from its first filter; serve.cc calls it before the chain of a backend.
  void restart() { next = 0; }

  // ---- written by the filters ----
  std::uint16_t next = 0;       // the filter that on_request() runs next
  bool cors_preflight = false;  // the reply is already decorated
  std::string_view origin;      // the request's Origin before any filter changed it
  bool origin_read = false;
  /// What an authorizer wants the client to be told.
  std::span<const AuthHeader> granted_response_headers;
  void add_mirror(ClusterId cluster) {
    if (mirror_count_ < kMaxMirrors) mirrors_[mirror_count_++] = cluster;
  }

 private:
  std::uint8_t mirror_count_ = 0;
  ClusterId mirrors_[kMaxMirrors];
};

class Filter;

/// Immutable; any thread. Views into the snapshot's strings: the snapshot must outlive it.
class Chain {
 public:
  Chain();
  Chain(std::span<const snapshot::Filter> filters, ClusterIds& clusters);
  Chain(Chain&&) noexcept;
  Chain& operator=(Chain&&) noexcept;
  ~Chain();

  bool empty() const { return filters_.empty(); }
  /// True when one of them answers by itself (RequestRedirect): a rule then needs no backend.
  bool redirects() const { return redirects_; }

  /// Runs the request filters in the order of the manifest, from x.next on.
  Verdict on_request(Exchange& x) const;
  /// Runs the response filters, last one first. Also for responses made by the gateway itself.
  void on_response(Exchange& x, http::ResponseHead& response) const;

 private:
  std::vector<std::unique_ptr<const Filter>> filters_;
  bool redirects_ = false;
};

}  // namespace gwanmun::filter
