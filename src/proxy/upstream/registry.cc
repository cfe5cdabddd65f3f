// Keeping clusters across snapshots.
#include "proxy/upstream/registry.h"

#include <algorithm>

namespace gwanmun::upstream {

void Registry::update(Specs specs) {
  for (std::size_t id = 0; id < clusters_.size(); ++id) {
    Ref<Cluster>& cluster = clusters_[id];
    if (!cluster) continue;
    const auto& spec = id < specs.size() ? specs[id] : nullptr;
    if (spec && spec->name == cluster->name()) cluster->update(spec);
    else cluster = Ref<Cluster>();  // requests in progress keep it until they end
  }
  clusters_.resize(specs.size());
}

Ref<Cluster> Registry::get(std::uint32_t id, const std::shared_ptr<const snapshot::Cluster>& spec) {
  if (!spec) return Ref<Cluster>();
  if (id < clusters_.size() && clusters_[id] && clusters_[id]->name() == spec->name)
    return clusters_[id];
  Ref<Cluster> made(new Cluster(context_, spec));
  if (id < clusters_.size() && !clusters_[id]) clusters_[id] = made;
  return made;
}

void Registry::sweep() {
  for (Ref<Cluster>& cluster : clusters_)
    if (cluster) cluster->sweep(context_.loop.now_ms());
}

std::size_t Registry::size() const {
  return static_cast<std::size_t>(
      std::count_if(clusters_.begin(), clusters_.end(), [](const auto& c) { return bool(c); }));
}

}  // namespace gwanmun::upstream
