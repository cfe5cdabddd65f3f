// See attach.h.
#include "control/translate/attach.h"

#include <algorithm>

#include "base/text.h"

namespace gwanmun::translate {

namespace {

/// Attaches one route to the listeners of one parent.
class Attacher {
 public:
  Attacher(const Context& context, const Topology& topology, const RouteView& route)
      : context_(context), topology_(topology), route_(route) {}

  void attach_to(ParentState& parent, const api::ParentReference& ref, ParentFact fact) {
    fact.controller = parent.gateway->controller;
    not_selected_ = not_allowed_ = no_hostname_ = conflict_ = {};
    int accepted = 0;
    std::string idle;
    if (parent.set != nullptr && parent.refused)
      not_selected_ = {reason::kNoMatchingParent,
                       str_cat(parent.name(), " is not accepted: ", parent.refused.message)};
    for (auto& listener : parent.listeners) {
      if (!selects(ref, *listener)) continue;
      std::vector<std::string> hosts;
      if (!admits(*listener, hosts)) continue;
      ++accepted;
      if (!listener->programmed()) idle = str_cat(listener->name(), " is not served");
      take(*listener, std::move(hosts));
    }
    if (accepted == 0) fact.refused = why_not(parent, ref);
    else if (parent.gateway->own.refused)
      fact.note = str_cat(parent.gateway->own.name(), " is not accepted, so nothing is served");
    else if (!idle.empty()) fact.note = str_cat("accepted, but ", idle);
    result.parents.push_back(std::move(fact));
  }

  Attachment result;

 private:
  static bool selects(const api::ParentReference& ref, const ListenerState& listener) {
    return (!ref.sectionName || ref.sectionName->empty() ||
            *ref.sectionName == listener.spec->name) &&
           (!ref.port || *ref.port == listener.spec->port);
  }

  /// Kind, namespace and hostnames fit; `hosts` is what both sides admit.
  bool admits(const ListenerState& listener, std::vector<std::string>& hosts) {
    if ((listener.kinds & bit(route_.kind)) == 0) {
      const Problem& unserved = listener.accepted;
      std::string why = !listener.protocol ? unserved.message
                                           : str_cat("it takes ", kinds_of(listener),
                                                     "; see allowedRoutes.kinds and protocol");
      not_allowed_.note(reason::kNotAllowedByListeners,
                        str_cat(listener.name(), " takes no ", name_of(route_.kind), ": ", why));
      return false;
    }
    if (!namespace_allowed(listener)) return false;
    hosts = shared_hosts(listener);
    if (hosts.empty()) {
      no_hostname_.note(reason::kNoMatchingListenerHostname,
                        str_cat(listener.name(), " has hostname ", listener.hostname,
                                ", which none of spec.hostnames matches"));
      return false;
    }
    return !kind_conflict(listener, hosts);
  }

  static std::string kinds_of(const ListenerState& listener) {
    std::string out;
    for (int k = 0; k <= static_cast<int>(RouteKind::kUdp); ++k)
      if (auto kind = static_cast<RouteKind>(k); listener.kinds & bit(kind))
        out += str_cat(out.empty() ? "" : " and ", name_of(kind));
    return out.empty() ? "no kind of route" : out;
  }

  bool namespace_allowed(const ListenerState& listener) {
    const std::string& here = listener.parent->metadata().namespace_;
    const std::string& theirs = route_.meta->namespace_;
    const auto& allowed = listener.spec->allowedRoutes;
    std::string_view from = "Same";
    if (allowed && allowed->namespaces && allowed->namespaces->from)
      from = *allowed->namespaces->from;
    if (from == "All" || (from == "Same" && here == theirs)) return true;
    const api::LabelSelector* selector = nullptr;
    if (from == "Selector" && allowed->namespaces->selector)
      selector = &*allowed->namespaces->selector;
    if (selector != nullptr && context_.index.selects(*selector, theirs)) return true;
    std::string field = str_cat(listener.path(), ".allowedRoutes.namespaces");
    not_allowed_.note(
        reason::kNotAllowedByListeners,
        from == "Selector"
            ? str_cat(listener.name(), " takes routes of selected namespaces only, and namespace ",
                      theirs, " does not match: add the labels that ", field, ".selector asks for")
            : str_cat(listener.name(), " takes routes of its own namespace ", here,
                      " only, and this one is in ", theirs, ": set ", field,
                      ".from to All or Selector on ", listener.parent->name()));
    return false;
  }

  std::vector<std::string> shared_hosts(const ListenerState& listener) const {
    if (route_.hostnames->empty())
      return {listener.hostname.empty() ? std::string("*") : listener.hostname};
    std::vector<std::string> out;
    for (const auto& hostname : *route_.hostnames) {
      auto host = intersect(listener.hostname, normal_host(hostname));
      if (host && std::ranges::find(out, *host) == out.end()) out.push_back(*std::move(host));
    }
    return out;
  }

  /// GRPCRouteSpec.hostnames: of an HTTPRoute and a GRPCRoute with a host in common exactly one is
  /// accepted, and the one with precedence came first.
  bool kind_conflict(const ListenerState& listener, const std::vector<std::string>& hosts) {
    bool http = route_.kind == RouteKind::kHttp;
    const HostSet& others = http ? listener.grpc_hosts : listener.http_hosts;
    if (others.empty()) return false;
    auto at = std::ranges::find_if(hosts, [&](auto& host) { return others.intersects(host); });
    if (at == hosts.end()) return false;
    conflict_.note(reason::kHostnameConflict,
                   str_cat("on ", listener.name(), " host ", *at, " is taken by ",
                           http ? "a GRPCRoute" : "an HTTPRoute",
                           " that has precedence; the two kinds cannot share a host on one "
                           "listener"));
    return true;
  }

  void take(ListenerState& listener, std::vector<std::string> hosts) {
    if (listener.last_attached == route_.meta) return;
    listener.last_attached = route_.meta;
    for (auto& host : hosts) {
      if (topology_.mixed)
        (route_.kind == RouteKind::kHttp ? listener.http_hosts : listener.grpc_hosts).add(host);
      result.places.push_back({listener.ordinal, std::move(host)});
    }
  }

  Problem why_not(const ParentState& parent, const api::ParentReference& ref) const {
    for (const Problem* problem : {&conflict_, &no_hostname_, &not_allowed_, &not_selected_})
      if (*problem) return *problem;
    std::string wanted;
    if (ref.sectionName && !ref.sectionName->empty())
      wanted = str_cat(" named \"", *ref.sectionName, "\"");
    if (ref.port) wanted += str_cat(" on port ", *ref.port);
    std::string names;
    for (const auto& listener : parent.listeners)
      names += str_cat(names.empty() ? "" : ", ", "\"", listener->spec->name, "\" on port ",
                       listener->spec->port);
    return {reason::kNoMatchingParent,
            str_cat(parent.name(), " has no listener", wanted, "; it has ", names)};
  }

  const Context& context_;
  const Topology& topology_;
  const RouteView& route_;
  Problem not_selected_, not_allowed_, no_hostname_, conflict_;
};

ParentState* find_parent(Topology& topology, const api::ParentReference& ref,
                         const std::string& route_ns) {
  if (ref.group && *ref.group != api::kGatewayGroup) return nullptr;
  std::string_view kind = ref.kind ? std::string_view(*ref.kind) : "Gateway";
  if (kind != "Gateway" && kind != "ListenerSet") return nullptr;
  auto& parents = kind == "Gateway" ? topology.gateway_parents : topology.set_parents;
  auto at = parents.find({ref.namespace_.value_or(route_ns), ref.name});
  return at == parents.end() ? nullptr : at->second;
}

}  // namespace

Attachment attach(const Context& context, Topology& topology, const RouteView& route) {
  Attacher attacher(context, topology, route);
  const auto& refs = route.spec->parentRefs;
  std::vector<const ParentState*> named;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    ParentState* parent = find_parent(topology, refs[i], route.meta->namespace_);
    if (parent == nullptr) continue;
    named.push_back(parent);
    attacher.attach_to(*parent, refs[i], {.index = i});
  }
  if (route.spec->useDefaultGateways == "All") {
    for (auto& gateway : topology.gateways) {
      if (gateway->gateway->spec.defaultScope != "All" ||
          std::ranges::find(named, &gateway->own) != named.end())
        continue;
      attacher.attach_to(
          gateway->own, {},
          {.index = refs.size(), .default_gateway = gateway->gateway->metadata.key()});
    }
  }
  return std::move(attacher.result);
}

void count_attached(Topology& topology, const Attachment& attachment) {
  const Place* last = nullptr;
  for (const Place& place : attachment.places) {
    if (last == nullptr || last->listener != place.listener)
      ++topology.listeners[place.listener]->attached;
    last = &place;
  }
}

}  // namespace gwanmun::translate
