// ResourceSet: all objects translation reads, by kind and key; what a source (files, Kubernetes)
// keeps up to date. Objects are immutable and shared: replacing one is replacing a pointer.
#pragma once

#include <map>
#include <memory>
#include <variant>

#include "api/core.h"
#include "api/gateway.h"
#include "api/gateway_class.h"
#include "api/listener_set.h"
#include "api/policies.h"
#include "api/routes.h"
#include "base/result.h"
#include "document/node.h"

namespace gwanmun::api {

struct ResourceSet {
  template <class T>
  using Of = std::map<ObjectKey, std::shared_ptr<const T>>;

  Of<GatewayClass> gateway_classes;
  Of<Gateway> gateways;
  Of<ListenerSet> listener_sets;
  Of<HTTPRoute> http_routes;
  Of<GRPCRoute> grpc_routes;
  Of<TLSRoute> tls_routes;
  Of<TCPRoute> tcp_routes;
  Of<UDPRoute> udp_routes;
  Of<ReferenceGrant> reference_grants;
  Of<BackendTLSPolicy> backend_tls_policies;
  Of<XBackend> x_backends;
  Of<Service> services;
  Of<EndpointSlice> endpoint_slices;
  Of<Secret> secrets;
  Of<ConfigMap> config_maps;
  Of<Namespace> namespaces;

  /// The map of one kind.
  template <class T>
  auto& of(this auto& self);
  /// Calls visit(map) for every kind's map, in the order above.
  template <class Visitor>
  void for_each_kind(this auto& self, Visitor&& visit) {
    visit(self.gateway_classes), visit(self.gateways), visit(self.listener_sets);
    visit(self.http_routes), visit(self.grpc_routes), visit(self.tls_routes);
    visit(self.tcp_routes), visit(self.udp_routes), visit(self.reference_grants);
    visit(self.backend_tls_policies), visit(self.x_backends), visit(self.services);
    visit(self.endpoint_slices), visit(self.secrets), visit(self.config_maps);
    visit(self.namespaces);
  }
};

/// One decoded object of any kind of ResourceSet.
using Resource =
    std::variant<std::shared_ptr<const GatewayClass>, std::shared_ptr<const Gateway>,
                 std::shared_ptr<const ListenerSet>, std::shared_ptr<const HTTPRoute>,
                 std::shared_ptr<const GRPCRoute>, std::shared_ptr<const TLSRoute>,
                 std::shared_ptr<const TCPRoute>, std::shared_ptr<const UDPRoute>,
                 std::shared_ptr<const ReferenceGrant>, std::shared_ptr<const BackendTLSPolicy>,
                 std::shared_ptr<const XBackend>, std::shared_ptr<const Service>,
                 std::shared_ptr<const EndpointSlice>, std::shared_ptr<const Secret>,
                 std::shared_ptr<const ConfigMap>, std::shared_ptr<const Namespace>>;

/// Decodes an object that document/ checked, defaulted and upgraded to the version in use here.
/// Fails, naming the field, on an unknown kind, on a missing name or on a value of a wrong type;
/// unknown fields are skipped (document/ has reported them). Never crashes, whatever the node is.
Result<Resource> decode(const document::Node& object);

/// Kind, namespace and name of a decoded object.
ObjectRef ref_of(const Resource& resource);

/// Inserts or replaces the object; true when the set has changed (a new object or a new value).
bool put(ResourceSet& set, Resource resource);
/// Removes the object; false when it was not there.
bool remove(ResourceSet& set, const ObjectRef& ref);
/// decode() and put() in one.
Result<void> add(ResourceSet& set, const document::Node& object);

/// A status as its YAML, empty fields left out.
document::Node encode(const GatewayClassStatus& status);
document::Node encode(const GatewayStatus& status);
document::Node encode(const ListenerSetStatus& status);
document::Node encode(const RouteStatus& status);
document::Node encode(const PolicyStatus& status);

template <class T>
auto& ResourceSet::of(this auto& self) {
  if constexpr (std::is_same_v<T, GatewayClass>) return self.gateway_classes;
  else if constexpr (std::is_same_v<T, Gateway>) return self.gateways;
  else if constexpr (std::is_same_v<T, ListenerSet>) return self.listener_sets;
  else if constexpr (std::is_same_v<T, HTTPRoute>) return self.http_routes;
  else if constexpr (std::is_same_v<T, GRPCRoute>) return self.grpc_routes;
  else if constexpr (std::is_same_v<T, TLSRoute>) return self.tls_routes;
  else if constexpr (std::is_same_v<T, TCPRoute>) return self.tcp_routes;
  else if constexpr (std::is_same_v<T, UDPRoute>) return self.udp_routes;
  else if constexpr (std::is_same_v<T, ReferenceGrant>) return self.reference_grants;
  else if constexpr (std::is_same_v<T, BackendTLSPolicy>) return self.backend_tls_policies;
  else if constexpr (std::is_same_v<T, XBackend>) return self.x_backends;
  else if constexpr (std::is_same_v<T, Service>) return self.services;
  else if constexpr (std::is_same_v<T, EndpointSlice>) return self.endpoint_slices;
  else if constexpr (std::is_same_v<T, Secret>) return self.secrets;
  else if constexpr (std::is_same_v<T, ConfigMap>) return self.config_maps;
  else {
    static_assert(std::is_same_v<T, Namespace>);
    return self.namespaces;
  }
}

}  // namespace gwanmun::api
