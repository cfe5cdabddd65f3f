#include "proxy/router_index.h"

namespace gwanmun::proxy {

void HostIndex::add(std::string_view pattern, std::uint32_t value) {
  if (pattern.empty() || pattern == "*") {
    if (any_ == kNone) any_ = value;
  } else if (pattern.starts_with("*.")) {
    wildcards_.insert(pattern.substr(1), value);
  } else {
    exact_.insert(pattern, value);
  }
}

}  // namespace gwanmun::proxy
