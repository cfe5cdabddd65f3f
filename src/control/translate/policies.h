// Statuses of policies.
#pragma once

#include <map>
#include <string>

#include "control/translate/topology.h"

namespace gwanmun::translate {

/// The Gateways, with their controllers, whose routes lead to a backend.
using GatewayUse = std::map<api::ObjectKey, std::string>;

/// `uses`: by backend (Service, XBackend) that a policy targets.
void report_policies(Context& context, const std::map<api::ObjectRef, GatewayUse>& uses);

}  // namespace gwanmun::translate
