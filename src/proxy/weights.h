// Turns: smooth weighted round robin over the backends of one rule, per worker. Exact: among any
// `total weight` consecutive requests each backend gets its weight. Used by serve.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "proxy/router.h"
#include "proxy/upstream/context.h"

namespace gwanmun::proxy {

class Turns {
 public:
  /// Starts at a random place, so that workers and restarts do not all begin with the first.
  void reset(const CompiledRule& rule, upstream::Random& random) {
    credits_.reset();
    if (rule.backends.size() < 2 || rule.total_weight == 0) return;
    credits_ = std::make_unique<std::int64_t[]>(rule.backends.size());
    const std::uint64_t most = rule.total_weight < kMostSkipped ? rule.total_weight : kMostSkipped;
    for (std::uint32_t skip = random.below(static_cast<std::uint32_t>(most)); skip > 0; --skip)
      next(rule);
  }

  /// The backend whose turn it is; nullptr when all weights are 0.
  const CompiledBackend* next(const CompiledRule& rule) {
    if (rule.total_weight == 0) return nullptr;
    if (!credits_) return &rule.backends[0];
    std::size_t best = 0;
    for (std::size_t i = 0; i < rule.backends.size(); ++i) {
      credits_[i] += rule.backends[i].weight;
      if (credits_[i] > credits_[best]) best = i;
    }
    credits_[best] -= static_cast<std::int64_t>(rule.total_weight);
    return &rule.backends[best];
  }

 private:
  static constexpr std::uint64_t kMostSkipped = 256;
  std::unique_ptr<std::int64_t[]> credits_;
};

}  // namespace gwanmun::proxy
