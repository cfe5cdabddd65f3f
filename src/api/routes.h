// HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute (apis/v1 *route_types).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/http_filter.h"

namespace gwanmun::api {

/// A backendRef with filters of its own (HTTPBackendRef, GRPCBackendRef).
struct FilteredBackendRef : BackendRef {
  std::vector<RouteFilter> filters;
  bool operator==(const FilteredBackendRef&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(BackendRef::fields(),
                          std::tuple(Field("filters", &FilteredBackendRef::filters)));
  }
};

/// Path, header, query and gRPC method matches; `type` absent: the kind's default.
struct TypedValue {  // HTTPPathMatch
  Text type;
  Text value;
  bool operator==(const TypedValue&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("type", &TypedValue::type), Field("value", &TypedValue::value));
  }
};
struct NamedValueMatch {  // HTTPHeaderMatch, HTTPQueryParamMatch, GRPCHeaderMatch
  Text type;              // Exact, RegularExpression
  std::string name;
  std::string value;
  bool operator==(const NamedValueMatch&) const = default;
  static constexpr auto fields() {
    using T = NamedValueMatch;
    return std::tuple(Field("type", &T::type), Field("name", &T::name), Field("value", &T::value));
  }
};

// ---- HTTPRoute ----

struct HTTPRouteMatch {
  std::optional<TypedValue> path;
  std::vector<NamedValueMatch> headers;
  std::vector<NamedValueMatch> queryParams;
  Text method;
  bool operator==(const HTTPRouteMatch&) const = default;
  static constexpr auto fields() {
    using T = HTTPRouteMatch;
    return std::tuple(Field("path", &T::path), Field("headers", &T::headers),
                      Field("queryParams", &T::queryParams), Field("method", &T::method));
  }
};

struct HTTPRouteTimeouts {
  Text request;
  Text backendRequest;
  bool operator==(const HTTPRouteTimeouts&) const = default;
  static constexpr auto fields() {
    using T = HTTPRouteTimeouts;
    return std::tuple(Field("request", &T::request), Field("backendRequest", &T::backendRequest));
  }
};

struct HTTPRouteRetry {  // GEP-1731
  std::vector<std::int32_t> codes;
  std::optional<std::int32_t> attempts;
  Text backoff;
  bool operator==(const HTTPRouteRetry&) const = default;
  static constexpr auto fields() {
    using T = HTTPRouteRetry;
    return std::tuple(Field("codes", &T::codes), Field("attempts", &T::attempts),
                      Field("backoff", &T::backoff));
  }
};

struct HTTPRouteRule {
  Text name;
  std::vector<HTTPRouteMatch> matches;
  std::vector<RouteFilter> filters;
  std::vector<FilteredBackendRef> backendRefs;
  std::optional<HTTPRouteTimeouts> timeouts;
  std::optional<HTTPRouteRetry> retry;
  std::optional<SessionPersistence> sessionPersistence;
  bool operator==(const HTTPRouteRule&) const = default;
  static constexpr auto fields() {
    using T = HTTPRouteRule;
    return std::tuple(Field("name", &T::name), Field("matches", &T::matches),
                      Field("filters", &T::filters), Field("backendRefs", &T::backendRefs),
                      Field("timeouts", &T::timeouts), Field("retry", &T::retry),
                      Field("sessionPersistence", &T::sessionPersistence));
  }
};

// ---- GRPCRoute ----

struct GRPCMethodMatch {
  Text type;
  Text service;
  Text method;
  bool operator==(const GRPCMethodMatch&) const = default;
  static constexpr auto fields() {
    using T = GRPCMethodMatch;
    return std::tuple(Field("type", &T::type), Field("service", &T::service),
                      Field("method", &T::method));
  }
};

struct GRPCRouteMatch {
  std::optional<GRPCMethodMatch> method;
  std::vector<NamedValueMatch> headers;
  bool operator==(const GRPCRouteMatch&) const = default;
  static constexpr auto fields() {
    using T = GRPCRouteMatch;
    return std::tuple(Field("method", &T::method), Field("headers", &T::headers));
  }
};

struct GRPCRouteRule {
  Text name;
  std::vector<GRPCRouteMatch> matches;
  std::vector<RouteFilter> filters;
  std::vector<FilteredBackendRef> backendRefs;
  std::optional<SessionPersistence> sessionPersistence;
  bool operator==(const GRPCRouteRule&) const = default;
  static constexpr auto fields() {
    using T = GRPCRouteRule;
    return std::tuple(Field("name", &T::name), Field("matches", &T::matches),
                      Field("filters", &T::filters), Field("backendRefs", &T::backendRefs),
                      Field("sessionPersistence", &T::sessionPersistence));
  }
};

// ---- TLSRoute, TCPRoute, UDPRoute ----

struct L4RouteRule {
  Text name;
  std::vector<BackendRef> backendRefs;
  bool operator==(const L4RouteRule&) const = default;
  static constexpr auto fields() {
    using T = L4RouteRule;
    return std::tuple(Field("name", &T::name), Field("backendRefs", &T::backendRefs));
  }
};

// ---- the kinds ----

/// The spec of every route kind; TCPRoute and UDPRoute have no hostnames.
template <class Rule, bool kHostnames>
struct RouteSpec : CommonRouteSpec {
  std::vector<std::string> hostnames;
  std::vector<Rule> rules;
  bool operator==(const RouteSpec&) const = default;
  static constexpr auto fields() {
    using T = RouteSpec;
    auto rest = std::tuple(Field("rules", &T::rules));
    if constexpr (kHostnames)
      return std::tuple_cat(CommonRouteSpec::fields(),
                            std::tuple(Field("hostnames", &T::hostnames)), rest);
    else return std::tuple_cat(CommonRouteSpec::fields(), rest);
  }
};

/// What all route kinds share, for code that attaches routes of any kind.
template <class Derived, class Rule, bool kHostnames>
struct RouteBase {
  static constexpr const char* kGroup = kGatewayGroup;
  using Spec = RouteSpec<Rule, kHostnames>;
  ObjectMeta metadata;
  Spec spec;
  bool operator==(const RouteBase&) const = default;
  static constexpr auto fields() {
    return std::tuple(Field("metadata", &RouteBase::metadata), Field("spec", &RouteBase::spec));
  }
};

struct HTTPRoute : RouteBase<HTTPRoute, HTTPRouteRule, true> {
  static constexpr const char* kKind = "HTTPRoute";
};
struct GRPCRoute : RouteBase<GRPCRoute, GRPCRouteRule, true> {
  static constexpr const char* kKind = "GRPCRoute";
};
struct TLSRoute : RouteBase<TLSRoute, L4RouteRule, true> {
  static constexpr const char* kKind = "TLSRoute";
};
struct TCPRoute : RouteBase<TCPRoute, L4RouteRule, false> {
  static constexpr const char* kKind = "TCPRoute";
};
struct UDPRoute : RouteBase<UDPRoute, L4RouteRule, false> {
  static constexpr const char* kKind = "UDPRoute";
};

}  // namespace gwanmun::api
