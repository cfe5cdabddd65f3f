// Which Gateways are ours, and which ListenerSets belong to them. Statuses of GatewayClasses.
#include <algorithm>

#include "base/text.h"
#include "control/translate/features.h"
#include "control/translate/topology.h"

namespace gwanmun::translate {

namespace {

bool is_ours(const Settings& settings, const std::string& controller) {
  return std::ranges::find(settings.controller_names, controller) !=
         settings.controller_names.end();
}

void report_classes(Context& context) {
  for (const auto& [key, object] : context.resources.gateway_classes) {
    if (!is_ours(context.settings, object->spec.controllerName)) continue;
    Problem problem;
    if (object->spec.parametersRef)
      problem.note(reason::kInvalidParameters,
                   str_cat("spec.parametersRef: no kind of parameters is supported; remove the "
                           "reference to ",
                           object->spec.parametersRef->kind.value_or(""), " ",
                           object->spec.parametersRef->name));
    api::GatewayClassStatus status;
    status.conditions = {condition(type::kAccepted, problem, reason::kAccepted)};
    stamp(status.conditions, object->metadata.generation);
    for (const char* feature : kSupportedFeatures) status.supportedFeatures.push_back({feature});
    context.out.statuses[{api::GatewayClass::kKind, "", key.name}] =
        std::make_shared<const Status>(std::move(status));
  }
}

/// The controller of a Gateway's class when it is ours; else Translation::ignored says why not.
std::optional<std::string> controller_of(Context& context, const api::Gateway& gateway) {
  const std::string& name = gateway.spec.gatewayClassName;
  auto at = context.resources.gateway_classes.find({"", name});
  if (at == context.resources.gateway_classes.end()) {
    if (context.settings.default_class && name == kDefaultClass &&
        !context.settings.controller_names.empty())
      return context.settings.controller_names.front();
    context.out.ignored.push_back(
        {gateway.metadata.key(), str_cat("its GatewayClass ", name, " does not exist")});
    return std::nullopt;
  }
  const std::string& controller = at->second->spec.controllerName;
  if (is_ours(context.settings, controller)) return controller;
  context.out.ignored.push_back(
      {gateway.metadata.key(),
       str_cat("its GatewayClass ", name, " belongs to the controller ", controller)});
  return std::nullopt;
}

Problem class_problem(const Context& context, const api::Gateway& gateway) {
  auto at = context.resources.gateway_classes.find({"", gateway.spec.gatewayClassName});
  if (at == context.resources.gateway_classes.end() || !at->second->spec.parametersRef) return {};
  return {reason::kInvalidParameters,
          str_cat("its GatewayClass ", gateway.spec.gatewayClassName, " is not accepted")};
}

void judge_gateway(Context& context, GatewayState& state) {
  const api::GatewaySpec& spec = state.gateway->spec;
  Problem& refused = state.own.refused;
  refused = class_problem(context, *state.gateway);
  if (spec.infrastructure && spec.infrastructure->parametersRef) {
    const auto& ref = *spec.infrastructure->parametersRef;
    refused.note(reason::kInvalidParameters,
                 str_cat("spec.infrastructure.parametersRef: no kind of parameters is supported; "
                         "remove the reference to ",
                         ref.kind, " ", ref.name));
  }
  for (std::size_t i = 0; i < spec.addresses.size(); ++i) {
    std::string kind = spec.addresses[i].type.value_or("IPAddress");
    if (kind != "IPAddress")
      refused.note(reason::kUnsupportedAddress, str_cat("spec.addresses[", i, "].type: ", kind,
                                                        " is not supported; use IPAddress"));
    else if (!spec.addresses[i].value.empty()) state.addresses.push_back(spec.addresses[i].value);
  }
  if (spec.tls && spec.tls->backend && spec.tls->backend->clientCertificateRef)
    state.refs.note(reason::kUnsupportedValue,
                    "spec.tls.backend.clientCertificateRef: TLS to backends is not supported by "
                    "this version");
}

bool allows(const Context& context, const api::Gateway& gateway, const std::string& ns) {
  const auto& allowed = gateway.spec.allowedListeners;
  if (!allowed || !allowed->namespaces) return false;
  std::string from = allowed->namespaces->from.value_or("None");
  if (from == "All") return true;
  if (from == "Same") return ns == gateway.metadata.namespace_;
  return from == "Selector" && allowed->namespaces->selector &&
         context.index.selects(*allowed->namespaces->selector, ns);
}

Problem set_problem(const Context& context, const GatewayState& state,
                    const api::ListenerSet& set) {
  const std::string& ns = set.metadata.namespace_;
  std::string gateway = state.own.name();
  if (!allows(context, *state.gateway, ns))
    return {reason::kNotAllowed,
            str_cat(gateway, " allows no ListenerSet of namespace ", ns,
                    ": set spec.allowedListeners.namespaces.from to ",
                    ns == state.gateway->metadata.namespace_ ? "Same" : "All or Selector",
                    " on the Gateway")};
  if (state.own.refused) return {reason::kParentNotAccepted, str_cat(gateway, " is not accepted")};
  return {};
}

void add_listener_sets(Context& context, Topology& topology, std::uint32_t& ordinals) {
  std::vector<const api::ListenerSet*> sets;
  for (const auto& [key, set] : context.resources.listener_sets) sets.push_back(set.get());
  std::ranges::sort(sets, [](auto* a, auto* b) { return older(a->metadata, b->metadata); });
  for (const auto* set : sets) {
    const api::ObjectReference& ref = set->spec.parentRef;
    if (ref.kind.value_or("Gateway") != "Gateway" ||
        ref.group.value_or(api::kGatewayGroup) != api::kGatewayGroup)
      continue;
    auto at = topology.gateway_parents.find(
        {ref.namespace_.value_or(set->metadata.namespace_), ref.name});
    if (at == topology.gateway_parents.end()) continue;
    GatewayState& gateway = *at->second->gateway;
    auto parent = std::make_unique<ParentState>();
    parent->gateway = &gateway;
    parent->set = set;
    parent->refused = set_problem(context, gateway, *set);
    topology.set_parents[set->metadata.key()] = parent.get();
    if (!parent->refused) judge_listeners(context, *parent, ordinals);
    (parent->refused ? gateway.refused_sets : gateway.sets).push_back(std::move(parent));
  }
}

}  // namespace

const api::ObjectMeta& ParentState::metadata() const {
  return set == nullptr ? gateway->gateway->metadata : set->metadata;
}
const std::vector<api::Listener>& ParentState::specs() const {
  return set == nullptr ? gateway->gateway->spec.listeners : set->spec.listeners;
}
std::string ParentState::name() const {
  return str_cat(kind(), " ", api::to_string(metadata().key()));
}
std::string ListenerState::name() const {
  return str_cat("listener \"", spec->name, "\" of ", parent->name());
}
std::string ListenerState::path() const { return str_cat("spec.listeners[", position, "]"); }

const char* name_of(RouteKind kind) {
  constexpr const char* kNames[] = {"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"};
  return kNames[static_cast<int>(kind)];
}

Topology build_topology(Context& context) {
  Topology topology;
  std::uint32_t ordinals = 0;
  report_classes(context);
  for (const auto& [key, gateway] : context.resources.gateways) {
    auto controller = controller_of(context, *gateway);
    if (!controller) continue;
    auto state = std::make_unique<GatewayState>();
    state->gateway = gateway.get();
    state->controller = *std::move(controller);
    state->own.gateway = state.get();
    judge_gateway(context, *state);
    judge_listeners(context, state->own, ordinals);
    topology.gateway_parents[key] = &state->own;
    topology.gateways.push_back(std::move(state));
  }
  std::ranges::sort(topology.gateways, [](const auto& a, const auto& b) {
    return older(a->gateway->metadata, b->gateway->metadata);
  });
  add_listener_sets(context, topology, ordinals);
  topology.listeners.resize(ordinals);
  for (auto& gateway : topology.gateways)
    gateway->for_each_listener(
        [&](ListenerState& listener) { topology.listeners[listener.ordinal] = &listener; });
  topology.mixed = !context.resources.http_routes.empty() && !context.resources.grpc_routes.empty();
  judge_conflicts(context, topology);
  return topology;
}

}  // namespace gwanmun::translate
