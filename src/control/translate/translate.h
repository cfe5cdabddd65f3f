// Translation: from the objects a user wrote to what the data plane runs and what the status says.
// Pure: no clock, no I/O, no log; the same input gives the same output. Called by control/loop and
// by `check` and `status`.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/resource_set.h"
#include "base/diagnostic.h"
#include "snapshot/snapshot.h"

namespace gwanmun::translate {

inline constexpr const char* kControllerName = "gwanmun.io/gateway-controller";
inline constexpr const char* kDefaultClass = "gwanmun";
/// On a Gateway or ListenerSet: names of listeners, by commas, that expect the PROXY protocol.
inline constexpr const char* kProxyProtocolAnnotation = "gwanmun.io/proxy-protocol";

/// A port of a Service, as `--backend shop/orders:80=127.0.0.1:9000` names it.
struct ServicePort {
  std::string ns;
  std::string name;
  std::int32_t port = 0;
  auto operator<=>(const ServicePort&) const = default;
};

struct Settings {
  /// GatewayClasses with one of these names are ours; the first is written into route statuses
  /// for Gateways of a class that nobody wrote (see `default_class`).
  std::vector<std::string> controller_names{kControllerName};
  /// File mode: a GatewayClass `gwanmun` exists although nobody wrote it.
  bool default_class = false;
  /// File mode: a namespace that an object is in exists although nobody wrote it, and every
  /// namespace has its kubernetes.io/metadata.name label.
  bool implied_namespaces = false;
  /// File mode: an EndpointSlice may hold loopback addresses (the API server refuses them).
  bool loopback_endpoints = false;
  /// File mode: a Service may be of type ExternalName. In a cluster it may not: its author could
  /// reach what only the gateway can reach (CVE-2021-25740).
  bool external_names = false;
  /// File mode: one process serves all Gateways, so that they compete for ports.
  bool one_data_plane = false;
  /// Ports that could not be bound, and why; their listeners say so and are not served.
  std::map<std::uint16_t, std::string> unavailable_ports;
  /// Endpoints that stand in for a Service's own, whether the Service exists or not.
  std::map<ServicePort, std::vector<snapshot::Endpoint>> backends;
  /// What the statuses of accepted Gateways show as their addresses.
  std::vector<api::GatewayAddress> addresses;

  bool operator==(const Settings&) const = default;
  /// What `gwanmun run`, `check` and `status` use for plain files.
  static Settings for_files();
};

using Status = std::variant<api::GatewayClassStatus, api::GatewayStatus, api::ListenerSetStatus,
                            api::RouteStatus, api::PolicyStatus>;
document::Node encode(const Status& status);

/// A Gateway that this controller does not serve, because of its class.
struct IgnoredGateway {
  api::ObjectKey gateway;
  std::string reason;  // "its GatewayClass nginx belongs to the controller example.com/nginx"
};

struct Memo;

struct Translation {
  /// All our Gateways; never null. `version` is one more than the previous translation's.
  std::shared_ptr<const snapshot::Snapshot> snapshot;
  /// Of every object that is ours or attaches to something of ours. Conditions have no
  /// lastTransitionTime (who reports them knows the time). An unchanged status is the same pointer
  /// as in `previous`.
  std::map<api::ObjectRef, std::shared_ptr<const Status>> statuses;
  std::vector<IgnoredGateway> ignored;
  /// What is allowed but probably not meant (a shadowed rule), with `object` and `path` set; the
  /// caller knows the file and line.
  Diagnostics warnings;
  /// What the next translation need not do again; opaque.
  std::shared_ptr<const Memo> memo;
};

/// `previous`: the last result, whose unchanged parts the new snapshot shares.
Translation translate(const api::ResourceSet& resources, const Settings& settings,
                      const Translation* previous = nullptr);

}  // namespace gwanmun::translate
