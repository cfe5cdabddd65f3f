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
    // Only Gateways that share a process can have several listeners of one hostname.
    for (std::size_t i = first; i < listeners_.size(); ++i) {
      const CompiledListener& listener = *listeners_[i];
      if (listener.spec->hostname != listeners_[first]->spec->hostname) break;
      if (!result.listener) result.listener = &listener;
      bool found = listener.hosts->index.visit(host, [&](std::uint32_t table) {
        HostTable::Hit hit = listener.hosts->tables[table]->find(view);
        if (!hit.candidate) return false;
        result = {hit.candidate->rule, hit.candidate->match, &listener, hit.prefix_length};
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
    if (previous_) router_->cluster_ids_ = previous_->cluster_ids_;
    collect_rules();
    place_clusters();
    remember_listeners();
    for (const auto& listener : router_->snapshot_->listeners) add_listener(listener);
    index_ports();
    return std::move(router_);
  }

 private:
  using RulePointer = std::shared_ptr<const CompiledRule>;

  /// Names of clusters that are gone are kept (clusters.h); when most are, start over.
  void forget_if_stale() {
    std::size_t live = router_->snapshot_->clusters.size();
    if (previous_ && previous_->cluster_ids_.size() > 2 * live + 1024) previous_ = nullptr;
  }

  void collect_rules() {
    if (previous_) {
      for (const RulePointer& rule : previous_->rules_) {
        if (rule && rule->spec) known_.emplace(rule->spec.get(), rule);
      }
      router_->rules_.resize(previous_->rules_.size());
      router_->rules_[0] = previous_->rules_[0];
    } else {
      router_->rules_.push_back(make_not_found());
    }
    std::vector<std::pair<std::shared_ptr<const snapshot::Rule>, snapshot::RouteKind>> fresh;
    for (const auto& listener : router_->snapshot_->listeners) {
      for (const auto& [host, routes] : listener->hosts) {
        for (const auto& route : routes) {
          for (const auto& rule : route->rules) {
            auto [at, added] = rule_of_.emplace(rule.get(), nullptr);
            if (!added) continue;
            if (auto known = known_.find(rule.get()); known != known_.end()) {
              at->second = known->second.get();
              router_->rules_[known->second->id] = known->second;
            } else {
              fresh.emplace_back(rule, route->kind);
            }
          }
        }
      }
    }
    std::uint32_t slot = 1;
    for (auto& [rule, kind] : fresh) {
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
    rule->filters = filter::Chain(spec->filters, clusters);
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
    for (const auto& [name, cluster] : router_->snapshot_->clusters) {
      filter::ClusterId id = router_->cluster_ids_.intern(name);
      if (id >= router_->clusters_.size()) router_->clusters_.resize(id + 1);
      router_->clusters_[id] = cluster;
    }
    router_->clusters_.resize(router_->cluster_ids_.size());
  }

  void add_listener(const std::shared_ptr<const snapshot::Listener>& spec) {
    auto compiled = compile_listener(spec);
    static const std::vector<std::string> kAllAddresses{""};
    for (const std::string& address : spec->addresses.empty() ? kAllAddresses : spec->addresses) {
      PortRouter& port = port_for(address, spec->port);
      port.listeners_.push_back(compiled);
    }
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
  std::shared_ptr<const CompiledListener> previous_listener(const snapshot::Listener& spec) const {
    auto found = old_listeners_.find(identity(spec.origin));
    return found == old_listeners_.end() ? nullptr : found->second;
  }

  std::shared_ptr<const CompiledListener> compile_listener(
      const std::shared_ptr<const snapshot::Listener>& spec) {
    auto previous = previous_listener(*spec);
    if (previous && previous->spec == spec) return previous;
    auto hosts = std::make_shared<HostTables>();
    hosts->tables.reserve(spec->hosts.size());
    hosts->index.reserve(spec->hosts.size());
    static const snapshot::HostTable kNoHosts;
    const snapshot::HostTable& old_hosts = previous ? previous->spec->hosts : kNoHosts;
    auto old = old_hosts.begin();  // both maps are sorted: walked side by side
    std::size_t old_position = 0;
    for (const auto& [host, routes] : spec->hosts) {
      while (old != old_hosts.end() && old->first < host) ++old, ++old_position;
      bool same = old != old_hosts.end() && old->first == host && old->second == routes;
      hosts->index.add(host, static_cast<std::uint32_t>(hosts->tables.size()));
      hosts->tables.push_back(same ? previous->hosts->tables[old_position]
                                   : std::make_shared<const HostTable>(routes, rule_of_));
    }
    return std::make_shared<const CompiledListener>(CompiledListener{spec, std::move(hosts)});
  }

  std::shared_ptr<Router> router_;
  const Router* previous_;
  std::unordered_map<const snapshot::Rule*, RulePointer> known_;
  std::unordered_map<const snapshot::Rule*, const CompiledRule*> rule_of_;
  std::unordered_map<std::string, std::shared_ptr<const CompiledListener>> old_listeners_;
};

std::shared_ptr<const Router> Router::compile(std::shared_ptr<const snapshot::Snapshot> snapshot,
                                              const Router* previous) {
  return RouterBuilder(std::move(snapshot), previous).build();
}

}  // namespace gwanmun::proxy
