// BackendTLSPolicy: not served by this version, which its status says; the backends it targets
// answer 500 (backends.cc), because calling them in clear is not what was asked for.
#include "control/translate/policies.h"
#include "base/text.h"

namespace gwanmun::translate {

void report_policies(Context& context, const std::map<api::ObjectRef, GatewayUse>& uses) {
  for (const auto& [key, policy] : context.resources.backend_tls_policies) {
    std::map<api::ObjectKey, std::string> gateways;
    for (const auto& target : policy->spec.targetRefs) {
      auto use = uses.find({target.kind, key.ns, target.name});
      if (use != uses.end()) gateways.insert(use->second.begin(), use->second.end());
    }
    api::PolicyStatus status;
    for (const auto& [gateway, controller] : gateways) {
      api::PolicyAncestorStatus ancestor;
      ancestor.ancestorRef = {.group = api::kGatewayGroup,
                              .kind = "Gateway",
                              .namespace_ = gateway.ns,
                              .name = gateway.name};
      ancestor.controllerName = controller;
      ancestor.conditions = {condition(
          type::kAccepted, false, reason::kInvalid,
          "TLS to backends is not supported by this version; requests to the backends this policy "
          "targets answer 500 rather than go out in clear")};
      stamp(ancestor.conditions, policy->metadata.generation);
      status.ancestors.push_back(std::move(ancestor));
    }
    if (status.ancestors.empty()) continue;
    context.out.statuses[{api::BackendTLSPolicy::kKind, key.ns, key.name}] =
        std::make_shared<const Status>(std::move(status));
  }
}

}  // namespace gwanmun::translate
