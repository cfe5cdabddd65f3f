// RequestMirror: which clusters get a copy of the request. Sending it, and forgetting the answer,
// is proxy/serve.cc's work.
#include <random>

#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

/// Uniform below `bound`; good enough for sampling, one multiplication (xorshift64*).
std::uint32_t random_below(std::uint32_t bound) {
  thread_local std::uint64_t state = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32 | device()) | 1;
  }();
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  std::uint64_t word = (state * 0x2545F4914F6CDD1DULL) >> 32;
  return static_cast<std::uint32_t>((word * bound) >> 32);
}

class Mirror final : public Filter {
 public:
  Mirror(const snapshot::Mirror& spec, ClusterIds& clusters)
      : spec_(spec), cluster_(clusters.intern(spec.cluster)) {}

  Verdict on_request(Exchange& x) const override {
    bool chosen =
        spec_.numerator >= spec_.denominator || random_below(spec_.denominator) < spec_.numerator;
    if (chosen && cluster_ != kNoCluster) x.add_mirror(cluster_);
    return Verdict::kContinue;
  }

 private:
  const snapshot::Mirror& spec_;
  ClusterId cluster_;
};

}  // namespace

FilterPointer make_filter(const snapshot::Mirror& spec, ClusterIds& clusters) {
  return std::make_unique<const Mirror>(spec, clusters);
}

}  // namespace gwanmun::filter
