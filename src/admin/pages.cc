#include "admin/pages.h"

#include "base/text.h"
#include "http/uri.h"
#include "net/address.h"

namespace gwanmun::admin {

namespace {

constexpr std::string_view kIndex =
    "Gwanmun's admin address\n"
    "\n"
    "/healthz             200 while the process works\n"
    "/readyz              200 when a configuration is applied and requests are taken\n"
    "/metrics             Prometheus\n"
    "/config              what the workers run, with the object each part came from (JSON)\n"
    "/config?format=yaml  the same as YAML\n";

bool is_local_name(std::string_view authority) {
  std::string_view host = http::host_of(authority);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return iequals(host, "localhost") || net::IpAddress::parse(host).has_value();
}

Page ready(const Sources& sources, const State& state) {
  if (state.draining) return {.status = 503, .body = "draining\n"};
  auto snapshot = sources.snapshot();
  if (!snapshot) return {.status = 503, .body = "no configuration applied yet\n"};
  return {.body = str_cat("ready, configuration ", snapshot->version, "\n")};
}

Page config(std::string_view query, const Sources& sources) {
  auto snapshot = sources.snapshot();
  if (!snapshot) return {.status = 503, .body = "no configuration applied yet\n"};
  if (query == "format=yaml") {
    return {.content_type = "application/yaml", .body = snapshot::to_yaml(*snapshot)};
  }
  if (!query.empty() && query != "format=json") {
    return {.status = 400, .body = "format is json or yaml\n"};
  }
  return {.content_type = "application/json", .body = snapshot::to_json(*snapshot)};
}

}  // namespace

Page answer(const http::RequestHead& request, const Sources& sources, const State& state) {
  if (state.local_only && !request.authority.empty() && !is_local_name(request.authority)) {
    return {.status = 403,
            .body = "this address answers to \"localhost\" and to IP addresses only\n"};
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return {.status = 405, .body = "only GET and HEAD\n"};
  }
  if (request.path == "/") return {.body = std::string(kIndex)};
  if (request.path == "/healthz") return {.body = "ok\n"};
  if (request.path == "/readyz") return ready(sources, state);
  if (request.path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = sources.metrics(state.now_unix_seconds)};
  }
  if (request.path == "/config") return config(request.query, sources);
  return {.status = 404, .body = "no such page; / lists them\n"};
}

}  // namespace gwanmun::admin
