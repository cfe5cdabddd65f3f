// See condition.h.
#include "control/status/condition.h"

namespace gwanmun::control {

bool is_good(const api::Condition& condition) {
  bool trouble = condition.type == "Conflicted" || condition.type == "PartiallyInvalid" ||
                 condition.type == "OverlappingTLSConfig" ||
                 condition.type == "InsecureFrontendValidationMode";
  return condition.status == (trouble ? "False" : "True");
}

}  // namespace gwanmun::control
