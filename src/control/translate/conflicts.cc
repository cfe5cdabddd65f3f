// Listeners against each other: which of them cannot be told apart (GatewaySpec.listeners,
// "Distinct Listeners"), whose TLS overlaps.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "control/translate/topology.h"

namespace gwanmun::translate {

namespace {

/// The listeners of one port that are told apart so far, oldest owner first.
struct Port {
  snapshot::Protocol protocol;
  const ListenerState* first = nullptr;
  std::map<std::string, const ListenerState*> by_host;
};
using Ports = std::map<std::int32_t, Port>;

/// Why `listener` cannot be told apart from what the port has.
Problem conflict_with(const Port& port, const ListenerState& listener) {
  if (port.protocol != listener.protocol)
    return {reason::kProtocolConflict,
            str_cat(listener.path(), ": port ", listener.spec->port, " has protocol ",
                    port.first->spec->protocol, " by ", port.first->name())};
  auto same = port.by_host.find(listener.hostname);
  if (same == port.by_host.end()) return {};
  return {reason::kHostnameConflict,
          str_cat(listener.path(), ": ", same->second->name(), " has the same port and ",
                  listener.hostname.empty() ? "no hostname either" : "hostname")};
}

void occupy(Ports& ports, const ListenerState& listener) {
  auto [at, is_new] = ports.try_emplace(listener.spec->port);
  Port& port = at->second;
  if (is_new) port = {*listener.protocol, &listener, {}};
  port.by_host.try_emplace(listener.hostname, &listener);
}

/// Within one Gateway or one ListenerSet nobody wins: all that cannot be told apart are refused.
void judge_within(ParentState& parent) {
  Ports seen;
  for (auto& listener : parent.listeners) {
    if (!listener->protocol) continue;
    auto port = seen.find(listener->spec->port);
    Problem conflict;
    if (port != seen.end()) conflict = conflict_with(port->second, *listener);
    occupy(seen, *listener);
    if (!conflict) continue;
    listener->conflict = conflict;
    for (auto& other : parent.listeners) {
      if (other == listener || !other->protocol || other->spec->port != listener->spec->port)
        continue;
      bool same =
          std::string_view(conflict.reason) == reason::kProtocolConflict
              ? other->protocol != listener->protocol
              : other->protocol == listener->protocol && other->hostname == listener->hostname;
      if (same)
        other->conflict.note(conflict.reason, str_cat(other->path(), ": cannot be told apart from ",
                                                      listener->name()));
    }
  }
}

/// Between owners the older wins (ListenerSetSpec.listeners).
void judge_between(ParentState& parent, Ports& ports) {
  for (auto& listener : parent.listeners) {
    auto port = ports.find(listener->spec->port);
    if (port == ports.end() || listener->conflict) continue;
    // A protocol that is not served still cannot have the port of one that is.
    if (Problem conflict = conflict_with(port->second, *listener)) listener->conflict = conflict;
  }
  for (auto& listener : parent.listeners)
    if (listener->protocol && !listener->conflict && !listener->accepted) occupy(ports, *listener);
}

bool share_an_address(const GatewayState& a, const GatewayState& b) {
  if (a.addresses.empty() || b.addresses.empty()) return true;
  for (const auto& address : a.addresses)
    if (std::ranges::find(b.addresses, address) != b.addresses.end()) return true;
  return false;
}

/// One process serves all Gateways: an older Gateway keeps a port and host that a younger one asks
/// for, too, unless they listen on different addresses.
void judge_between_gateways(Topology& topology) {
  std::map<std::int32_t, std::vector<ListenerState*>> taken;
  for (auto& gateway : topology.gateways) {
    std::vector<ListenerState*> mine;
    gateway->for_each_listener([&](ListenerState& listener) {
      if (gateway->own.refused || !listener.programmed()) return;
      for (const ListenerState* other : taken[listener.spec->port]) {
        if (!share_an_address(*other->parent->gateway, *gateway)) continue;
        if (other->protocol == listener.protocol && other->hostname != listener.hostname) continue;
        listener.accepted.note(
            reason::kPortUnavailable,
            str_cat(listener.path(), ": port ", listener.spec->port,
                    other->protocol == listener.protocol ? " and hostname are" : " is",
                    " taken by ", other->name(),
                    ", which has precedence; use another port, or hostnames that differ"));
        return;
      }
      mine.push_back(&listener);
    });
    for (auto* listener : mine) taken[listener->spec->port].push_back(listener);
  }
}

/// GatewayConditionOverlappingTLSConfig: HTTPS listeners of one port whose hostnames overlap.
void judge_overlaps(GatewayState& gateway) {
  std::map<std::int32_t, HostSet> hosts;
  auto counts = [](const ListenerState& listener) {
    return listener.protocol == snapshot::Protocol::kHttps && !listener.conflict;
  };
  gateway.for_each_listener([&](ListenerState& listener) {
    if (counts(listener)) hosts[listener.spec->port].add(listener.hostname);
  });
  gateway.for_each_listener([&](ListenerState& listener) {
    listener.overlapping_tls =
        counts(listener) && hosts[listener.spec->port].overlaps_other(listener.hostname);
  });
}

}  // namespace

void judge_conflicts(Context& context, Topology& topology) {
  for (auto& gateway : topology.gateways) {
    Ports ports;
    judge_within(gateway->own);
    judge_between(gateway->own, ports);
    for (auto& set : gateway->sets) {
      judge_within(*set);
      judge_between(*set, ports);
    }
    judge_overlaps(*gateway);
  }
  if (context.settings.one_data_plane) judge_between_gateways(topology);
}

}  // namespace gwanmun::translate
