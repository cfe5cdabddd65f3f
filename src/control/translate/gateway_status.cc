// Statuses of Gateways and ListenerSets, made when all routes are attached.
#include "base/text.h"
#include "control/translate/topology.h"

namespace gwanmun::translate {

namespace {

api::ListenerStatus listener_status(const ListenerState& listener, bool parent_refused) {
  api::ListenerStatus status{.name = listener.spec->name, .attachedRoutes = listener.attached};
  for (RouteKind kind :
       {RouteKind::kHttp, RouteKind::kGrpc, RouteKind::kTls, RouteKind::kTcp, RouteKind::kUdp})
    if (listener.kinds & bit(kind))
      status.supportedKinds.push_back({api::kGatewayGroup, name_of(kind)});
  const Problem& accepted = listener.conflict ? listener.conflict : listener.accepted;
  Problem programmed = listener.conflict;
  if (listener.accepted) programmed.note(reason::kInvalid, listener.accepted.message);
  if (!listener.usable_tls) programmed.note(reason::kInvalid, listener.refs.message);
  if (parent_refused)
    programmed.note(reason::kInvalid, str_cat(listener.parent->name(), " is not accepted"));
  status.conditions.push_back(condition(type::kAccepted, accepted, reason::kAccepted));
  status.conditions.push_back(
      condition(type::kConflicted, bool(listener.conflict),
                listener.conflict ? listener.conflict.reason : reason::kNoConflicts,
                listener.conflict.message));
  status.conditions.push_back(condition(type::kResolvedRefs, listener.refs, reason::kResolvedRefs));
  status.conditions.push_back(condition(type::kProgrammed, programmed, reason::kProgrammed));
  if (listener.overlapping_tls)
    status.conditions.push_back(
        condition(type::kOverlappingTls, true, reason::kOverlappingHostnames,
                  "another HTTPS listener of this port has an overlapping hostname; a request for "
                  "a host of another listener than its connection's answers 421"));
  return status;
}

/// The listeners that do not work, by name: `"a" and "b" are not valid`.
struct Count {
  int accepted = 0;
  int programmed = 0;
  std::string invalid;     // "\"a\", \"b\"": not programmed
  std::string unresolved;  // those with references that do not resolve
};
Count count(const ParentState& parent) {
  Count out;
  for (const auto& listener : parent.listeners) {
    out.accepted += !listener->accepted && !listener->conflict;
    out.programmed += listener->programmed();
    auto add = [&](std::string& names) {
      names += str_cat(names.empty() ? "" : ", ", "\"", listener->spec->name, "\"");
    };
    if (listener->refs) add(out.unresolved);
    if (!listener->programmed()) add(out.invalid);
  }
  return out;
}
std::string invalid_message(const Count& count) {
  return str_cat("not served: listener ", count.invalid, " (see its conditions)");
}

void add_listeners(std::vector<api::ListenerStatus>& out, const ParentState& parent) {
  for (const auto& listener : parent.listeners) {
    out.push_back(listener_status(*listener, bool(parent.refused)));
    stamp(out.back().conditions, parent.metadata().generation);
  }
}

/// Accepted of a Gateway or ListenerSet by its listeners: `fit` of them could be taken.
api::Condition accepted_by_listeners(const Count& count, int fit) {
  if (count.invalid.empty()) return condition(type::kAccepted, true, reason::kAccepted, "");
  return condition(type::kAccepted, fit > 0, reason::kListenersNotValid, invalid_message(count));
}

void report_gateway(Context& context, GatewayState& gateway) {
  Count own = count(gateway.own);
  api::GatewayStatus status;
  const Problem& refused = gateway.own.refused;
  status.conditions.push_back(refused ? condition(type::kAccepted, refused, reason::kAccepted)
                                      : accepted_by_listeners(own, own.accepted));
  bool programmed = !refused && own.programmed > 0;
  Problem idle{reason::kInvalid, refused ? refused.message : invalid_message(own)};
  status.conditions.push_back(
      condition(type::kProgrammed, programmed ? Problem{} : idle, reason::kProgrammed));
  Problem refs = gateway.refs;
  if (!own.unresolved.empty())
    refs.note(reason::kListenersNotResolved,
              str_cat("not resolved: listener ", own.unresolved, " (see its conditions)"));
  status.conditions.push_back(condition(type::kResolvedRefs, refs, reason::kResolvedRefs));
  if (gateway.insecure_frontend)
    status.conditions.push_back(condition(
        type::kInsecureFrontend, true, reason::kConfigurationChanged,
        "spec.tls.frontend: AllowInsecureFallback lets clients in without a valid certificate"));
  stamp(status.conditions, gateway.gateway->metadata.generation);
  for (const auto& address : gateway.addresses) status.addresses.push_back({"IPAddress", address});
  if (status.addresses.empty() && programmed) status.addresses = context.settings.addresses;
  add_listeners(status.listeners, gateway.own);
  std::int32_t attached = 0;
  for (const auto& set : gateway.sets) attached += count(*set).programmed > 0;
  if (attached > 0 || gateway.gateway->spec.allowedListeners)
    status.attachedListenerSets = attached;
  const auto& meta = gateway.gateway->metadata;
  context.out.statuses[{"Gateway", meta.namespace_, meta.name}] =
      std::make_shared<const Status>(std::move(status));
}

void report_set(Context& context, const ParentState& set) {
  api::ListenerSetStatus status;
  Count own = count(set);
  if (set.refused) {
    status.conditions = {condition(type::kAccepted, set.refused, reason::kAccepted),
                         condition(type::kProgrammed, set.refused, reason::kProgrammed)};
  } else {
    Problem idle;
    if (own.programmed == 0) idle = {reason::kListenersNotValid, invalid_message(own)};
    status.conditions = {accepted_by_listeners(own, own.programmed),
                         condition(type::kProgrammed, idle, reason::kProgrammed)};
  }
  stamp(status.conditions, set.metadata().generation);
  add_listeners(status.listeners, set);
  const auto& meta = set.metadata();
  context.out.statuses[{"ListenerSet", meta.namespace_, meta.name}] =
      std::make_shared<const Status>(std::move(status));
}

}  // namespace

void report_topology(Context& context, Topology& topology) {
  for (auto& gateway : topology.gateways) {
    report_gateway(context, *gateway);
    for (const auto& set : gateway->sets) report_set(context, *set);
    for (const auto& set : gateway->refused_sets) report_set(context, *set);
  }
}

}  // namespace gwanmun::translate
