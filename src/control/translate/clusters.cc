// The endpoints of a backend: EndpointSlices of a Service's port, names of external backends, or
// what the settings put in their place.
#include <algorithm>

#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "0:0:0:0:0:0:0:1" ||
         to_lower(address).starts_with("::ffff:127.");
}

/// The slice's port of that name; a port without a name has the name "".
std::uint16_t port_of(const api::EndpointSlice& slice, const std::string& name) {
  for (const auto& port : slice.ports)
    if (port.name.value_or("") == name && port.protocol.value_or("TCP") == "TCP")
      return static_cast<std::uint16_t>(port.port.value_or(0));
  return 0;
}

/// Ready endpoints; when there is none, those that still serve while they terminate (KEP-1669).
std::vector<snapshot::Endpoint> endpoints_of(const Context& context, const api::ObjectKey& service,
                                             const std::string& port_name) {
  std::vector<snapshot::Endpoint> ready, draining;
  for (const auto* slice : context.index.slices(service)) {
    std::uint16_t port = port_of(*slice, port_name);
    if (port == 0 || slice->addressType == "FQDN") continue;
    for (const auto& endpoint : slice->endpoints) {
      const auto& state = endpoint.conditions;
      bool is_ready = state.ready.value_or(true);
      bool serves = state.serving.value_or(is_ready) && state.terminating.value_or(false);
      if (!is_ready && !serves) continue;
      for (const auto& address : endpoint.addresses)
        if (context.settings.loopback_endpoints || !is_loopback(address))
          (is_ready ? ready : draining).push_back({address, port});
    }
  }
  std::vector<snapshot::Endpoint>& chosen = ready.empty() ? draining : ready;
  std::ranges::sort(chosen);
  chosen.erase(std::ranges::unique(chosen).begin(), chosen.end());
  return std::move(chosen);
}

void fill_service(const Context& context, const ClusterKey& key, snapshot::Cluster& cluster) {
  auto stand_in = context.settings.backends.find({key.object.ns, key.object.name, key.port});
  if (stand_in != context.settings.backends.end()) {
    cluster.endpoints = stand_in->second;
    std::ranges::sort(cluster.endpoints);
    return;
  }
  auto at = context.resources.services.find(key.object);
  if (at == context.resources.services.end()) return;
  const api::Service& service = *at->second;
  cluster.origin.generation = service.metadata.generation;
  if (service.spec.type == "ExternalName") {
    cluster.by_name = true;
    cluster.endpoints = {
        {normal_host(service.spec.externalName), static_cast<std::uint16_t>(key.port)}};
    return;
  }
  auto port = std::ranges::find(service.spec.ports, key.port, &api::ServicePort::port);
  if (port != service.spec.ports.end())
    cluster.endpoints = endpoints_of(context, key.object, port->name);
}

}  // namespace

snapshot::Cluster build_cluster(const Context& context, const ClusterKey& key) {
  snapshot::Cluster cluster;
  cluster.name = key.name();
  cluster.origin = {key.kind, key.object.ns, key.object.name, "", 1};
  cluster.protocol = key.protocol;
  if (key.kind == std::string_view("Service")) {
    fill_service(context, key, cluster);
    return cluster;
  }
  auto at = context.resources.x_backends.find(key.object);
  if (at == context.resources.x_backends.end() || !at->second->spec.externalHostname)
    return cluster;
  cluster.origin.generation = at->second->metadata.generation;
  cluster.by_name = true;
  cluster.endpoints = {{normal_host(at->second->spec.externalHostname->hostname),
                        static_cast<std::uint16_t>(key.port)}};
  return cluster;
}

}  // namespace gwanmun::translate
