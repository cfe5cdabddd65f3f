// ReferenceGrant, BackendTLSPolicy (apis/v1) and XBackend (apisx/v1alpha1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/references.h"

namespace gwanmun::api {

// ---- ReferenceGrant ----

struct ReferenceGrantFrom {
  std::string group;
  std::string kind;
  std::string namespace_;
  bool operator==(const ReferenceGrantFrom&) const = default;
  static constexpr auto fields() {
    using T = ReferenceGrantFrom;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind),
                      Field("namespace", &T::namespace_));
  }
};

struct ReferenceGrantTo {
  std::string group;
  std::string kind;
  Text name;
  bool operator==(const ReferenceGrantTo&) const = default;
  static constexpr auto fields() {
    using T = ReferenceGrantTo;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind), Field("name", &T::name));
  }
};

struct ReferenceGrantSpec {
  std::vector<ReferenceGrantFrom> from;
  std::vector<ReferenceGrantTo> to;
  bool operator==(const ReferenceGrantSpec&) const = default;
  static constexpr auto fields() {
    using T = ReferenceGrantSpec;
    return std::tuple(Field("from", &T::from), Field("to", &T::to));
  }
};

struct ReferenceGrant {
  static constexpr const char* kGroup = kGatewayGroup;
  static constexpr const char* kKind = "ReferenceGrant";
  ObjectMeta metadata;
  ReferenceGrantSpec spec;
  bool operator==(const ReferenceGrant&) const = default;
  static constexpr auto fields() {
    using T = ReferenceGrant;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

// ---- BackendTLSPolicy ----

struct SubjectAltName {
  std::string type;  // Hostname, URI
  std::string hostname;
  std::string uri;
  bool operator==(const SubjectAltName&) const = default;
  static constexpr auto fields() {
    using T = SubjectAltName;
    return std::tuple(Field("type", &T::type), Field("hostname", &T::hostname),
                      Field("uri", &T::uri));
  }
};

struct BackendTLSPolicyValidation {
  std::vector<LocalObjectReference> caCertificateRefs;
  Text wellKnownCACertificates;
  std::string hostname;
  std::vector<SubjectAltName> subjectAltNames;
  bool operator==(const BackendTLSPolicyValidation&) const = default;
  static constexpr auto fields() {
    using T = BackendTLSPolicyValidation;
    return std::tuple(Field("caCertificateRefs", &T::caCertificateRefs),
                      Field("wellKnownCACertificates", &T::wellKnownCACertificates),
                      Field("hostname", &T::hostname),
                      Field("subjectAltNames", &T::subjectAltNames));
  }
};

struct PolicyTargetReference {
  std::string group;
  std::string kind;
  std::string name;
  Text sectionName;
  bool operator==(const PolicyTargetReference&) const = default;
  static constexpr auto fields() {
    using T = PolicyTargetReference;
    return std::tuple(Field("group", &T::group), Field("kind", &T::kind), Field("name", &T::name),
                      Field("sectionName", &T::sectionName));
  }
};

struct BackendTLSPolicySpec {
  std::vector<PolicyTargetReference> targetRefs;
  BackendTLSPolicyValidation validation;
  Strings options;
  bool operator==(const BackendTLSPolicySpec&) const = default;
  static constexpr auto fields() {
    using T = BackendTLSPolicySpec;
    return std::tuple(Field("targetRefs", &T::targetRefs), Field("validation", &T::validation),
                      Field("options", &T::options));
  }
};

struct PolicyAncestorStatus {
  ParentReference ancestorRef;
  std::string controllerName;
  Conditions conditions;
  bool operator==(const PolicyAncestorStatus&) const = default;
  static constexpr auto fields() {
    using T = PolicyAncestorStatus;
    return std::tuple(Field("ancestorRef", &T::ancestorRef),
                      Field("controllerName", &T::controllerName),
                      Field("conditions", &T::conditions));
  }
};

struct PolicyStatus {
  std::vector<PolicyAncestorStatus> ancestors;
  bool operator==(const PolicyStatus&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("ancestors", &PolicyStatus::ancestors));
  }
};

struct BackendTLSPolicy {
  static constexpr const char* kGroup = kGatewayGroup;
  static constexpr const char* kKind = "BackendTLSPolicy";
  ObjectMeta metadata;
  BackendTLSPolicySpec spec;
  bool operator==(const BackendTLSPolicy&) const = default;
  static constexpr auto fields() {
    using T = BackendTLSPolicy;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

// ---- XBackend ----

struct BackendPort {
  Text name;
  std::int32_t port = 0;
  bool operator==(const BackendPort&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("name", &BackendPort::name), Field("port", &BackendPort::port));
  }
};

struct ExternalHostnameBackend {
  std::string hostname;
  bool operator==(const ExternalHostnameBackend&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("hostname", &ExternalHostnameBackend::hostname));
  }
};

struct XBackendTLS {
  std::string mode;  // None, ServerOnly, ClientAndServer
  std::optional<ObjectReference> clientCertificateRef;
  std::optional<BackendTLSPolicyValidation> validation;
  bool operator==(const XBackendTLS&) const = default;
  static constexpr auto fields() {
    using T = XBackendTLS;
    return std::tuple(Field("mode", &T::mode),
                      Field("clientCertificateRef", &T::clientCertificateRef),
                      Field("validation", &T::validation));
  }
};

struct XBackendSpec {
  std::string type;  // ExternalHostname
  BackendPort port;
  std::optional<ExternalHostnameBackend> externalHostname;
  Text protocol;  // TCP, HTTP, HTTP2, HTTP11, H2C, MCP
  std::optional<XBackendTLS> tls;
  bool operator==(const XBackendSpec&) const = default;
  static constexpr auto fields() {
    using T = XBackendSpec;
    return std::tuple(Field("type", &T::type), Field("port", &T::port),
                      Field("externalHostname", &T::externalHostname),
                      Field("protocol", &T::protocol), Field("tls", &T::tls));
  }
};

struct XBackend {
  static constexpr const char* kGroup = "gateway.networking.x-k8s.io";
  static constexpr const char* kKind = "XBackend";
  ObjectMeta metadata;
  XBackendSpec spec;
  bool operator==(const XBackend&) const = default;
  static constexpr auto fields() {
    using T = XBackend;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

}  // namespace gwanmun::api
