// The filters of HTTPRoute, some shared with GRPCRoute (apis/v1 httproute_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/references.h"

namespace gwanmun::api {

struct HTTPHeader {
  std::string name;
  std::string value;
  bool operator==(const HTTPHeader&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("name", &HTTPHeader::name), Field("value", &HTTPHeader::value));
  }
};

struct HTTPHeaderFilter {
  std::vector<HTTPHeader> set;
  std::vector<HTTPHeader> add;
  std::vector<std::string> remove;
  bool operator==(const HTTPHeaderFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPHeaderFilter;
    return std::tuple(Field("set", &T::set), Field("add", &T::add), Field("remove", &T::remove));
  }
};

struct HTTPPathModifier {
  std::string type;  // ReplaceFullPath, ReplacePrefixMatch
  Text replaceFullPath;
  Text replacePrefixMatch;
  bool operator==(const HTTPPathModifier&) const = default;
  static constexpr auto fields() {
    using T = HTTPPathModifier;
    return std::tuple(Field("type", &T::type), Field("replaceFullPath", &T::replaceFullPath),
                      Field("replacePrefixMatch", &T::replacePrefixMatch));
  }
};

struct HTTPRequestRedirectFilter {
  Text scheme;
  Text hostname;
  std::optional<HTTPPathModifier> path;
  Port port;
  std::optional<std::int32_t> statusCode;
  bool operator==(const HTTPRequestRedirectFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPRequestRedirectFilter;
    return std::tuple(Field("scheme", &T::scheme), Field("hostname", &T::hostname),
                      Field("path", &T::path), Field("port", &T::port),
                      Field("statusCode", &T::statusCode));
  }
};

struct HTTPURLRewriteFilter {
  Text hostname;
  std::optional<HTTPPathModifier> path;
  bool operator==(const HTTPURLRewriteFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPURLRewriteFilter;
    return std::tuple(Field("hostname", &T::hostname), Field("path", &T::path));
  }
};

struct Fraction {
  std::int32_t numerator = 0;
  std::optional<std::int32_t> denominator;  // absent: 100
  bool operator==(const Fraction&) const = default;
  static constexpr auto fields() {
    using T = Fraction;
    return std::tuple(Field("numerator", &T::numerator), Field("denominator", &T::denominator));
  }
};

struct HTTPRequestMirrorFilter {
  BackendObjectReference backendRef;
  std::optional<std::int32_t> percent;
  std::optional<Fraction> fraction;
  bool operator==(const HTTPRequestMirrorFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPRequestMirrorFilter;
    return std::tuple(Field("backendRef", &T::backendRef), Field("percent", &T::percent),
                      Field("fraction", &T::fraction));
  }
};

struct HTTPCORSFilter {
  std::vector<std::string> allowOrigins;
  std::optional<bool> allowCredentials;
  std::vector<std::string> allowMethods;
  std::vector<std::string> allowHeaders;
  std::vector<std::string> exposeHeaders;
  std::int32_t maxAge = 5;
  bool operator==(const HTTPCORSFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPCORSFilter;
    return std::tuple(
        Field("allowOrigins", &T::allowOrigins), Field("allowCredentials", &T::allowCredentials),
        Field("allowMethods", &T::allowMethods), Field("allowHeaders", &T::allowHeaders),
        Field("exposeHeaders", &T::exposeHeaders), Field("maxAge", &T::maxAge));
  }
};

struct GRPCAuthConfig {
  std::vector<std::string> allowedHeaders;
  bool operator==(const GRPCAuthConfig&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("allowedHeaders", &GRPCAuthConfig::allowedHeaders));
  }
};

struct HTTPAuthConfig {
  std::string path;
  std::vector<std::string> allowedHeaders;
  std::vector<std::string> allowedResponseHeaders;
  bool operator==(const HTTPAuthConfig&) const = default;
  static constexpr auto fields() {
    using T = HTTPAuthConfig;
    return std::tuple(Field("path", &T::path), Field("allowedHeaders", &T::allowedHeaders),
                      Field("allowedResponseHeaders", &T::allowedResponseHeaders));
  }
};

struct ForwardBodyConfig {
  std::int32_t maxSize = 0;
  bool operator==(const ForwardBodyConfig&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("maxSize", &ForwardBodyConfig::maxSize));
  }
};

struct HTTPExternalAuthFilter {  // GEP-1494
  std::string protocol;          // HTTP, GRPC
  BackendObjectReference backendRef;
  std::optional<GRPCAuthConfig> grpc;
  std::optional<HTTPAuthConfig> http;
  std::optional<ForwardBodyConfig> forwardBody;
  bool operator==(const HTTPExternalAuthFilter&) const = default;
  static constexpr auto fields() {
    using T = HTTPExternalAuthFilter;
    return std::tuple(Field("protocol", &T::protocol), Field("backendRef", &T::backendRef),
                      Field("grpc", &T::grpc), Field("http", &T::http),
                      Field("forwardBody", &T::forwardBody));
  }
};

/// HTTPRouteFilter; GRPCRouteFilter has a part of the same fields. One of them is set, by `type`.
struct RouteFilter {
  std::string type;
  std::optional<HTTPHeaderFilter> requestHeaderModifier;
  std::optional<HTTPHeaderFilter> responseHeaderModifier;
  std::optional<HTTPRequestMirrorFilter> requestMirror;
  std::optional<HTTPRequestRedirectFilter> requestRedirect;
  std::optional<HTTPURLRewriteFilter> urlRewrite;
  std::optional<HTTPCORSFilter> cors;
  std::optional<HTTPExternalAuthFilter> externalAuth;
  std::optional<LocalObjectReference> extensionRef;
  bool operator==(const RouteFilter&) const = default;
  static constexpr auto fields() {
    using T = RouteFilter;
    return std::tuple(
        Field("type", &T::type), Field("requestHeaderModifier", &T::requestHeaderModifier),
        Field("responseHeaderModifier", &T::responseHeaderModifier),
        Field("requestMirror", &T::requestMirror), Field("requestRedirect", &T::requestRedirect),
        Field("urlRewrite", &T::urlRewrite), Field("cors", &T::cors),
        Field("externalAuth", &T::externalAuth), Field("extensionRef", &T::extensionRef));
  }
};

}  // namespace gwanmun::api
