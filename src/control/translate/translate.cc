// The whole of a translation, step by step; each step is in a file of its own. See translate.h.
#include "control/translate/translate.h"

#include <algorithm>

#include "base/text.h"
#include "control/translate/attach.h"
#include "control/translate/memo.h"
#include "control/translate/policies.h"
#include "control/translate/shadows.h"

namespace gwanmun::translate {

namespace {

/// Translates all routes, in order of precedence, onto the listeners of a topology.
class Routes {
 public:
  Routes(Context& context, Topology& topology, const Changes& changes, const Memo* before,
         Memo& memo)
      : context_(context), topology_(topology), changes_(changes), before_(before), memo_(memo) {}

  void run() {
    const api::ResourceSet& resources = context_.resources;
    collect(resources.http_routes, RouteKind::kHttp);
    collect(resources.grpc_routes, RouteKind::kGrpc);
    collect(resources.tls_routes, RouteKind::kTls);
    collect(resources.tcp_routes, RouteKind::kTcp);
    collect(resources.udp_routes, RouteKind::kUdp);
    auto first = [](const Entry& a, const Entry& b) {
      if (older(*a.view.meta, *b.view.meta)) return true;
      return !older(*b.view.meta, *a.view.meta) && a.view.kind < b.view.kind;
    };
    if (!std::ranges::is_sorted(entries_, first)) std::ranges::sort(entries_, first);
    memo_.mixed = topology_.mixed;
    attachments_hold_ = before_ != nullptr && !changes_.everything && !changes_.topology &&
                        !topology_.mixed && !before_->mixed;
    memo_.routes.reserve(entries_.size());
    for (Entry& entry : entries_) translate_one(entry);
    for (Entry& entry : entries_)
      if (entry.memo->rules != nullptr && !entry.memo->rules->broken.empty()) place_broken(entry);
  }

  /// The clusters that attached routes lead to, and for policies: from which Gateways.
  std::map<std::string_view, const ClusterKey*> clusters;
  std::map<api::ObjectRef, GatewayUse> uses;

 private:
  struct Entry {
    RouteView view;
    std::shared_ptr<const RouteRules> (*translate)(const Context&, const void*);
    RouteMemo* memo = nullptr;
    const RouteMemo* before = nullptr;
  };

  template <class T>
  void collect(const api::ResourceSet::Of<T>& routes, RouteKind kind) {
    entries_.reserve(entries_.size() + routes.size());
    for (const auto& [key, route] : routes)
      entries_.push_back(
          {.view = {kind, route, &route->metadata, &route->spec, &route->spec.hostnames},
           .translate = [](const Context& context, const void* object) {
             return translate_rules(context, *static_cast<const T*>(object));
           }});
  }

  void translate_one(Entry& entry) {
    if (before_ != nullptr) {
      auto at = before_->routes.find(entry.view.object.get());
      if (at != before_->routes.end()) entry.before = &at->second;
    }
    RouteMemo& memo = memo_.routes[entry.view.object.get()];
    entry.memo = &memo;
    memo.object = entry.view.object;
    memo.rules = rules_of(entry);
    if (attachments_hold_ && entry.before != nullptr) memo.attachment = entry.before->attachment;
    else memo.attachment = std::make_shared<Attachment>(attach(context_, topology_, entry.view));
    if (!memo.rules->all_invalid) count_attached(topology_, *memo.attachment);
    report(entry);
    if (memo.attachment->places.empty()) return;
    note_clusters(entry);
    if (!memo.rules->rules.empty())
      place(entry, memo.rules->rules, "", memo.route, entry.before ? entry.before->route : nullptr);
    shadows_.add(entry.view, *memo.rules, *memo.attachment, context_.out.warnings);
  }

  std::shared_ptr<const RouteRules> rules_of(const Entry& entry) {
    if (entry.before != nullptr && !changes_.everything) {
      const RouteRules& rules = *entry.before->rules;
      bool stale =
          (changes_.grants && rules.crosses_namespaces) ||
          (!changes_.backends.empty() && std::ranges::any_of(rules.looked_up, [&](const auto& ref) {
            return changes_.backends.contains(ref);
          }));
      if (!stale) return entry.before->rules;
    }
    return entry.translate(context_, entry.view.object.get());
  }

  void note_clusters(const Entry& entry) {
    const auto& places = entry.memo->attachment->places;
    bool served = std::ranges::any_of(places, [this](const Place& place) {
      const ListenerState& listener = *topology_.listeners[place.listener];
      return listener.programmed() && !listener.parent->gateway->own.refused;
    });
    if (served)
      for (const auto& [name, key] : entry.memo->rules->clusters)
        clusters.emplace_hint(clusters.end(), name, &key);
    if (context_.resources.backend_tls_policies.empty()) return;
    for (const auto& ref : entry.memo->rules->looked_up)
      for (const Place& place : places) {
        const GatewayState& gateway = *topology_.listeners[place.listener]->parent->gateway;
        uses[ref].try_emplace(gateway.gateway->metadata.key(), gateway.controller);
      }
  }

  /// Puts a route into the host tables of its places, behind all that take precedence there.
  void place(Entry& entry, const std::vector<std::shared_ptr<const snapshot::Rule>>& rules,
             const char* section, std::shared_ptr<const snapshot::Route>& out,
             const std::shared_ptr<const snapshot::Route>& before) {
    slots_.clear();
    std::uint32_t rank = 0;
    for (const auto& [listener, host] : entry.memo->attachment->places) {
      auto& slot = topology_.listeners[listener]->hosts[host];
      if (!slot.empty()) rank = std::max(rank, slot.back()->rank + 1);
      slots_.push_back(&slot);
    }
    if (before != nullptr && before->rank == rank && before->rules == rules) {
      out = before;
    } else {
      bool grpc = entry.view.kind == RouteKind::kGrpc;
      snapshot::Route route;
      route.kind = grpc ? snapshot::RouteKind::kGrpc : snapshot::RouteKind::kHttp;
      route.rank = rank;
      route.origin = {name_of(entry.view.kind), entry.view.meta->namespace_, entry.view.meta->name,
                      section, entry.view.meta->generation};
      route.rules = rules;
      out = std::make_shared<const snapshot::Route>(std::move(route));
    }
    for (auto* slot : slots_) slot->push_back(out);
  }

  void place_broken(Entry& entry) {
    if (entry.memo->attachment->places.empty()) return;
    place(entry, entry.memo->rules->broken, "invalid", entry.memo->broken,
          entry.before ? entry.before->broken : nullptr);
  }

  void report(Entry& entry) {
    RouteMemo& memo = *entry.memo;
    const auto& parents = memo.attachment->parents;
    if (parents.empty()) return;
    if (entry.before != nullptr && entry.before->rules == memo.rules &&
        (entry.before->attachment == memo.attachment ||
         entry.before->attachment->parents == parents)) {
      memo.status = entry.before->status;
    } else {
      api::RouteStatus status;
      for (const ParentFact& fact : parents) status.parents.push_back(parent_status(entry, fact));
      memo.status = std::make_shared<const Status>(std::move(status));
    }
    const api::ObjectMeta& meta = *entry.view.meta;
    // Routes come nearly in the order of the map.
    auto& statuses = context_.out.statuses;
    auto hint = last_status_ == statuses.end() ? statuses.end() : std::next(last_status_);
    last_status_ = statuses.emplace_hint(
        hint, api::ObjectRef{name_of(entry.view.kind), meta.namespace_, meta.name}, memo.status);
  }

  static api::RouteParentStatus parent_status(const Entry& entry, const ParentFact& fact) {
    const RouteRules& rules = *entry.memo->rules;
    const auto& refs = entry.view.spec->parentRefs;
    api::RouteParentStatus status;
    if (fact.index < refs.size()) status.parentRef = refs[fact.index];
    else
      status.parentRef = {.group = api::kGatewayGroup,
                          .kind = "Gateway",
                          .namespace_ = fact.default_gateway.ns,
                          .name = fact.default_gateway.name};
    status.controllerName = fact.controller;
    Problem refused = fact.refused;
    if (rules.all_invalid) refused.note(rules.invalid.reason, rules.invalid.message);
    auto accepted = condition(type::kAccepted, refused, reason::kAccepted);
    if (!refused) accepted.message = fact.note;
    status.conditions = {std::move(accepted),
                         condition(type::kResolvedRefs, rules.refs, reason::kResolvedRefs)};
    if (!refused && rules.invalid)
      status.conditions.push_back(
          condition(type::kPartiallyInvalid, true, rules.invalid.reason, rules.invalid.message));
    stamp(status.conditions, entry.view.meta->generation);
    return status;
  }

  Context& context_;
  Topology& topology_;
  const Changes& changes_;
  const Memo* before_;
  Memo& memo_;
  std::vector<Entry> entries_;
  Shadows shadows_;
  bool attachments_hold_ = false;  // those of unchanged routes are as they were
  std::vector<std::vector<std::shared_ptr<const snapshot::Route>>*> slots_;
  std::map<api::ObjectRef, std::shared_ptr<const Status>>::iterator last_status_ =
      context_.out.statuses.end();
};

template <class T>
std::shared_ptr<const T> share(T value, const std::shared_ptr<const T>& before) {
  if (before != nullptr && *before == value) return before;
  return std::make_shared<const T>(std::move(value));
}

void add_clusters(const Context& context, const Changes& changes,
                  const std::map<std::string_view, const ClusterKey*>& clusters,
                  const snapshot::Snapshot* before, snapshot::Snapshot& out) {
  static const std::map<std::string, std::shared_ptr<const snapshot::Cluster>> kNone;
  const auto& olds = before == nullptr ? kNone : before->clusters;
  auto at = olds.begin();  // both are in order of their names
  for (const auto& [name, key] : clusters) {
    while (at != olds.end() && at->first < name) ++at;
    std::shared_ptr<const snapshot::Cluster> old;
    if (at != olds.end() && at->first == name) old = at->second;
    auto in = [&](const std::set<api::ObjectRef>& refs) {
      return !refs.empty() && refs.contains({key->kind, key->object.ns, key->object.name});
    };
    bool same =
        old != nullptr && !changes.everything && !in(changes.backends) && !in(changes.endpoints);
    out.clusters.emplace_hint(out.clusters.end(), name,
                              same ? old : share(build_cluster(context, *key), old));
  }
}

/// `gwanmun.io/proxy-protocol: http,https` on a Gateway names listeners that expect the PROXY
/// protocol; "*" names all.
bool wants_proxy_protocol(const ListenerState& listener) {
  const auto& annotations = listener.parent->metadata().annotations;
  auto at = annotations.find(kProxyProtocolAnnotation);
  if (at == annotations.end()) return false;
  return std::ranges::any_of(split(at->second, ','), [&](std::string_view name) {
    return trim(name) == "*" || trim(name) == listener.spec->name;
  });
}

snapshot::Listener make_listener(ListenerState& state) {
  const api::ObjectMeta& meta = state.parent->metadata();
  snapshot::Listener out;
  out.origin = {state.parent->kind(), meta.namespace_, meta.name, state.spec->name,
                meta.generation};
  out.port = static_cast<std::uint16_t>(state.spec->port);
  out.protocol = *state.protocol;
  out.hostname = state.hostname;
  out.tls = std::move(state.tls);
  out.proxy_protocol = wants_proxy_protocol(state);
  out.addresses = state.parent->gateway->addresses;
  out.hosts = std::move(state.hosts);
  return out;
}

void add_listeners(Topology& topology, const snapshot::Snapshot* before, snapshot::Snapshot& out) {
  std::map<std::string, std::shared_ptr<const snapshot::Listener>> old;
  if (before != nullptr)
    for (const auto& listener : before->listeners) old[to_string(listener->origin)] = listener;
  for (auto& gateway : topology.gateways) {
    if (gateway->own.refused) continue;
    gateway->for_each_listener([&](ListenerState& state) {
      if (!state.programmed()) return;
      snapshot::Listener listener = make_listener(state);
      auto at = old.find(to_string(listener.origin));
      out.listeners.push_back(share(std::move(listener), at == old.end() ? nullptr : at->second));
    });
  }
}

}  // namespace

Settings Settings::for_files() {
  Settings out;
  out.default_class = out.implied_namespaces = out.loopback_endpoints = true;
  out.external_names = out.one_data_plane = true;
  return out;
}

document::Node encode(const Status& status) {
  return std::visit([](const auto& each) { return api::encode(each); }, status);
}

Translation translate(const api::ResourceSet& resources, const Settings& settings,
                      const Translation* previous) {
  Translation out;
  const Memo* before = previous == nullptr ? nullptr : previous->memo.get();
  const snapshot::Snapshot* old = previous == nullptr ? nullptr : previous->snapshot.get();
  auto memo = std::make_shared<Memo>();
  Changes changes = find_changes(before, resources, settings);
  Index index(resources, settings);
  Context context{resources, settings,      index,
                  out,       memo->secrets, before == nullptr ? nullptr : &before->secrets};

  Topology topology = build_topology(context);
  Routes routes(context, topology, changes, before, *memo);
  routes.run();
  report_topology(context, topology);
  report_policies(context, routes.uses);

  snapshot::Snapshot snapshot;
  snapshot.version = old == nullptr ? 1 : old->version + 1;
  add_listeners(topology, old, snapshot);
  add_clusters(context, changes, routes.clusters, old, snapshot);
  out.snapshot = std::make_shared<const snapshot::Snapshot>(std::move(snapshot));
  remember(*memo, resources, settings);
  out.memo = std::move(memo);
  return out;
}

}  // namespace gwanmun::translate
