// Rules that no request can reach, because another rule with the same matches takes precedence on
// every host. A warning, not an error: both objects are valid.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "control/translate/attach.h"

namespace gwanmun::translate {

class Shadows {
 public:
  /// Routes come in order of precedence.
  void add(const RouteView& route, const RouteRules& rules, const Attachment& attachment,
           Diagnostics& warnings);

 private:
  struct Owner {
    const RouteView* route;
    std::size_t rule;
  };
  std::unordered_map<std::uint64_t, Owner> taken_;  // by place and match
};

}  // namespace gwanmun::translate
