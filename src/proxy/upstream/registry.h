// Registry: all clusters of one worker, by the router's ids. Made at first use, so that 5,000
// Services that get no request cost a pointer each; kept across snapshots by id.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "proxy/upstream/cluster.h"

namespace gwanmun::upstream {

class Registry {
 public:
  using Specs = std::span<const std::shared_ptr<const snapshot::Cluster>>;

  explicit Registry(Context& context) : context_(context) {}

  /// Takes over what a new snapshot says of the clusters that exist here; ids keep their meaning,
  /// an id that is gone (nullptr) or of another name drops the cluster.
  void update(Specs specs);
  /// The cluster of that id; made now if need be. nullptr when the spec is.
  Ref<Cluster> get(std::uint32_t id, const std::shared_ptr<const snapshot::Cluster>& spec);
  void sweep();
  std::size_t size() const;

 private:
  Context& context_;
  std::vector<Ref<Cluster>> clusters_;  // by id
};

}  // namespace gwanmun::upstream
