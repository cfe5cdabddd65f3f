// References between objects, as the Gateway API spells them, and the parts shared by all route
// kinds (apis/v1 shared_types, object_reference_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/meta.h"

namespace gwanmun::api {

using Text = std::optional<std::string>;
using Port = std::optional<std::int32_t>;

struct LocalObjectReference {
  std::string group;
  std::string kind;
  std::string name;
  bool operator==(const LocalObjectReference&) const = default;
  static constexpr auto fields() {
    using T = LocalObjectReference;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind), Field("name", &T::name));
  }
};

/// A reference that may cross namespaces; also SecretObjectReference, ParametersReference,
/// ObjectReference and ParentGatewayReference, which have the same fields.
struct ObjectReference {
  Text group;
  Text kind;
  std::string name;
  Text namespace_;
  bool operator==(const ObjectReference&) const = default;
  static constexpr auto fields() {
    using T = ObjectReference;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind), Field("name", &T::name),
                      Field("namespace", &T::namespace_));
  }
};

struct BackendObjectReference {
  Text group;  // absent: core
  Text kind;   // absent: Service
  std::string name;
  Text namespace_;
  Port port;
  bool operator==(const BackendObjectReference&) const = default;
  static constexpr auto fields() {
    using T = BackendObjectReference;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind), Field("name", &T::name),
                      Field("namespace", &T::namespace_), Field("port", &T::port));
  }
};

struct BackendRef : BackendObjectReference {
  std::optional<std::int32_t> weight;  // absent: 1
  bool operator==(const BackendRef&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(BackendObjectReference::fields(),
                          std::tuple(Field("weight", &BackendRef::weight)));
  }
};

struct ParentReference {
  Text group;
  Text kind;
  Text namespace_;
  std::string name;
  Text sectionName;
  Port port;
  bool operator==(const ParentReference&) const = default;
  static constexpr auto fields() {
    using T = ParentReference;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind),
                      Field("namespace", &T::namespace_), Field("name", &T::name),
                      Field("sectionName", &T::sectionName), Field("port", &T::port));
  }
};

struct CommonRouteSpec {
  std::vector<ParentReference> parentRefs;
  std::string useDefaultGateways;
  bool operator==(const CommonRouteSpec&) const = default;
  static constexpr auto fields() {
    using T = CommonRouteSpec;
    return std::tuple(Field("parentRefs", &T::parentRefs),
                      Field("useDefaultGateways", &T::useDefaultGateways));
  }
};

struct RouteParentStatus {
  ParentReference parentRef;
  std::string controllerName;
  Conditions conditions;
  bool operator==(const RouteParentStatus&) const = default;
  static constexpr auto fields() {
    using T = RouteParentStatus;
    return std::tuple(Field("parentRef", &T::parentRef),
                      Field("controllerName", &T::controllerName),
                      Field("conditions", &T::conditions));
  }
};

struct RouteStatus {
  std::vector<RouteParentStatus> parents;
  bool operator==(const RouteStatus&) const = default;
  static constexpr auto fields() { return std::tuple(Field("parents", &RouteStatus::parents)); }
};

struct CookieConfig {
  Text lifetimeType;  // Session, Permanent
  bool operator==(const CookieConfig&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("lifetimeType", &CookieConfig::lifetimeType));
  }
};

struct SessionPersistence {  // GEP-1619
  Text sessionName;
  Text absoluteTimeout;
  Text type;  // Cookie, Header
  std::optional<CookieConfig> cookieConfig;
  bool operator==(const SessionPersistence&) const = default;
  static constexpr auto fields() {
    using T = SessionPersistence;
    return std::tuple(Field("sessionName", &T::sessionName),
                      Field("absoluteTimeout", &T::absoluteTimeout), Field("type", &T::type),
                      Field("cookieConfig", &T::cookieConfig));
  }
};

}  // namespace gwanmun::api
