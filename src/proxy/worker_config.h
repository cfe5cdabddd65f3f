// WorkerConfig: one applied snapshot on one worker. A request pins the one it began with
// (upstream::Ref, a plain count) and keeps it until its end.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/router.h"

namespace gwanmun::proxy {

struct WorkerConfig {
  /// Different for each apply(), also when two snapshots have the same version.
  std::uint64_t number = 0;
  std::shared_ptr<const Router> router;
  /// By Port::index; nullptr for a port that this snapshot does not have.
  std::vector<const PortRouter*> ports;
  std::uint32_t references = 0;  // Ref

  const PortRouter* port(std::size_t index) const {
    return index < ports.size() ? ports[index] : nullptr;
  }
};

}  // namespace gwanmun::proxy
