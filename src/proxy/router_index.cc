#include "proxy/router_index.h"

namespace gwanmun::proxy {

void HostIndex::add(std::string_view pattern, std::uint32_t value) {
  if (pattern.empty() || pattern == "*") {
    if (any_ == kNone) any_ = value;
  } else if (pattern.starts_with("*.")) {
    wildcards_.emplace(pattern.substr(1), value);
  } else {
    exact_.emplace(pattern, value);
  }
}

std::uint32_t HostIndex::find(std::string_view pattern) const {
  if (pattern.empty() || pattern == "*") return any_;
  const auto& names = pattern.starts_with("*.") ? wildcards_ : exact_;
  auto found = names.find(pattern.starts_with("*.") ? pattern.substr(1) : pattern);
  return found == names.end() ? kNone : found->second;
}

}  // namespace gwanmun::proxy
