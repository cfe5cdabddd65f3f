// Router: which rule serves a request. Immutable tables compiled from a Snapshot once, shared by
// all workers; used by proxy/serve.cc and the listeners (SNI). Never does I/O, never waits.
//
// Precedence (HTTPRouteRule.matches and GRPCRouteRule.matches of the API), decided at build time:
//   1. listener: the most specific hostname on the port wins before any route is looked at
//      (listener isolation); there is no way back to a less specific listener;
//   2. host: exact, then the longest wildcard, then "*". When no rule under the more specific host
//      matches, the less specific ones of the same listener are tried: the specification gives
//      precedence, it does not exclude;
//   3. path: Exact; RegularExpression, longest pattern first (the API leaves this open; this is
//      what Envoy Gateway does); PathPrefix, longest first. A GRPCRoute's regular expressions come
//      after its services and before its catch-all, since characters of a service count first;
//   4. method, then number of headers, then of query parameters;
//   5. Route::rank (age, then namespace/name), then the order of rules, then of matches.
// A repeated header is compared as one value joined by ", " (RFC 9110 §5.3); of a repeated query
// parameter the first value counts; query names and values are percent-decoded and "+" is a space.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "proxy/filter/filter.h"
#include "snapshot/snapshot.h"

namespace gwanmun::proxy {

struct CompiledBackend {
  const snapshot::Backend* spec = nullptr;
  filter::ClusterId cluster = filter::kNoCluster;
  std::uint32_t weight = 0;  // 0: only for a session that already lives there
  int status = 0;            // other than 0: this share answers it
  filter::Chain filters;
};

/// A rule as the workers run it. `id` is below Router::rule_slots(), unique in its Router, and the
/// same in later Routers for as long as the rule's host keeps it: per-worker state (weights' turns,
/// counters) is an array by it, to be reset where rules()[id] has changed.
struct CompiledRule {
  std::shared_ptr<const snapshot::Rule> spec;  // origin, timeouts, retry, session, reason
  snapshot::RouteKind kind = snapshot::RouteKind::kHttp;
  std::uint32_t id = 0;
  /// Other than 0: answered for every request (unknown filter 500, no rule at all 404; then there
  /// are no filters), or for those that no filter answers first (no backend 500).
  int status = 0;
  std::uint64_t total_weight = 0;
  filter::Chain filters;
  std::vector<CompiledBackend> backends;
};

struct HostTables;

/// A listener with the tables of its hosts.
struct CompiledListener {
  std::shared_ptr<const snapshot::Listener> spec;
  std::shared_ptr<const HostTables> hosts;
};

/// Where a request goes. `rule` is never nullptr: when nothing matches it is Router::not_found().
struct RouteMatch {
  const CompiledRule* rule = nullptr;
  const snapshot::Match* match = nullptr;  // nullptr when nothing matched
  /// What listener_for() says of the host; nullptr when no listener has it.
  const CompiledListener* listener = nullptr;
  /// For filter::Facts: bytes of the path that the matched prefix covers.
  std::uint32_t prefix_length = 0;
};

/// A lower-cased host without port, and without the dot a full name may end in; in its own
/// memory. Empty when the authority has no host or one beyond 253 bytes.
class HostName {
 public:
  /// From RequestHead::authority or a TLS server name: "A.example.com:80", "[::1]:80".
  explicit HostName(std::string_view authority);
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[256];
  std::uint32_t size_ = 0;
};

struct HostIndex;

/// All listeners of one address and port.
class PortRouter {
 public:
  PortRouter();
  ~PortRouter();
  PortRouter(const PortRouter&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& address() const { return address_; }  // empty: all
  std::span<const std::shared_ptr<const CompiledListener>> listeners() const { return listeners_; }

  /// The listener for a server name or Host, the first one of several with the same hostname;
  /// nullptr when none covers it. For TLS, a request whose
  /// Host selects another listener than its connection's SNI did is misdirected (421).
  const CompiledListener* listener_for(std::string_view host) const;
  /// The rule for a request. The path must be normalised; decoding uses the head's arena.
  RouteMatch match(const http::RequestHead& request) const;
  RouteMatch match(const http::RequestHead& request, std::string_view host) const;

 private:
  friend class RouterBuilder;
  std::uint16_t port_ = 0;
  std::string address_;
  const CompiledRule* not_found_ = nullptr;
  std::vector<std::shared_ptr<const CompiledListener>> listeners_;
  std::unique_ptr<HostIndex> by_host_;
};

/// Thread-safe after compile(): only const functions.
class Router {
 public:
  /// Cannot fail: what is wrong in a snapshot is a value there. `previous` (may be nullptr) lends
  /// what has not changed: listeners, hosts and rules that are the same objects are shared.
  static std::shared_ptr<const Router> compile(std::shared_ptr<const snapshot::Snapshot> snapshot,
                                               const Router* previous);
  ~Router();

  const snapshot::Snapshot& snapshot() const { return *snapshot_; }
  std::uint64_t version() const { return snapshot_->version; }

  std::span<const std::unique_ptr<PortRouter>> ports() const { return ports_; }
  /// nullptr when no listener has it.
  const PortRouter* port(std::string_view address, std::uint16_t port) const;

  /// By ClusterId; nullptr where the id is unused. Ids are kept across snapshots by name.
  std::span<const std::shared_ptr<const snapshot::Cluster>> clusters() const { return clusters_; }
  filter::ClusterId cluster_id(std::string_view name) const { return cluster_ids_.find(name); }

  /// By CompiledRule::id; nullptr where the id is unused. Slot 0 is not_found().
  std::span<const std::shared_ptr<const CompiledRule>> rules() const { return rules_; }
  std::size_t rule_slots() const { return rules_.size(); }
  const CompiledRule& not_found() const { return *rules_[0]; }

 private:
  friend class RouterBuilder;
  Router() = default;
  std::shared_ptr<const snapshot::Snapshot> snapshot_;
  std::vector<std::unique_ptr<PortRouter>> ports_;
  filter::ClusterIds cluster_ids_;
  std::vector<std::shared_ptr<const snapshot::Cluster>> clusters_;
  std::vector<filter::ClusterId> cluster_order_;  // in the order of the snapshot's clusters
  std::vector<std::shared_ptr<const CompiledRule>> rules_;
};

}  // namespace gwanmun::proxy
