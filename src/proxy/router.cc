#include "proxy/router.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "proxy/router_host.h"
#include "proxy/router_index.h"
#include "proxy/router_match.h"

namespace gwanmun::proxy {

/// The tables of a listener's hosts, in the order of snapshot::Listener::hosts.
struct HostTables {
  std::vector<std::shared_ptr<const HostTable>> tables;
  HostIndex index;  // position in `tables`
};

// ---- requests ----

HostName::HostName(std::string_view authority) {
  std::size_t end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[') && end != std::string_view::npos) ++end;  // keeps its bracket
  std::string_view host = authority.substr(0, end);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > 253) return;
  for (char c : host) text_[size_++] = to_lower(c);
}

PortRouter::PortRouter() : by_host_(std::make_unique<HostIndex>()) {}
PortRouter::~PortRouter() = default;

const CompiledListener* PortRouter::listener_for(std::string_view host) const {
  const CompiledListener* found = nullptr;
  by_host_->visit(host, [&](std::uint32_t i) {
    found = listeners_[i].get();
    return true;
  });
  return found;
}

RouteMatch PortRouter::match(const http::RequestHead& request) const {
  HostName host(request.authority);
  return match(request, host.view());
}

RouteMatch PortRouter::match(const http::RequestHead& request, std::string_view host) const {
  RouteMatch result{.rule = not_found_};
  RequestView view(request);
  by_host_->visit(host, [&](std::uint32_t first) {
    result.listener = listeners_[first].get();
    // Only Gateways that share a process can have several listeners of one hostname.
    for (std::size_t i = first; i < listeners_.size(); ++i) {
      const CompiledListener& listener = *listeners_[i];
      if (listener.spec->hostname != listeners_[first]->spec->hostname) break;
      bool found = listener.hosts->index.visit(host, [&](std::uint32_t table) {
        HostTable::Hit hit = listener.hosts->tables[table]->find(view);
        if (!hit.candidate) return false;
        result.rule = hit.candidate->rule;
        result.match = hit.candidate->match;
        result.prefix_length = hit.prefix_length;
        return true;
      });
      if (found) break;
    }
    return true;  // a less specific listener is not asked
  });
  return result;
}

Router::~Router() = default;

const PortRouter* Router::port(std::string_view address, std::uint16_t port) const {
  for (const auto& candidate : ports_) {
    if (candidate->port() == port && candidate->address() == address) return candidate.get();
  }
  return nullptr;
}

// ---- compiling ----

/// Makes one Router; holds what is only needed meanwhile.
class RouterBuilder {
 public:
  RouterBuilder(std::shared_ptr<const snapshot::Snapshot> snapshot, const Router* previous)
      : router_(new Router), previous_(previous) {
    router_->snapshot_ = std::move(snapshot);
  }

  std::shared_ptr<const Router> build() {
    forget_if_stale();
    if (previous_) {
      router_->cluster_ids_ = previous_->cluster_ids_;
      router_->rules_.resize(previous_->rules_.size());
      router_->rules_[0] = previous_->rules_[0];
    } else {
      router_->rules_.push_back(make_not_found());
    }
    remember_listeners();
    for (const auto& spec : router_->snapshot_->listeners) plans_.push_back(plan(spec));
    for (Plan& plan : plans_) collect_rules(plan);
    compile_fresh_rules();
    place_clusters();
    for (Plan& plan : plans_) add_listener(plan);
    index_ports();
    return std::move(router_);
  }

 private:
  using RulePointer = std::shared_ptr<const CompiledRule>;
  using ListenerPointer = std::shared_ptr<const CompiledListener>;

  /// What becomes of a listener: the previous one as it is, or new tables, of which those of
  /// unchanged hosts are there already and the others are nullptr.
  struct Plan {
    std::shared_ptr<const snapshot::Listener> spec;
    ListenerPointer unchanged;
    std::vector<std::shared_ptr<const HostTable>> tables;
  };

  /// Names of clusters that are gone are kept (clusters.h); when most are, start over.
  void forget_if_stale() {
    std::size_t live = router_->snapshot_->clusters.size();
    if (previous_ && previous_->cluster_ids_.size() > 2 * live + 1024) previous_ = nullptr;
  }

  /// Costs a few nanoseconds for each host that did not change.
  Plan plan(const std::shared_ptr<const snapshot::Listener>& spec) {
    Plan plan{spec, nullptr, {}};
    ListenerPointer previous = previous_listener(*spec);
    if (previous && previous->spec == spec) {
      for (const auto& table : previous->hosts->tables) keep_rules(*table);
      plan.unchanged = std::move(previous);
      return plan;
    }
    plan.tables.reserve(spec->hosts.size());
    static const snapshot::HostTable kNoHosts;
    const snapshot::HostTable& old_hosts = previous ? previous->spec->hosts : kNoHosts;
    auto old = old_hosts.begin();  // both maps are sorted: walked side by side
    std::size_t position = 0;
    for (const auto& [host, routes] : spec->hosts) {
      while (old != old_hosts.end() && old->first < host) ++old, ++position;
      bool known = old != old_hosts.end() && old->first == host;
      const auto& table = known ? previous->hosts->tables[position] : nullptr;
      if (known && old->second == routes) {
        keep_rules(*table);
        plan.tables.push_back(table);
      } else {
        if (known) remember_rules(*table);
        plan.tables.push_back(nullptr);
      }
    }
    return plan;
  }

  void keep_rules(const HostTable& table) {
    for (const Candidate& candidate : table.candidates()) keep_rule(*candidate.rule);
  }
  void keep_rule(const CompiledRule& rule) {
    router_->rules_[rule.id] = previous_->rules_[rule.id];
  }
  void remember_rules(const HostTable& table) {
    for (const Candidate& candidate : table.candidates()) {
      known_.emplace(candidate.rule->spec.get(), candidate.rule);
    }
  }

  /// Finds the rules of the hosts that changed, or puts them among the fresh ones.
  void collect_rules(const Plan& plan) {
    if (plan.unchanged) return;
    auto table = plan.tables.begin();
    for (const auto& [host, routes] : plan.spec->hosts) {
      if (*table++) continue;
      for (const auto& route : routes) {
        for (const auto& rule : route->rules) {
          auto [at, added] = rule_of_.emplace(rule.get(), nullptr);
          if (!added) continue;
          if (auto known = known_.find(rule.get()); known != known_.end()) {
            at->second = known->second;
            keep_rule(*known->second);
          } else {
            fresh_.emplace_back(rule, route->kind);
          }
        }
      }
    }
  }

  void compile_fresh_rules() {
    std::uint32_t slot = 1;
    for (auto& [rule, kind] : fresh_) {
      while (slot < router_->rules_.size() && router_->rules_[slot]) ++slot;
      if (slot == router_->rules_.size()) router_->rules_.emplace_back();
      RulePointer compiled = compile_rule(std::move(rule), kind, slot);
      rule_of_[compiled->spec.get()] = compiled.get();
      router_->rules_[slot] = std::move(compiled);
    }
  }

  static RulePointer make_not_found() {
    auto rule = std::make_shared<CompiledRule>();
    auto spec = std::make_shared<snapshot::Rule>();
    spec->status = 404;
    spec->reason = "no route matches";
    rule->spec = std::move(spec);
    rule->status = 404;
    return rule;
  }

  RulePointer compile_rule(std::shared_ptr<const snapshot::Rule> spec, snapshot::RouteKind kind,
                           std::uint32_t id) {
    auto rule = std::make_shared<CompiledRule>();
    filter::ClusterIds& clusters = router_->cluster_ids_;
    rule->kind = kind;
    rule->id = id;
    // A rule with a filter that is not known must not be answered by another one of its filters.
    if (spec->status == 0) rule->filters = filter::Chain(spec->filters, clusters);
    rule->backends.reserve(spec->backends.size());
    for (const snapshot::Backend& backend : spec->backends) {
      rule->total_weight += backend.weight;
      rule->backends.push_back({&backend, clusters.intern(backend.cluster), backend.weight,
                                backend.status, filter::Chain(backend.filters, clusters)});
    }
    rule->status = spec->status != 0 ? spec->status : rule->total_weight == 0 ? 500 : 0;
    rule->spec = std::move(spec);
    return rule;
  }

  void place_clusters() {
    const auto& clusters = router_->snapshot_->clusters;
    static const decltype(router_->snapshot_->clusters) kNone;
    const auto& old_clusters = previous_ ? previous_->snapshot_->clusters : kNone;
    router_->cluster_order_.reserve(clusters.size());
    router_->clusters_.resize(router_->cluster_ids_.size());
    auto old = old_clusters.begin();  // side by side, so that known names need no look-up
    std::size_t position = 0;
    for (const auto& [name, cluster] : clusters) {
      while (old != old_clusters.end() && old->first < name) ++old, ++position;
      bool known = old != old_clusters.end() && old->first == name;
      filter::ClusterId id =
          known ? previous_->cluster_order_[position] : router_->cluster_ids_.intern(name);
      if (id >= router_->clusters_.size()) router_->clusters_.resize(id + 1);
      router_->clusters_[id] = cluster;
      router_->cluster_order_.push_back(id);
    }
  }

  void add_listener(Plan& plan) {
    ListenerPointer compiled = plan.unchanged ? plan.unchanged : compile_listener(plan);
    static const std::vector<std::string> kAllAddresses{""};
    const auto& addresses = plan.spec->addresses;
    for (const std::string& address : addresses.empty() ? kAllAddresses : addresses) {
      port_for(address, plan.spec->port).listeners_.push_back(compiled);
    }
  }

  ListenerPointer compile_listener(Plan& plan) {
    auto hosts = std::make_shared<HostTables>();
    hosts->index.reserve(plan.spec->hosts.size());
    std::uint32_t position = 0;
    for (const auto& [host, routes] : plan.spec->hosts) {
      auto& table = plan.tables[position];
      if (!table) table = std::make_shared<const HostTable>(routes, rule_of_);
      hosts->index.add(host, position++);
    }
    hosts->tables = std::move(plan.tables);
    return std::make_shared<const CompiledListener>(CompiledListener{plan.spec, std::move(hosts)});
  }

  PortRouter& port_for(const std::string& address, std::uint16_t number) {
    for (auto& port : router_->ports_) {
      if (port->port_ == number && port->address_ == address) return *port;
    }
    auto port = std::make_unique<PortRouter>();
    port->port_ = number;
    port->address_ = address;
    port->not_found_ = router_->rules_[0].get();
    return *router_->ports_.emplace_back(std::move(port));
  }

  /// Listeners of one hostname next to each other, in the order of the snapshot.
  void index_ports() {
    for (auto& port : router_->ports_) {
      std::vector<std::pair<std::string_view, std::size_t>> order;
      for (std::size_t i = 0; i < port->listeners_.size(); ++i) {
        order.emplace_back(port->listeners_[i]->spec->hostname, i);
      }
      std::ranges::sort(order);
      auto unsorted = std::exchange(port->listeners_, {});
      for (const auto& [hostname, i] : order) {
        port->by_host_->add(hostname, static_cast<std::uint32_t>(port->listeners_.size()));
        port->listeners_.push_back(std::move(unsorted[i]));
      }
    }
  }

  static std::string identity(const snapshot::Origin& origin) {
    return str_cat(origin.kind, "/", origin.ns, "/", origin.name, "/", origin.section);
  }

  void remember_listeners() {
    if (!previous_) return;
    for (const auto& port : previous_->ports_) {
      for (const auto& listener : port->listeners_) {
        old_listeners_.emplace(identity(listener->spec->origin), listener);
      }
    }
  }

  /// The previous Router's listener of the same name, or nullptr.
  ListenerPointer previous_listener(const snapshot::Listener& spec) const {
    auto found = old_listeners_.find(identity(spec.origin));
    return found == old_listeners_.end() ? nullptr : found->second;
  }

  std::shared_ptr<Router> router_;
  const Router* previous_;
  std::vector<Plan> plans_;
  std::unordered_map<std::string, ListenerPointer> old_listeners_;
  /// Rules that were compiled for an earlier version of a changed host.
  HostTable::RuleOf known_;
  /// The rules of the changed hosts.
  HostTable::RuleOf rule_of_;
  std::vector<std::pair<std::shared_ptr<const snapshot::Rule>, snapshot::RouteKind>> fresh_;
};

std::shared_ptr<const Router> Router::compile(std::shared_ptr<const snapshot::Snapshot> snapshot,
                                              const Router* previous) {
  return RouterBuilder(std::move(snapshot), previous).build();
}

}  // namespace gwanmun::proxy
