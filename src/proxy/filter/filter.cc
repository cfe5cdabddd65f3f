#include "proxy/filter/filter.h"

#include <ranges>

#include "proxy/filter/stage.h"

namespace gwanmun::filter {

Chain::Chain(std::span<const snapshot::Filter> filters, ClusterIds& clusters) {
  filters_.reserve(filters.size());
  for (const snapshot::Filter& spec : filters) {
    redirects_ |= std::holds_alternative<snapshot::RequestRedirect>(spec);
    filters_.push_back(std::visit([&](const auto& f) { return make_filter(f, clusters); }, spec));
  }
}

Chain::Chain() = default;
Chain::Chain(Chain&&) noexcept = default;
Chain& Chain::operator=(Chain&&) noexcept = default;
Chain::~Chain() = default;

Verdict Chain::on_request(Exchange& x) const {
  while (x.next < filters_.size()) {
    Verdict verdict = filters_[x.next++]->on_request(x);
    if (verdict != Verdict::kContinue) return verdict;
  }
  return Verdict::kContinue;
}

void Chain::on_response(Exchange& x, http::ResponseHead& response) const {
  for (const auto& filter : filters_ | std::views::reverse) filter->on_response(x, response);
}

}  // namespace gwanmun::filter
