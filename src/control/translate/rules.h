// Rules of one HTTPRoute or GRPCRoute, translated on their own: what does not depend on the
// Gateways it attaches to. Kept between translations as long as the route and what it refers to
// stay the same (memo.h).
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "control/translate/topology.h"

namespace gwanmun::translate {

/// What a cluster is made of; its name follows from it.
struct ClusterKey {
  const char* kind = "Service";  // or XBackend
  api::ObjectKey object;
  std::int32_t port = 0;
  snapshot::BackendProtocol protocol = snapshot::BackendProtocol::kHttp1;
  /// HTTP/2 was inferred from the route, so that the same port may serve HTTP/1 to others.
  bool inferred = false;
  std::string name() const;
};

/// A cluster with its name, which is made once.
struct NamedCluster {
  std::string name;
  ClusterKey key;
};

struct RouteRules {
  std::vector<std::shared_ptr<const snapshot::Rule>> rules;
  /// Matches that cannot be evaluated, widened to what they could have matched and answering 500;
  /// they yield to all other matches (snapshot::Route).
  std::vector<std::shared_ptr<const snapshot::Rule>> broken;
  Problem refs;                             // ResolvedRefs
  Problem invalid;                          // the first rule that cannot work
  bool all_invalid = false;                 // none can
  std::size_t seen = 0;                     // rules filed so far
  std::vector<std::size_t> indexes;         // of `rules`, in the route's spec.rules
  std::vector<std::uint64_t> match_hashes;  // of `rules`, rule by rule, match by match

  // What it depends on.
  std::vector<NamedCluster> clusters;
  std::vector<api::ObjectRef> looked_up;  // Services and XBackends, existing or not
  bool crosses_namespaces = false;
};

/// What translating a rule needs to know of its route.
struct RouteInput {
  const Context& context;
  RouteKind kind;
  const api::ObjectMeta& meta;

  Referrer referrer() const { return {name_of(kind), meta.namespace_}; }
  snapshot::Origin origin(std::string section) const {
    return {name_of(kind), meta.namespace_, meta.name, std::move(section), meta.generation};
  }
};

std::shared_ptr<const RouteRules> translate_rules(const Context& context,
                                                  const api::HTTPRoute& route);
std::shared_ptr<const RouteRules> translate_rules(const Context& context,
                                                  const api::GRPCRoute& route);

/// TLSRoute, TCPRoute, UDPRoute: only whether their references resolve.
template <class Route>
std::shared_ptr<const RouteRules> translate_rules(const Context& context, const Route& route);

// ---- the parts, each in its own file ----

/// backends.cc: the cluster a reference leads to, or why it leads nowhere. Notes the cluster and
/// what it looked up in `out`.
struct Target {
  std::string cluster;
  Problem problem;
};
Target resolve_backend(const RouteInput& route, const api::BackendObjectReference& ref,
                       const std::string& path, RouteRules& out);
/// clusters.cc: the cluster itself.
snapshot::Cluster build_cluster(const Context& context, const ClusterKey& key);

/// filters.cc: appends the filters in order. A filter that cannot work makes a problem (the rule or
/// backend then answers 500); a mirror that leads nowhere is left out and noted in `out`.
Problem translate_filters(const RouteInput& route, const std::vector<api::RouteFilter>& filters,
                          const std::string& path, RouteRules& out,
                          std::vector<snapshot::Filter>& into);

/// rule_parts.cc: what HTTPRoute and GRPCRoute rules have in common.
std::vector<snapshot::Backend> translate_backends(const RouteInput& route,
                                                  const std::vector<api::FilteredBackendRef>& refs,
                                                  const std::string& path, RouteRules& out);
std::optional<snapshot::SessionPersistence> translate_session(
    const std::optional<api::SessionPersistence>& session, const snapshot::Origin& origin,
    Problem& problem);

/// A match under translation; `broken` says why it cannot be evaluated, and `match` is then what it
/// could at most have matched (`nothing_known`: not even that).
struct MatchDraft {
  snapshot::Match match;
  Problem broken;
  bool nothing_known = false;
};
/// Exact or regular-expression values; a name that repeats an earlier one is ignored, as the API
/// says.
void translate_values(const std::vector<api::NamedValueMatch>& values, bool header,
                      const std::string& path, std::vector<snapshot::ValueMatch>& into,
                      Problem& broken);
void set_path_regex(MatchDraft& draft, std::string regex, const std::string& path);

/// Files the finished rule: `matches` that are broken apart from those that are not, its problem
/// into status and condition.
void file_rule(RouteRules& out, snapshot::Rule rule, std::vector<MatchDraft> matches,
               const Problem& problem);
/// After the last rule.
void finish_rules(RouteRules& out);

/// header_text.cc
bool is_header_name(std::string_view name);    // RFC 9110 §5.1
bool is_header_value(std::string_view value);  // RFC 9110 §5.5: no control characters
/// Fields that carry the message's framing or its connection; no filter may touch them.
bool is_framing_header(std::string_view lower_case_name);

}  // namespace gwanmun::translate
