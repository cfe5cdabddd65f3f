// What a condition means for a person: whether it is as it should be. Shared by the status printer
// and the findings.
#pragma once

#include "api/meta.h"

namespace gwanmun::control {

/// True for Accepted=True as for Conflicted=False.
bool is_good(const api::Condition& condition);

}  // namespace gwanmun::control
