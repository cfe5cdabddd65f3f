// Snapshots as YAML and JSON for people: golden files, /config, `gwanmun status`. Only what is not
// default; a private key is never printed. Routes are printed once and named where they are used.
#include <algorithm>
#include <set>

#include "base/duration.h"
#include "base/text.h"
#include "document/node.h"
#include "document/writer.h"
#include "snapshot/snapshot.h"

namespace gwanmun::snapshot {
namespace {

using document::Node;

/// A map under construction; members that say nothing are left out.
class Map {
 public:
  void text(const char* key, const std::string& value) {
    if (!value.empty()) node_.set(key, Node::string(value));
  }
  void number(const char* key, std::int64_t value, std::int64_t usual = 0) {
    if (value != usual) node_.set(key, Node::integer(value));
  }
  void flag(const char* key, bool value) {
    if (value) node_.set(key, Node::boolean(true));
  }
  void duration(const char* key, const std::optional<Milliseconds>& value) {
    if (value) node_.set(key, Node::string(gwanmun::to_string(*value)));
  }
  void node(const char* key, Node value) {
    bool empty = (value.is_list() && value.items().empty()) ||
                 (value.is_map() && value.members().empty()) || value.is_null();
    if (!empty) node_.set(key, std::move(value));
  }
  Node take() { return std::move(node_); }

 private:
  Node node_ = Node::map();
};

template <class T, class Print>
Node list(const std::vector<T>& values, Print print) {
  Node out = Node::list();
  for (const T& value : values) out.items().push_back(print(value));
  return out;
}
Node strings(const std::vector<std::string>& values) { return list(values, Node::string); }

Node print(const PathMatch& path) {
  constexpr const char* kNames[] = {"exact", "prefix", "regex"};
  Map out;
  out.text(kNames[static_cast<int>(path.kind)], path.value);
  return out.take();
}
Node print(const ValueMatch& match) {
  Map out;
  out.text("name", match.name);
  out.node(match.regex ? "regex" : "exact", Node::string(match.value));
  return out.take();
}
Node print(const Match& match) {
  Map out;
  out.node("path", print(match.path));
  out.text("method", match.method);
  out.node("headers", list(match.headers, [](auto& m) { return print(m); }));
  out.node("query", list(match.query, [](auto& m) { return print(m); }));
  return out.take();
}

Node print(const HeaderModifier& filter) {
  auto header = [](const HeaderValue& value) {
    Map out;
    out.text("name", value.name);
    out.text("value", value.value);
    return out.take();
  };
  Map out;
  out.node("set", list(filter.set, header));
  out.node("add", list(filter.add, header));
  out.node("remove", strings(filter.remove));
  return out.take();
}
Node print(const std::optional<PathRewrite>& path) {
  if (!path) return Node::null();
  bool full = path->kind == PathRewriteKind::kReplaceFullPath;
  Node out = Node::map();
  out.set(full ? "full" : "prefix", Node::string(path->value));
  return out;
}
Node print(const RequestRedirect& filter) {
  Map out;
  out.text("scheme", filter.scheme.value_or(""));
  out.text("hostname", filter.hostname.value_or(""));
  out.number("port", filter.port.value_or(0));
  out.node("path", print(filter.path));
  out.number("status", filter.status_code);
  return out.take();
}
Node print(const UrlRewrite& filter) {
  Map out;
  out.text("hostname", filter.hostname.value_or(""));
  out.node("path", print(filter.path));
  return out.take();
}
Node print(const Mirror& filter) {
  Map out;
  out.text("cluster", filter.cluster);
  if (filter.numerator != filter.denominator)
    out.text("fraction", str_cat(filter.numerator, "/", filter.denominator));
  return out.take();
}
Node print(const Cors& filter) {
  Map out;
  out.node("allow_origins", strings(filter.allow_origins));
  out.flag("allow_credentials", filter.allow_credentials);
  out.node("allow_methods", strings(filter.allow_methods));
  out.node("allow_headers", strings(filter.allow_headers));
  out.node("expose_headers", strings(filter.expose_headers));
  out.number("max_age_seconds", filter.max_age_seconds, 5);
  return out.take();
}
Node print(const ExternalAuth& filter) {
  Map out;
  out.text("cluster", filter.cluster);
  out.flag("grpc", filter.grpc);
  out.text("path_prefix", filter.path_prefix);
  out.node("allowed_request_headers", strings(filter.allowed_request_headers));
  out.node("allowed_response_headers", strings(filter.allowed_response_headers));
  out.number("forward_body_max_size", filter.forward_body_max_size);
  return out.take();
}
Node print(const Filter& filter) {
  constexpr const char* kNames[] = {"request_headers", "response_headers", "redirect",
                                    "rewrite",         "mirror",           "cors",
                                    "external_auth"};
  static_assert(std::size(kNames) == std::variant_size_v<Filter>);
  Node out = Node::map();
  out.set(kNames[filter.index()], std::visit([](auto& f) { return print(f); }, filter));
  return out;
}
Node print(const std::vector<Filter>& filters) {
  return list(filters, [](const Filter& filter) { return print(filter); });
}

Node print(const Backend& backend) {
  Map out;
  out.text("cluster", backend.cluster);
  out.number("weight", backend.weight, 1);
  out.number("status", backend.status);
  out.text("reason", backend.reason);
  out.node("filters", print(backend.filters));
  return out.take();
}
Node print(const std::optional<Retry>& retry) {
  if (!retry) return Node::null();
  Map out;
  out.node("attempts", Node::integer(retry->attempts));
  out.duration("backoff", retry->backoff);
  out.node("codes", list(retry->codes, Node::integer));
  return out.take();
}
Node print(const std::optional<SessionPersistence>& session) {
  if (!session) return Node::null();
  Map out;
  out.text(session->kind == SessionPersistence::Kind::kCookie ? "cookie" : "header", session->name);
  out.flag("permanent", session->permanent);
  out.duration("absolute_timeout", session->absolute_timeout);
  out.duration("idle_timeout", session->idle_timeout);
  return out.take();
}
Node print(const Rule& rule) {
  Map out;
  out.text("name", rule.origin.section);
  out.node("matches", list(rule.matches, [](auto& m) { return print(m); }));
  out.node("filters", print(rule.filters));
  out.node("backends", list(rule.backends, [](auto& b) { return print(b); }));
  out.duration("request_timeout", rule.timeouts.request);
  out.duration("backend_request_timeout", rule.timeouts.backend_request);
  out.node("retry", print(rule.retry));
  out.node("session", print(rule.session));
  out.number("status", rule.status);
  out.text("reason", rule.reason);
  return out.take();
}
Node print(const Route& route) {
  Map out;
  out.text("name", to_string(route.origin));
  out.number("generation", route.origin.generation, 1);
  out.number("rank", route.rank);
  out.node("rules", list(route.rules, [](auto& rule) { return print(*rule); }));
  return out.take();
}

Node print(const std::optional<ListenerTls>& tls) {
  if (!tls) return Node::null();
  Map out;
  out.node("certificates", list(tls->certificates, [](auto& certificate) {
             return Node::string(to_string(certificate->origin));
           }));
  if (tls->client_validation != ClientValidation::kNone) {
    bool strict = tls->client_validation == ClientValidation::kAllowValidOnly;
    out.text("client_validation", strict ? "valid_only" : "insecure_fallback");
  }
  Node options = Node::map();
  for (const auto& [key, value] : tls->options) options.set(key, Node::string(value));
  out.node("options", std::move(options));
  return out.take();
}
Node print(const Listener& listener) {
  constexpr const char* kProtocols[] = {"HTTP", "HTTPS", "TLS", "TCP", "UDP"};
  Map out;
  out.text("name", to_string(listener.origin));
  out.number("port", listener.port);
  out.text("protocol", kProtocols[static_cast<int>(listener.protocol)]);
  out.text("hostname", listener.hostname);
  out.node("addresses", strings(listener.addresses));
  out.flag("proxy_protocol", listener.proxy_protocol);
  out.node("tls", print(listener.tls));
  Node hosts = Node::map();
  for (const auto& [host, routes] : listener.hosts)
    hosts.members().push_back({host, {}, list(routes, [](auto& route) {
                                 return Node::string(to_string(route->origin));
                               })});
  out.node("hosts", std::move(hosts));
  return out.take();
}

Node print(const Cluster& cluster) {
  constexpr const char* kProtocols[] = {"http1", "h2c", "websocket", "tls"};
  Map out;
  out.text("name", cluster.name);
  out.text("origin", to_string(cluster.origin));
  if (cluster.protocol != BackendProtocol::kHttp1)
    out.text("protocol", kProtocols[static_cast<int>(cluster.protocol)]);
  out.flag("by_name", cluster.by_name);
  out.node("endpoints", list(cluster.endpoints, [](const Endpoint& endpoint) {
             bool v6 = endpoint.address.find(':') != std::string::npos;
             return Node::string(
                 str_cat(v6 ? "[" : "", endpoint.address, v6 ? "]:" : ":", endpoint.port));
           }));
  if (cluster.tls) {
    Map tls;
    tls.text("sni", cluster.tls->sni);
    tls.node("subject_alt_names", strings(cluster.tls->subject_alt_names));
    if (cluster.tls->client_certificate)
      tls.text("client_certificate", to_string(cluster.tls->client_certificate->origin));
    out.node("tls", tls.take());
  }
  return out.take();
}

Node print(const Snapshot& snapshot) {
  Node listeners = Node::list(), routes = Node::list(), clusters = Node::list();
  std::set<const Route*> printed;
  for (const auto& listener : snapshot.listeners) {
    listeners.items().push_back(print(*listener));
    for (const auto& [host, attached] : listener->hosts)
      for (const auto& route : attached)
        if (printed.insert(route.get()).second) routes.items().push_back(print(*route));
  }
  for (const auto& [name, cluster] : snapshot.clusters) clusters.items().push_back(print(*cluster));
  Map out;
  out.node("version", Node::integer(static_cast<std::int64_t>(snapshot.version)));
  out.node("listeners", std::move(listeners));
  out.node("routes", std::move(routes));
  out.node("clusters", std::move(clusters));
  return out.take();
}

template <class T>
bool same(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}
template <class T>
bool same(const std::vector<std::shared_ptr<const T>>& a,
          const std::vector<std::shared_ptr<const T>>& b) {
  return std::ranges::equal(a, b, [](auto& x, auto& y) { return same(x, y); });
}

}  // namespace

std::string to_string(const Origin& origin) {
  std::string out = str_cat(origin.kind, "/", origin.ns, origin.ns.empty() ? "" : "/", origin.name);
  if (!origin.section.empty()) out += str_cat("/", origin.section);
  return out;
}

std::string to_yaml(const Snapshot& snapshot) { return document::to_yaml(print(snapshot)); }
std::string to_json(const Snapshot& snapshot) { return document::to_json(print(snapshot)); }

bool Route::operator==(const Route& other) const {
  return origin == other.origin && kind == other.kind && rank == other.rank &&
         same(rules, other.rules);
}
bool ListenerTls::operator==(const ListenerTls& other) const {
  return same(certificates, other.certificates) && client_validation == other.client_validation &&
         client_ca_pem == other.client_ca_pem && options == other.options;
}
bool Listener::operator==(const Listener& other) const {
  auto same_host = [](auto& a, auto& b) { return a.first == b.first && same(a.second, b.second); };
  return origin == other.origin && port == other.port && protocol == other.protocol &&
         hostname == other.hostname && tls == other.tls && proxy_protocol == other.proxy_protocol &&
         addresses == other.addresses && std::ranges::equal(hosts, other.hosts, same_host);
}
bool BackendTls::operator==(const BackendTls& other) const {
  return sni == other.sni && ca_pem == other.ca_pem &&
         subject_alt_names == other.subject_alt_names &&
         same(client_certificate, other.client_certificate);
}

}  // namespace gwanmun::snapshot
