// The routing model that the data plane runs: immutable plain data, made by control/translate,
// compiled by each worker into its own tables (proxy/router). Control plane and proxy meet only
// here.
//
// Everything that can be wrong was found in translation and is a value here (a backend that answers
// 500, a rule that answers 500): applying a Snapshot cannot fail. Header names are lower-case,
// hosts lower-case without a trailing dot, regular expressions known to compile with RE2.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gwanmun::snapshot {

using Milliseconds = std::chrono::milliseconds;

/// The object a part came from; printed in logs, metrics and /config.
struct Origin {
  std::string kind;  // "HTTPRoute"
  std::string ns;
  std::string name;
  std::string section;  // listener name, or "rule[0]", or the rule's own name
  std::int64_t generation = 0;
  bool operator==(const Origin&) const = default;
};
/// "HTTPRoute/shop/orders/rule[0]"
std::string to_string(const Origin& origin);

// ---- matching (HTTPRoute and GRPCRoute rules) ----

enum class PathMatchKind { kExact, kPrefix, kRegex };

/// kPrefix matches whole segments: "/foo" matches "/foo" and "/foo/bar", not "/foobar"; never ends
/// in "/" except the root.
struct PathMatch {
  PathMatchKind kind = PathMatchKind::kPrefix;
  std::string value = "/";
  bool operator==(const PathMatch&) const = default;
};

/// A header or query parameter that must be there with this value (exact, or a full RE2 match).
struct ValueMatch {
  std::string name;
  std::string value;
  bool regex = false;
  bool operator==(const ValueMatch&) const = default;
};

/// All of these must hold. A GRPCRoute's method match is a path match: "/service/method" exact,
/// "/service" prefix, or a regex.
struct Match {
  PathMatch path;
  std::string method;  // empty: any
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  bool operator==(const Match&) const = default;
};

// ---- filters ----

struct HeaderValue {
  std::string name;
  std::string value;
  bool operator==(const HeaderValue&) const = default;
};

struct HeaderModifier {  // set, then add, then remove
  std::vector<HeaderValue> set;
  std::vector<HeaderValue> add;
  std::vector<std::string> remove;
  bool operator==(const HeaderModifier&) const = default;
};
struct RequestHeaderModifier : HeaderModifier {
  bool operator==(const RequestHeaderModifier&) const = default;
};
struct ResponseHeaderModifier : HeaderModifier {
  bool operator==(const ResponseHeaderModifier&) const = default;
};

enum class PathRewriteKind { kReplaceFullPath, kReplacePrefixMatch };
struct PathRewrite {
  PathRewriteKind kind = PathRewriteKind::kReplaceFullPath;
  std::string value;
  bool operator==(const PathRewrite&) const = default;
};

struct RequestRedirect {
  std::optional<std::string> scheme;
  std::optional<std::string> hostname;
  std::optional<std::uint16_t> port;
  std::optional<PathRewrite> path;
  int status_code = 302;
  bool operator==(const RequestRedirect&) const = default;
};

struct UrlRewrite {
  std::optional<std::string> hostname;
  std::optional<PathRewrite> path;
  bool operator==(const UrlRewrite&) const = default;
};

struct Mirror {
  std::string
      cluster;  // Snapshot::clusters key; one that cannot be resolved is left out by translation
  std::uint32_t numerator = 100;
  std::uint32_t denominator = 100;
  bool operator==(const Mirror&) const = default;
};

struct Cors {
  std::vector<std::string> allow_origins;  // "*", "https://*.example.com", "https://a.example.com"
  bool allow_credentials = false;
  std::vector<std::string> allow_methods;  // may hold "*"
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  std::int32_t max_age_seconds = 5;
  bool operator==(const Cors&) const = default;
};

/// GEP-1494. On anything but success the client gets the authorizer's answer (403 when it fails).
struct ExternalAuth {
  std::string cluster;      // empty: could not be resolved, the rule answers 500
  bool grpc = false;        // envoy.service.auth.v3.Authorization/Check
  std::string path_prefix;  // HTTP: put before the request's path
  std::vector<std::string> allowed_request_headers;
  std::vector<std::string> allowed_response_headers;  // HTTP: copied onto the request when allowed
  std::uint32_t forward_body_max_size = 0;            // 0: the body is not sent
  bool operator==(const ExternalAuth&) const = default;
};

using Filter = std::variant<RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect,
                            UrlRewrite, Mirror, Cors, ExternalAuth>;

// ---- rules ----

struct Timeouts {  // absent: the default of limits.h; zero: none
  std::optional<Milliseconds> request;
  std::optional<Milliseconds> backend_request;
  bool operator==(const Timeouts&) const = default;
};

struct Retry {                 // GEP-1731
  std::uint32_t attempts = 1;  // beyond the first
  Milliseconds backoff{25};    // doubled each time, with jitter
  std::vector<int> codes;
  bool operator==(const Retry&) const = default;
};

struct SessionPersistence {  // GEP-1619
  enum class Kind { kCookie, kHeader };
  Kind kind = Kind::kCookie;
  std::string name;        // cookie or (lower-case) header name
  bool permanent = false;  // cookie with Max-Age
  std::optional<Milliseconds> absolute_timeout;
  std::optional<Milliseconds> idle_timeout;
  bool operator==(const SessionPersistence&) const = default;
};

/// A weighted destination of a rule. `status` other than 0: this share of the requests answers that
/// status (500: the reference is invalid), whatever the cluster is.
struct Backend {
  std::string cluster;  // Snapshot::clusters key
  std::uint32_t weight = 1;
  int status = 0;
  std::string reason;  // why status is set: "Service shop/ordes not found"
  std::vector<Filter> filters;
  bool operator==(const Backend&) const = default;
};

/// One rule of a route. Its matches compete with those of all rules on the same listener and host.
struct Rule {
  Origin origin;
  std::vector<Match> matches;  // never empty
  std::vector<Filter> filters;
  std::vector<Backend> backends;  // empty without a redirect: 500 (HTTPRoute) / UNAVAILABLE
  Timeouts timeouts;
  std::optional<Retry> retry;
  std::optional<SessionPersistence> session;
  int status = 0;  // other than 0: the rule cannot work (unknown filter) and answers this
  std::string reason;
  bool operator==(const Rule&) const = default;
};

enum class RouteKind { kHttp, kGrpc };

/// A route as attached to listeners. Rules keep their order; `rank` is the order among the routes
/// of one host when matches tie (oldest creationTimestamp, then namespace/name): the lowest wins.
/// It compares within a host only, so that a new route does not renumber those of other hosts.
/// Matches that cannot be evaluated (a bad regular expression) come as a route of their own with
/// section "invalid" and a rank after all others: what they might have matched answers 500 where no
/// other match claims it as precisely.
struct Route {
  Origin origin;
  RouteKind kind = RouteKind::kHttp;
  std::uint32_t rank = 0;
  std::vector<std::shared_ptr<const Rule>> rules;
  bool operator==(const Route&) const;
};

// ---- listeners ----

struct Certificate {
  Origin origin;  // the Secret
  std::string chain_pem;
  std::string key_pem;  // never printed
  bool operator==(const Certificate&) const = default;
};

enum class ClientValidation { kNone, kAllowValidOnly, kAllowInsecureFallback };

struct ListenerTls {
  std::vector<std::shared_ptr<const Certificate>> certificates;  // the first is the default
  ClientValidation client_validation = ClientValidation::kNone;
  std::string client_ca_pem;
  std::map<std::string, std::string> options;
  bool operator==(const ListenerTls&) const;
};

enum class Protocol { kHttp, kHttps, kTls, kTcp, kUdp };

/// Hosts with a route on this listener: "a.example.com", "*.example.com", or "*" for any host.
using HostTable = std::map<std::string, std::vector<std::shared_ptr<const Route>>>;

/// One listener of a Gateway or ListenerSet. Several may share a port and be told apart by hostname
/// (listener isolation: the most specific hostname wins before any route is looked at).
struct Listener {
  Origin origin;  // section is the listener's name
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kHttp;
  std::string hostname;  // "", "a.example.com" or "*.example.com"
  std::optional<ListenerTls> tls;
  bool proxy_protocol = false;
  std::vector<std::string> addresses;  // empty: all
  HostTable hosts;
  bool operator==(const Listener&) const;
};

// ---- clusters: the backends' endpoints ----

struct Endpoint {
  std::string address;  // IP literal without brackets, or a DNS name when the cluster is by name
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  auto operator<=>(const Endpoint&) const = default;
};

enum class BackendProtocol { kHttp1, kH2c, kWebSocket, kTls };

struct BackendTls {  // BackendTLSPolicy
  std::string sni;
  std::string ca_pem;                          // empty: the system's
  std::vector<std::string> subject_alt_names;  // empty: sni
  std::shared_ptr<const Certificate> client_certificate;
  bool operator==(const BackendTls&) const;
};

/// All endpoints of one Service port (or external name), the unit of pools, balancing and health.
/// No endpoint: 503.
struct Cluster {
  std::string name;  // "shop/orders:8080"; stable across snapshots, it keys the pools
  Origin origin;     // the Service, or the XBackend
  BackendProtocol protocol = BackendProtocol::kHttp1;
  bool by_name = false;             // endpoints are DNS names, resolved and refreshed by the proxy
  std::vector<Endpoint> endpoints;  // sorted
  std::optional<BackendTls> tls;
  bool operator==(const Cluster&) const = default;
};

// ---- the whole ----

/// What one Gateway's data plane runs (file mode: all Gateways of the directory in one).
struct Snapshot {
  std::uint64_t version = 0;
  std::vector<std::shared_ptr<const Listener>> listeners;
  std::map<std::string, std::shared_ptr<const Cluster>> clusters;
};

/// The snapshot as YAML for people, golden files and /config: only what is not default; a
/// certificate is printed as the Secret it came from, a private key never.
std::string to_yaml(const Snapshot& snapshot);
/// The same as JSON (admin /config).
std::string to_json(const Snapshot& snapshot);

}  // namespace gwanmun::snapshot
