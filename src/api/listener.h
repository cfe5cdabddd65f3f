// Listeners as Gateway and ListenerSet have them: who may attach, TLS, status (apis/v1
// gateway_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/references.h"

namespace gwanmun::api {

struct NamespaceSelection {  // RouteNamespaces, ListenerNamespaces
  Text from;                 // All, Selector, Same, None
  std::optional<LabelSelector> selector;
  bool operator==(const NamespaceSelection&) const = default;
  static constexpr auto fields() {
    using T = NamespaceSelection;
    return std::tuple(Field("from", &T::from), Field("selector", &T::selector));
  }
};

struct RouteGroupKind {
  Text group;
  std::string kind;
  bool operator==(const RouteGroupKind&) const = default;
  static constexpr auto fields() {
    using T = RouteGroupKind;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind));
  }
};

struct AllowedRoutes {
  std::optional<NamespaceSelection> namespaces;
  std::vector<RouteGroupKind> kinds;
  bool operator==(const AllowedRoutes&) const = default;
  static constexpr auto fields() {
    using T = AllowedRoutes;
    return std::tuple(Field("namespaces", &T::namespaces), Field("kinds", &T::kinds));
  }
};

struct ListenerTLSConfig {
  Text mode;  // Terminate, Passthrough
  std::vector<ObjectReference> certificateRefs;
  Strings options;
  bool operator==(const ListenerTLSConfig&) const = default;
  static constexpr auto fields() {
    using T = ListenerTLSConfig;
    return std::tuple(Field("mode", &T::mode), Field("certificateRefs", &T::certificateRefs),
                      Field("options", &T::options));
  }
};

/// Listener of a Gateway, ListenerEntry of a ListenerSet.
struct Listener {
  std::string name;
  Text hostname;
  std::int32_t port = 0;
  std::string protocol;
  std::optional<ListenerTLSConfig> tls;
  std::optional<AllowedRoutes> allowedRoutes;
  bool operator==(const Listener&) const = default;
  static constexpr auto fields() {
    using T = Listener;
    return std::tuple(Field("name", &T::name), Field("hostname", &T::hostname),
                      Field("port", &T::port), Field("protocol", &T::protocol),
                      Field("tls", &T::tls), Field("allowedRoutes", &T::allowedRoutes));
  }
};

/// ListenerStatus of a Gateway, ListenerEntryStatus of a ListenerSet.
struct ListenerStatus {
  std::string name;
  std::vector<RouteGroupKind> supportedKinds;
  std::int32_t attachedRoutes = 0;
  Conditions conditions;
  bool operator==(const ListenerStatus&) const = default;
  static constexpr auto fields() {
    using T = ListenerStatus;
    return std::tuple(Field("name", &T::name), Field("supportedKinds", &T::supportedKinds),
                      Field("attachedRoutes", &T::attachedRoutes),
                      Field("conditions", &T::conditions));
  }
};

}  // namespace gwanmun::api
