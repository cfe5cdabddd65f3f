// From a backend reference to a cluster's name, or to the reason why it leads nowhere.
#include <algorithm>

#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

using snapshot::BackendProtocol;

struct Speaks {
  BackendProtocol protocol = BackendProtocol::kHttp1;
  bool inferred = false;
  Problem problem;
};

/// KEP-3726's names, and those in wide use before it. Names nobody knows say nothing.
Speaks protocol_of(const std::optional<std::string>& app_protocol, RouteKind route,
                   const std::string& backend) {
  if (route != RouteKind::kHttp && route != RouteKind::kGrpc) return {};
  std::string name = to_lower(app_protocol.value_or(""));
  if (name == "kubernetes.io/h2c" || name == "h2c" || name == "grpc" || name == "http2")
    return {BackendProtocol::kH2c, false, {}};
  if (name == "https" || name == "tls" || name == "kubernetes.io/wss" || name == "wss")
    return {.problem = {reason::kUnsupportedProtocol,
                        str_cat(backend, " has appProtocol ", *app_protocol,
                                ", and TLS to backends is not supported by this version")}};
  if (name == "kubernetes.io/ws" || name == "ws") {
    if (route == RouteKind::kGrpc)
      return {.problem = {reason::kUnsupportedProtocol,
                          str_cat(backend, " has appProtocol ", *app_protocol,
                                  ", which cannot carry gRPC")}};
    return {BackendProtocol::kWebSocket, false, {}};
  }
  if (route == RouteKind::kGrpc) return {BackendProtocol::kH2c, true, {}};
  return {};
}

std::string port_list(const api::Service& service) {
  std::string out;
  for (const auto& port : service.spec.ports) out += str_cat(out.empty() ? "" : ", ", port.port);
  return out.empty() ? "none" : out;
}

class Resolver {
 public:
  Resolver(const RouteInput& route, const api::BackendObjectReference& ref, std::string path,
           RouteRules& out)
      : route_(route), ref_(ref), path_(std::move(path)), out_(out) {}

  Target resolve() {
    key_.object = {ref_.namespace_.value_or(route_.meta.namespace_), ref_.name};
    std::string group = ref_.group.value_or(""), kind = ref_.kind.value_or("Service");
    bool service = group.empty() && kind == "Service";
    bool external = group == api::XBackend::kGroup && kind == api::XBackend::kKind;
    if (!service && !external)
      return fail(reason::kInvalidKind, str_cat("kind ", group.empty() ? "" : group + "/", kind,
                                                " is not supported; use Service or ",
                                                api::XBackend::kGroup, "/XBackend"));
    key_.kind = service ? "Service" : api::XBackend::kKind;
    name_ = str_cat(key_.kind, " ", api::to_string(key_.object));
    out_.looked_up.push_back({key_.kind, key_.object.ns, key_.object.name});
    if (key_.object.ns != route_.meta.namespace_) {
      out_.crosses_namespaces = true;
      Referent to{group, kind, key_.object.ns, key_.object.name};
      if (!route_.context.index.permits(route_.referrer(), to))
        return fail(reason::kRefNotPermitted,
                    str_cat(name_, " may not be used from namespace ", route_.meta.namespace_, ": ",
                            grant_hint(route_.referrer(), to)));
    }
    return service ? resolve_service() : resolve_external();
  }

 private:
  Target fail(const char* reason, const std::string& message) {
    return {"", {reason, str_cat(path_, ": ", message)}};
  }

  Target resolve_service() {
    const auto& services = route_.context.resources.services;
    auto at = services.find(key_.object);
    key_.port = ref_.port.value_or(0);
    bool stand_in =
        route_.context.settings.backends.contains({key_.object.ns, key_.object.name, key_.port});
    if (at == services.end() && !stand_in)
      return fail(reason::kBackendNotFound, str_cat(name_, " does not exist"));
    std::optional<std::string> app_protocol;
    if (at != services.end()) {
      const api::Service& service = *at->second;
      auto port = std::ranges::find(service.spec.ports, key_.port, &api::ServicePort::port);
      bool external = service.spec.type == "ExternalName";
      if (external && !route_.context.settings.external_names)
        return fail(reason::kInvalidKind,
                    str_cat(name_,
                            " is of type ExternalName, which is not followed; use an "
                            "XBackend with an externalHostname"));
      if (!ref_.port)
        return fail(reason::kBackendNotFound,
                    str_cat("a port is needed; ", name_, " has ports ", port_list(service)));
      if (port == service.spec.ports.end() && !stand_in && !external)
        return fail(reason::kBackendNotFound, str_cat(name_, " has no port ", key_.port,
                                                      "; its ports: ", port_list(service)));
      if (port != service.spec.ports.end()) app_protocol = port->appProtocol;
      std::string transport = route_.kind == RouteKind::kUdp ? "UDP" : "TCP";
      if (port != service.spec.ports.end() && !port->protocol.empty() &&
          port->protocol != transport)
        return fail(reason::kUnsupportedProtocol,
                    str_cat(name_, " port ", key_.port, " is of protocol ", port->protocol));
    }
    return finish(protocol_of(app_protocol, route_.kind, name_));
  }

  Target resolve_external() {
    const auto& backends = route_.context.resources.x_backends;
    auto at = backends.find(key_.object);
    if (at == backends.end())
      return fail(reason::kBackendNotFound, str_cat(name_, " does not exist"));
    const api::XBackendSpec& spec = at->second->spec;
    if (spec.type != "ExternalHostname" || !spec.externalHostname)
      return fail(reason::kInvalidKind,
                  str_cat(name_, " is of type ", spec.type, ", which is not supported"));
    if (spec.tls && spec.tls->mode != "None")
      return fail(reason::kUnsupportedProtocol,
                  str_cat(name_,
                          " asks for TLS (spec.tls), which is not supported by this "
                          "version; it is not called in clear instead"));
    key_.port = spec.port.port;
    std::string protocol = spec.protocol.value_or("");
    if (protocol == "TCP" || protocol == "MCP")
      return fail(reason::kUnsupportedProtocol,
                  str_cat(name_, " speaks ", protocol, ", which an HTTP route cannot use"));
    bool http2 = protocol == "H2C" || protocol == "HTTP2" || protocol == "GRPC";
    return finish(
        protocol_of(http2 ? std::optional<std::string>("h2c") : std::nullopt, route_.kind, name_));
  }

  Target finish(Speaks speaks) {
    if (speaks.problem) return fail(speaks.problem.reason, speaks.problem.message);
    if (!route_.context.index.policies({key_.kind, key_.object.ns, key_.object.name}).empty())
      return fail(reason::kUnsupportedProtocol,
                  str_cat("a BackendTLSPolicy asks for TLS to ", name_,
                          ", which is not supported by this version; it is not called in clear "
                          "instead"));
    key_.protocol = speaks.protocol;
    key_.inferred = speaks.inferred;
    Target target{key_.name(), {}};
    out_.clusters.push_back({target.cluster, std::move(key_)});
    return target;
  }

  const RouteInput& route_;
  const api::BackendObjectReference& ref_;
  std::string path_;
  RouteRules& out_;
  ClusterKey key_;
  std::string name_;
};

}  // namespace

std::string ClusterKey::name() const {
  return str_cat(object.ns, "/", object.name, ":", port,
                 kind == std::string_view("Service") ? "" : "/XBackend", inferred ? "/h2c" : "");
}

Target resolve_backend(const RouteInput& route, const api::BackendObjectReference& ref,
                       const std::string& path, RouteRules& out) {
  return Resolver(route, ref, path, out).resolve();
}

}  // namespace gwanmun::translate
