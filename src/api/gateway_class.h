// GatewayClass and its status (apis/v1 gatewayclass_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/references.h"

namespace gwanmun::api {

struct GatewayClassSpec {
  std::string controllerName;
  std::optional<ObjectReference> parametersRef;
  Text description;
  bool operator==(const GatewayClassSpec&) const = default;
  static constexpr auto fields() {
    using T = GatewayClassSpec;
    return std::tuple(Field("controllerName", &T::controllerName),
                      Field("parametersRef", &T::parametersRef),
                      Field("description", &T::description));
  }
};

struct SupportedFeature {
  std::string name;
  bool operator==(const SupportedFeature&) const = default;
  static constexpr auto fields() { return std::tuple(Field("name", &SupportedFeature::name)); }
};

struct GatewayClassStatus {
  Conditions conditions;
  std::vector<SupportedFeature> supportedFeatures;  // ascending
  bool operator==(const GatewayClassStatus&) const = default;
  static constexpr auto fields() {
    using T = GatewayClassStatus;
    return std::tuple(Field("conditions", &T::conditions),
                      Field("supportedFeatures", &T::supportedFeatures));
  }
};

struct GatewayClass {
  static constexpr const char* kGroup = kGatewayGroup;
  static constexpr const char* kKind = "GatewayClass";
  ObjectMeta metadata;
  GatewayClassSpec spec;
  bool operator==(const GatewayClass&) const = default;
  static constexpr auto fields() {
    using T = GatewayClass;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

}  // namespace gwanmun::api
