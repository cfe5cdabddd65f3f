// Builders of snapshots and requests for the router's tests and benchmark.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "proxy/router.h"

namespace gwanmun::proxy::testing {

using snapshot::Match;
using snapshot::PathMatchKind;
using snapshot::ValueMatch;

inline Match exact(std::string path) { return {.path = {PathMatchKind::kExact, std::move(path)}}; }
inline Match prefix(std::string path) {
  return {.path = {PathMatchKind::kPrefix, std::move(path)}};
}
inline Match regex(std::string path) { return {.path = {PathMatchKind::kRegex, std::move(path)}}; }
inline Match with_header(Match match, std::string name, std::string value, bool is_regex = false) {
  match.headers.push_back({std::move(name), std::move(value), is_regex});
  return match;
}
inline Match with_query(Match match, std::string name, std::string value, bool is_regex = false) {
  match.query.push_back({std::move(name), std::move(value), is_regex});
  return match;
}
inline Match with_method(Match match, std::string method) {
  match.method = std::move(method);
  return match;
}

/// A rule named `section` with a backend of its own.
inline std::shared_ptr<const snapshot::Rule> make_rule(std::string section,
                                                       std::vector<Match> matches) {
  auto rule = std::make_shared<snapshot::Rule>();
  rule->origin = {"HTTPRoute", "shop", "route", section, 1};
  rule->matches = std::move(matches);
  rule->backends.push_back({.cluster = str_cat("shop/", section, ":80")});
  return rule;
}

inline std::shared_ptr<snapshot::Route> make_route(
    std::uint32_t rank, std::vector<std::shared_ptr<const snapshot::Rule>> rules,
    snapshot::RouteKind kind = snapshot::RouteKind::kHttp) {
  auto route = std::make_shared<snapshot::Route>();
  route->kind = kind;
  route->rank = rank;
  route->rules = std::move(rules);
  return route;
}

inline std::shared_ptr<snapshot::Listener> make_listener(std::string name, std::string hostname,
                                                         snapshot::HostTable hosts,
                                                         std::uint16_t port = 80) {
  auto listener = std::make_shared<snapshot::Listener>();
  listener->origin = {"Gateway", "shop", "gateway", std::move(name), 1};
  listener->port = port;
  listener->hostname = std::move(hostname);
  listener->hosts = std::move(hosts);
  return listener;
}

/// With a cluster for every backend.
inline std::shared_ptr<const snapshot::Snapshot> make_snapshot(
    std::vector<std::shared_ptr<const snapshot::Listener>> listeners, std::uint64_t version = 1) {
  auto snapshot = std::make_shared<snapshot::Snapshot>();
  snapshot->version = version;
  for (const auto& listener : listeners) {
    for (const auto& [host, routes] : listener->hosts) {
      for (const auto& route : routes) {
        for (const auto& rule : route->rules) {
          for (const auto& backend : rule->backends) {
            auto cluster = std::make_shared<snapshot::Cluster>();
            cluster->name = backend.cluster;
            snapshot->clusters.emplace(backend.cluster, std::move(cluster));
          }
        }
      }
    }
  }
  snapshot->listeners = std::move(listeners);
  return snapshot;
}

/// A request head in its own arena.
struct TestRequest {
  explicit TestRequest(std::string_view host, std::string_view target = "/",
                       std::string_view method = "GET")
      : head(arena) {
    head.authority = arena.copy(host);
    head.method = arena.copy(method);
    head.scheme = "http";
    std::size_t mark = target.find('?');
    head.path = arena.copy(target.substr(0, mark));
    head.has_query = mark != std::string_view::npos;
    if (head.has_query) head.query = arena.copy(target.substr(mark + 1));
  }
  TestRequest& header(std::string_view name, std::string_view value) {
    head.headers.add(arena.copy(name), arena.copy(value));
    return *this;
  }
  Arena arena;
  http::RequestHead head;
};

/// The section of the rule that serves the request, "404" when none does.
inline std::string served_by(const Router& router, const http::RequestHead& head,
                             std::uint16_t port = 80) {
  const PortRouter* table = router.port("", port);
  if (!table) return "no port";
  RouteMatch match = table->match(head);
  return match.match ? match.rule->spec->origin.section : str_cat(match.rule->status);
}

}  // namespace gwanmun::proxy::testing
