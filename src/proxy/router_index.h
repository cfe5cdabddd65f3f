// HostIndex: host names, wildcards and "any" to small numbers, most specific first. Used twice: a
// port's listeners by hostname, and a listener's hosts. Internal to the router; immutable when
// built; keys are views of the snapshot's strings.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace gwanmun::proxy {

struct HostIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  void reserve(std::size_t count) { exact_.reserve(count); }
  /// "" and "*" are any host, "*.example.com" one or more labels before, else exact. The first of
  /// several equal names stays.
  void add(std::string_view pattern, std::uint32_t value);
  std::uint32_t find(std::string_view pattern) const;

  /// Calls visit(value) for the exact name, then wildcards from the longest, then any, until it
  /// returns true. `host` is lower-case without port.
  template <class Visit>
  bool visit(std::string_view host, Visit&& visit) const {
    if (!exact_.empty()) {
      if (auto found = exact_.find(host); found != exact_.end() && visit(found->second))
        return true;
    }
    if (!wildcards_.empty()) {
      for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos;
           dot = host.find('.', dot + 1)) {
        auto found = wildcards_.find(host.substr(dot));
        if (found != wildcards_.end() && visit(found->second)) return true;
      }
    }
    return any_ != kNone && visit(any_);
  }

 private:
  std::unordered_map<std::string_view, std::uint32_t> exact_;
  std::unordered_map<std::string_view, std::uint32_t> wildcards_;  // ".example.com"
  std::uint32_t any_ = kNone;
};

}  // namespace gwanmun::proxy
