// Lookup: the addresses of a cluster by name, asked for again when their TTL is over and somebody
// uses them. Used by Cluster only. The last good answer serves while, and after, a new one fails.
#pragma once

#include <cstdint>
#include <vector>

#include "net/task.h"
#include "proxy/upstream/context.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/ref.h"

namespace gwanmun::upstream {

class Cluster;

class Lookup {
 public:
  Lookup(Context& context, Cluster& cluster) : context_(context), cluster_(&cluster) {}

  /// One lookup for all names; tells the cluster when it is over. One at a time.
  void start(const std::vector<snapshot::Endpoint>& names);
  bool running() const { return running_; }
  bool stale(std::uint64_t now_ms) const { return !running_ && now_ms >= good_until_ms_; }
  /// The cluster is gone, or has other names: an answer that comes later is dropped.
  void detach() { cluster_ = nullptr; }

  std::uint32_t references = 0;  // Ref

 private:
  static net::Task<void> run(Ref<Lookup> self, std::vector<snapshot::Endpoint> names);
  net::Resolver* resolver();

  Context& context_;
  Cluster* cluster_;
  bool running_ = false;
  std::uint64_t good_until_ms_ = 0;
};

}  // namespace gwanmun::upstream
