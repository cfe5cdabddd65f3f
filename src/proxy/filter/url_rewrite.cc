// URLRewrite: another Host and path towards the backend. The query stays.
#include <optional>

#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

class UrlRewrite final : public Filter {
 public:
  explicit UrlRewrite(const snapshot::UrlRewrite& spec) : spec_(spec) {
    if (spec.path) path_.emplace(*spec.path);
  }

  Verdict on_request(Exchange& x) const override {
    if (spec_.hostname) x.request.authority = *spec_.hostname;
    if (path_) {
      x.request.path =
          path_->apply(x.request.path, x.facts.prefix_length, x.request.headers.arena());
      x.facts.prefix_length = path_->prefix_length();
    }
    return Verdict::kContinue;
  }

 private:
  const snapshot::UrlRewrite& spec_;
  std::optional<PathRewriter> path_;
};

}  // namespace

FilterPointer make_filter(const snapshot::UrlRewrite& spec, ClusterIds&) {
  return std::make_unique<const UrlRewrite>(spec);
}

}  // namespace gwanmun::filter
