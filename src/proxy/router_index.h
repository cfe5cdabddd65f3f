// HostIndex: host names, wildcards and "any" to small numbers, most specific first. Used twice: a
// port's listeners by hostname, and a listener's hosts. Internal to the router; immutable when
// built; keys are views of the snapshot's strings.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/router_table.h"

namespace gwanmun::proxy {

struct HostIndex {
 public:
  static constexpr std::uint32_t kNone = StringTable::kNone;

  void reserve(std::size_t count) { exact_.reserve(count); }
  /// "" and "*" are any host, "*.example.com" one or more labels before, else exact. The first of
  /// several equal names stays.
  void add(std::string_view pattern, std::uint32_t value);

  /// Calls visit(value) for the exact name, then wildcards from the longest, then any, until it
  /// returns true. `host` is lower-case without port.
  template <class Visit>
  bool visit(std::string_view host, Visit&& visit) const {
    if (!exact_.empty()) {
      std::uint32_t found = exact_.find(host);
      if (found != kNone && visit(found)) return true;
    }
    if (!wildcards_.empty()) {
      for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos;
           dot = host.find('.', dot + 1)) {
        std::uint32_t found = wildcards_.find(host.substr(dot));
        if (found != kNone && visit(found)) return true;
      }
    }
    return any_ != kNone && visit(any_);
  }

 private:
  StringTable exact_;
  StringTable wildcards_;  // ".example.com"
  std::uint32_t any_ = kNone;
};

}  // namespace gwanmun::proxy
