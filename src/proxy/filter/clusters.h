// ClusterIds: cluster names as small numbers. Compiled rules and filters hold the number; a worker
// keeps an array from it to its own pools, so that no name is looked up per request.
//
// Made by the router's compile step; read-only afterwards. Never holds an endpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gwanmun::filter {

/// Index into Router::clusters().
using ClusterId = std::uint32_t;
inline constexpr ClusterId kNoCluster = ~ClusterId{0};

class ClusterIds {
 public:
  /// kNoCluster when the snapshot has no such cluster.
  ClusterId find(std::string_view name) const {
    auto found = ids_.find(name);
    return found == ids_.end() ? kNoCluster : found->second;
  }
  void set(std::string_view name, ClusterId id) { ids_.insert_or_assign(std::string(name), id); }
  void erase(std::string_view name) {
    if (auto found = ids_.find(name); found != ids_.end()) ids_.erase(found);
  }
  const auto& all() const { return ids_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, ClusterId, Hash, std::equal_to<>> ids_;
};

}  // namespace gwanmun::filter
