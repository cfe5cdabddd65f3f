// The Kubernetes kinds a gateway reads: Service, EndpointSlice, Secret, ConfigMap, Namespace. Only
// the fields it uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/references.h"

namespace gwanmun::api {

struct ServicePort {
  std::string name;
  std::int32_t port = 0;
  std::string protocol;  // TCP when empty
  Text appProtocol;
  bool operator==(const ServicePort&) const = default;
  static constexpr auto fields() {
    using T = ServicePort;
    return std::tuple(Field("name", &T::name), Field("port", &T::port),
                      Field("protocol", &T::protocol), Field("appProtocol", &T::appProtocol));
  }
};

struct ServiceSpec {
  std::string type;  // ClusterIP when empty
  std::string clusterIP;
  std::string externalName;
  std::vector<ServicePort> ports;
  bool operator==(const ServiceSpec&) const = default;
  static constexpr auto fields() {
    using T = ServiceSpec;
    return std::tuple(Field("type", &T::type), Field("clusterIP", &T::clusterIP),
                      Field("externalName", &T::externalName), Field("ports", &T::ports));
  }
};

struct Service {
  static constexpr const char* kGroup = "";
  static constexpr const char* kKind = "Service";
  ObjectMeta metadata;
  ServiceSpec spec;
  bool operator==(const Service&) const = default;
  static constexpr auto fields() {
    using T = Service;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

struct EndpointConditions {
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  bool operator==(const EndpointConditions&) const = default;
  static constexpr auto fields() {
    using T = EndpointConditions;
    return std::tuple(Field("ready", &T::ready), Field("serving", &T::serving),
                      Field("terminating", &T::terminating));
  }
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  EndpointConditions conditions;
  bool operator==(const SliceEndpoint&) const = default;
  static constexpr auto fields() {
    using T = SliceEndpoint;
    return std::tuple(Field("addresses", &T::addresses), Field("conditions", &T::conditions));
  }
};

struct EndpointPort {
  Text name;
  Port port;
  Text protocol;
  Text appProtocol;
  bool operator==(const EndpointPort&) const = default;
  static constexpr auto fields() {
    using T = EndpointPort;
    return std::tuple(Field("name", &T::name), Field("port", &T::port),
                      Field("protocol", &T::protocol), Field("appProtocol", &T::appProtocol));
  }
};

struct EndpointSlice {
  static constexpr const char* kGroup = "discovery.k8s.io";
  static constexpr const char* kKind = "EndpointSlice";
  static constexpr const char* kServiceLabel = "kubernetes.io/service-name";
  ObjectMeta metadata;
  std::string addressType;  // IPv4, IPv6, FQDN
  std::vector<SliceEndpoint> endpoints;
  std::vector<EndpointPort> ports;
  bool operator==(const EndpointSlice&) const = default;
  static constexpr auto fields() {
    using T = EndpointSlice;
    return std::tuple(Field("metadata", &T::metadata), Field("addressType", &T::addressType),
                      Field("endpoints", &T::endpoints), Field("ports", &T::ports));
  }
};

struct Secret {
  static constexpr const char* kGroup = "";
  static constexpr const char* kKind = "Secret";
  ObjectMeta metadata;
  std::string type;
  Strings data;  // base64 removed by decode()
  bool operator==(const Secret&) const = default;
  static constexpr auto fields() {
    using T = Secret;
    return std::tuple(Field("metadata", &T::metadata), Field("type", &T::type),
                      Field("data", &T::data));
  }
};

struct ConfigMap {
  static constexpr const char* kGroup = "";
  static constexpr const char* kKind = "ConfigMap";
  ObjectMeta metadata;
  Strings data;
  bool operator==(const ConfigMap&) const = default;
  static constexpr auto fields() {
    using T = ConfigMap;
    return std::tuple(Field("metadata", &T::metadata), Field("data", &T::data));
  }
};

struct Namespace {
  static constexpr const char* kGroup = "";
  static constexpr const char* kKind = "Namespace";
  ObjectMeta metadata;
  bool operator==(const Namespace&) const = default;
  static constexpr auto fields() { return std::tuple(Field("metadata", &Namespace::metadata)); }
};

}  // namespace gwanmun::api
