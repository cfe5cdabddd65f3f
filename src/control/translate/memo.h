// What one translation leaves for the next, so that one changed object costs what it changes:
// results by input, and the inputs themselves (held, so that a pointer is never reused).
#pragma once

#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "control/translate/attach.h"

namespace gwanmun::translate {

struct RouteMemo {
  std::shared_ptr<const void> object;
  std::shared_ptr<const RouteRules> rules;
  std::shared_ptr<const Attachment> attachment;
  std::shared_ptr<const Status> status;
  std::shared_ptr<const snapshot::Route> route;
  std::shared_ptr<const snapshot::Route> broken;
};

struct Memo {
  template <class T>
  using List = std::vector<std::shared_ptr<const T>>;

  Settings settings;
  List<api::Service> services;
  List<api::EndpointSlice> endpoint_slices;
  List<api::XBackend> x_backends;
  List<api::ReferenceGrant> reference_grants;
  List<api::BackendTLSPolicy> backend_tls_policies;
  List<api::GatewayClass> gateway_classes;
  List<api::Gateway> gateways;
  List<api::ListenerSet> listener_sets;
  List<api::Namespace> namespaces;
  List<api::Secret> secret_objects;
  List<api::ConfigMap> config_maps;
  bool mixed = false;  // Topology::mixed
  JudgedSecrets secrets;
  std::unordered_map<const void*, RouteMemo> routes;  // by RouteMemo::object
};

/// What changed among the objects that rules and clusters depend on.
struct Changes {
  bool everything = true;  // there is nothing to compare with
  bool grants = false;
  bool topology = true;                // anything that Topology is made of
  std::set<api::ObjectRef> backends;   // Services and XBackends, or policies on them
  std::set<api::ObjectRef> endpoints;  // Services with other EndpointSlices
};

Changes find_changes(const Memo* before, const api::ResourceSet& resources,
                     const Settings& settings);
/// Notes the inputs for the next find_changes().
void remember(Memo& memo, const api::ResourceSet& resources, const Settings& settings);

}  // namespace gwanmun::translate
