// ClusterIds: cluster names as small numbers. Compiled rules and filters hold the number; a worker
// keeps an array from it to its own pools, so that no name is looked up per request.
//
// Filled by the router's compile step; read-only afterwards. A name keeps its number from one
// Router to the next, also while its cluster is away, and a number is never given to another name:
// a rule compiled earlier can lose its cluster, never get a wrong one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gwanmun::filter {

/// Index into Router::clusters().
using ClusterId = std::uint32_t;
inline constexpr ClusterId kNoCluster = ~ClusterId{0};

/// A value: copies share the names until one of them learns a new one.
class ClusterIds {
 public:
  /// The number of a name, a new one for a new name; kNoCluster for "".
  ClusterId intern(std::string_view name) {
    if (name.empty()) return kNoCluster;
    if (auto found = ids_->find(name); found != ids_->end()) return found->second;
    if (ids_.use_count() > 1) ids_ = std::make_shared<Ids>(*ids_);
    auto id = static_cast<ClusterId>(ids_->size());
    ids_->emplace(name, id);
    return id;
  }
  /// kNoCluster for a name never seen.
  ClusterId find(std::string_view name) const {
    auto found = ids_->find(name);
    return found == ids_->end() ? kNoCluster : found->second;
  }
  std::size_t size() const { return ids_->size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Ids = std::unordered_map<std::string, ClusterId, Hash, std::equal_to<>>;
  std::shared_ptr<Ids> ids_ = std::make_shared<Ids>();
};

}  // namespace gwanmun::filter
