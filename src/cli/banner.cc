// See banner.h.
#include "cli/banner.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace gwanmun::cli {

namespace {

constexpr std::size_t kMaxUrls = 12;

/// A path that some rule of these routes matches, to have something to ask for.
std::string example_path(const std::vector<std::shared_ptr<const snapshot::Route>>& routes) {
  for (const auto& route : routes)
    for (const auto& rule : route->rules)
      for (const auto& match : rule->matches)
        if (match.path.kind != snapshot::PathMatchKind::kRegex && match.headers.empty())
          return match.path.value;
  return "/";
}

std::string example_host(std::string_view host) {
  if (host == "*") return "localhost";
  return host.starts_with("*.") ? str_cat("www", host.substr(1)) : std::string(host);
}

std::string line(const snapshot::Listener& listener, std::uint16_t port, std::string_view host,
                 const std::string& path) {
  if (listener.protocol == snapshot::Protocol::kHttps)
    return str_cat("  curl -k --resolve ", host, ":", port, ":127.0.0.1 https://", host, ":", port,
                   path, "\n");
  if (host == "localhost") return str_cat("  curl http://127.0.0.1:", port, path, "\n");
  return str_cat("  curl -H 'Host: ", host, "' http://127.0.0.1:", port, path, "\n");
}

}  // namespace

std::string urls_to_try(const snapshot::Snapshot& snapshot,
                        const std::vector<proxy::PortState>& ports) {
  std::map<std::uint16_t, std::uint16_t> bound;
  for (const auto& port : ports)
    if (port.bound != 0) bound[port.port] = port.bound;
  std::string out;
  std::size_t urls = 0, more = 0;
  for (const auto& listener : snapshot.listeners) {
    auto port = bound.find(listener->port);
    bool http = listener->protocol == snapshot::Protocol::kHttp ||
                listener->protocol == snapshot::Protocol::kHttps;
    if (port == bound.end() || !http) continue;
    for (const auto& [host, routes] : listener->hosts) {
      bool only_grpc = std::ranges::all_of(
          routes, [](const auto& route) { return route->kind == snapshot::RouteKind::kGrpc; });
      if (only_grpc) continue;
      if (++urls > kMaxUrls) ++more;
      else out += line(*listener, port->second, example_host(host), example_path(routes));
    }
  }
  if (more > 0) out += str_cat("  ... and ", more, " more hosts\n");
  return out;
}

std::string port_hint(const proxy::PortState& port) {
  if (port.permission_denied) {
    int free = port.port < 1024 ? port.port + 8000 : port.port;
    if (port.port == 443) free = 8443;
    if (port.port == 80) free = 8080;
    return str_cat("ports below 1024 need root or CAP_NET_BIND_SERVICE; serve it elsewhere with ",
                   "--map-port ", port.port, ":", free);
  }
  return str_cat("stop what uses it, or serve it elsewhere with --map-port ", port.port, ":OTHER");
}

}  // namespace gwanmun::cli
