// Cluster: the endpoints of one Service port (or name) on one worker, and the choice among them:
// the less busy of two random ones, healthy before ejected. It outlives snapshots: an update
// changes the set of endpoints and leaves the pools of those that stay alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/upstream/context.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/lookup.h"
#include "proxy/upstream/ref.h"
#include "snapshot/snapshot.h"

namespace gwanmun::upstream {

class Cluster {
 public:
  Cluster(Context& context, std::shared_ptr<const snapshot::Cluster> spec);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  const std::string& name() const { return spec_->name; }
  const snapshot::Cluster& spec() const { return *spec_; }
  void update(std::shared_ptr<const snapshot::Cluster> spec);
  void sweep(std::uint64_t now_ms);
  /// True when there is nowhere to send a request (503): no endpoint, and no name to look up.
  bool empty() const { return endpoints_.empty() && !spec_->by_name; }
  const std::vector<Ref<Endpoint>>& endpoints() const { return endpoints_; }

  /// The endpoint of that identity, or nullptr.
  Endpoint* find(std::uint64_t identity) const;

  std::uint32_t references = 0;  // Ref

 private:
  friend class Lease;
  friend class Lookup;
  void acquire(Lease& lease);
  Endpoint* choose(const Wish& wish);
  Endpoint* choose_available(const Wish& wish, std::uint64_t now_ms);
  void set_places(std::vector<Endpoint::Place> places);
  std::vector<Endpoint::Place> literal_places() const;
  void look_up();
  void looked_up(std::vector<Endpoint::Place> places);

  Context& context_;
  std::shared_ptr<const snapshot::Cluster> spec_;
  Manner manner_;
  std::vector<Ref<Endpoint>> endpoints_;  // by address
  Queue waiting_;                         // for a name's first lookup
  Ref<Lookup> lookup_;                    // by_name only
};

}  // namespace gwanmun::upstream
