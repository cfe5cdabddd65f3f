// Gateway and its status (apis/v1 gateway_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/listener.h"

namespace gwanmun::api {

struct FrontendTLSValidation {
  std::vector<ObjectReference> caCertificateRefs;
  std::string mode;  // AllowValidOnly, AllowInsecureFallback
  bool operator==(const FrontendTLSValidation&) const = default;
  static constexpr auto fields() {
    using T = FrontendTLSValidation;
    return std::tuple(Field("caCertificateRefs", &T::caCertificateRefs), Field("mode", &T::mode));
  }
};

struct TLSConfig {
  std::optional<FrontendTLSValidation> validation;
  bool operator==(const TLSConfig&) const = default;
  static constexpr auto fields() { return std::tuple(Field("validation", &TLSConfig::validation)); }
};

struct TLSPortConfig {
  std::int32_t port = 0;
  TLSConfig tls;
  bool operator==(const TLSPortConfig&) const = default;
  static constexpr auto fields() {
    using T = TLSPortConfig;
    return std::tuple(Field("port", &T::port), Field("tls", &T::tls));
  }
};

struct FrontendTLSConfig {
  TLSConfig default_;
  std::vector<TLSPortConfig> perPort;
  bool operator==(const FrontendTLSConfig&) const = default;
  static constexpr auto fields() {
    using T = FrontendTLSConfig;
    return std::tuple(Field("default", &T::default_), Field("perPort", &T::perPort));
  }
};

struct GatewayBackendTLS {
  std::optional<ObjectReference> clientCertificateRef;
  bool operator==(const GatewayBackendTLS&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("clientCertificateRef", &GatewayBackendTLS::clientCertificateRef));
  }
};

struct GatewayTLSConfig {
  std::optional<GatewayBackendTLS> backend;
  std::optional<FrontendTLSConfig> frontend;
  bool operator==(const GatewayTLSConfig&) const = default;
  static constexpr auto fields() {
    using T = GatewayTLSConfig;
    return std::tuple(Field("backend", &T::backend), Field("frontend", &T::frontend));
  }
};

struct GatewayAddress {  // GatewaySpecAddress, GatewayStatusAddress
  Text type;
  std::string value;
  bool operator==(const GatewayAddress&) const = default;
  static constexpr auto fields() {
    using T = GatewayAddress;
    return std::tuple(Field("type", &T::type), Field("value", &T::value));
  }
};

struct GatewayInfrastructure {
  Strings labels;
  Strings annotations;
  std::optional<LocalObjectReference> parametersRef;
  bool operator==(const GatewayInfrastructure&) const = default;
  static constexpr auto fields() {
    using T = GatewayInfrastructure;
    return std::tuple(Field("labels", &T::labels), Field("annotations", &T::annotations),
                      Field("parametersRef", &T::parametersRef));
  }
};

struct AllowedListeners {
  std::optional<NamespaceSelection> namespaces;
  bool operator==(const AllowedListeners&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("namespaces", &AllowedListeners::namespaces));
  }
};

struct GatewaySpec {
  std::string gatewayClassName;
  std::vector<Listener> listeners;
  std::vector<GatewayAddress> addresses;
  std::optional<GatewayInfrastructure> infrastructure;
  std::optional<AllowedListeners> allowedListeners;
  std::optional<GatewayTLSConfig> tls;
  std::string defaultScope;
  bool operator==(const GatewaySpec&) const = default;
  static constexpr auto fields() {
    using T = GatewaySpec;
    return std::tuple(Field("gatewayClassName", &T::gatewayClassName),
                      Field("listeners", &T::listeners), Field("addresses", &T::addresses),
                      Field("infrastructure", &T::infrastructure),
                      Field("allowedListeners", &T::allowedListeners), Field("tls", &T::tls),
                      Field("defaultScope", &T::defaultScope));
  }
};

struct GatewayStatus {
  std::vector<GatewayAddress> addresses;
  Conditions conditions;
  std::vector<ListenerStatus> listeners;
  std::optional<std::int32_t> attachedListenerSets;
  bool operator==(const GatewayStatus&) const = default;
  static constexpr auto fields() {
    using T = GatewayStatus;
    return std::tuple(Field("addresses", &T::addresses), Field("conditions", &T::conditions),
                      Field("listeners", &T::listeners),
                      Field("attachedListenerSets", &T::attachedListenerSets));
  }
};

struct Gateway {
  static constexpr const char* kGroup = kGatewayGroup;
  static constexpr const char* kKind = "Gateway";
  ObjectMeta metadata;
  GatewaySpec spec;
  bool operator==(const Gateway&) const = default;
  static constexpr auto fields() {
    using T = Gateway;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

}  // namespace gwanmun::api
