// Keeping a cluster's endpoints and choosing among them.
#include "proxy/upstream/cluster.h"

#include <algorithm>
#include <utility>

#include "proxy/upstream/connector.h"
#include "proxy/upstream/lookup.h"

namespace gwanmun::upstream {

Cluster::Cluster(Context& context, std::shared_ptr<const snapshot::Cluster> spec)
    : context_(context), spec_(std::move(spec)), manner_(make_manner(*spec_)) {
  set_places(literal_places());
}

Cluster::~Cluster() {
  if (lookup_) lookup_->detach();
  for (const Ref<Endpoint>& endpoint : endpoints_) endpoint->retire();
}

std::vector<Endpoint::Place> Cluster::literal_places() const {
  std::vector<Endpoint::Place> places;
  if (spec_->by_name) return places;
  places.reserve(spec_->endpoints.size());
  for (const snapshot::Endpoint& endpoint : spec_->endpoints) {
    auto ip = net::IpAddress::parse(endpoint.address);
    if (!ip) continue;  // translation lets none through
    places.push_back({endpoint, {*ip, endpoint.port}, context_.identity(spec_->name, endpoint)});
  }
  return places;
}

void Cluster::update(std::shared_ptr<const snapshot::Cluster> spec) {
  if (spec == spec_) return;
  const bool same_manner = spec->protocol == spec_->protocol && spec->tls == spec_->tls;
  const bool same_names = spec->by_name == spec_->by_name && spec->endpoints == spec_->endpoints;
  spec_ = std::move(spec);
  if (!same_manner) {
    // Other bytes on the wire: what is pooled speaks the old way.
    manner_ = make_manner(*spec_);
    for (const Ref<Endpoint>& endpoint : std::exchange(endpoints_, {})) endpoint->retire();
  } else if (same_names) {
    return;
  }
  if (lookup_) lookup_->detach();
  lookup_ = Ref<Lookup>();
  if (!spec_->by_name) return set_places(literal_places());
  if (!same_manner || !same_names) look_up();  // the old addresses serve until the answer is there
}

/// Endpoints whose address stays keep their pools and health.
void Cluster::set_places(std::vector<Endpoint::Place> places) {
  auto by_address = [](const auto& a, const auto& b) { return a.address < b.address; };
  std::sort(places.begin(), places.end(), by_address);
  std::vector<Ref<Endpoint>> next;
  next.reserve(places.size());
  auto old = endpoints_.begin();
  for (Endpoint::Place& place : places) {
    if (!next.empty() && next.back()->place().address == place.address) continue;
    for (; old != endpoints_.end() && (*old)->place().address < place.address; ++old)
      (*old)->retire();
    if (old != endpoints_.end() && (*old)->place().address == place.address)
      next.push_back(std::move(*old++));
    else next.emplace_back(new Endpoint(context_, manner_, std::move(place)));
  }
  for (; old != endpoints_.end(); ++old) (*old)->retire();
  endpoints_ = std::move(next);
}

void Cluster::acquire(Lease& lease) {
  if (spec_->by_name && (!lookup_ || lookup_->stale(context_.loop.now_ms()))) look_up();
  if (Endpoint* endpoint = choose(lease.wish_)) return endpoint->acquire(lease);
  if (lookup_ && lookup_->running() && waiting_.size < context_.limits.max_waiting)
    return waiting_.push(lease);
  lease.failed(http::Fault::kConnect);
}

Endpoint* Cluster::choose(const Wish& wish) {
  const auto count = static_cast<std::uint32_t>(endpoints_.size());
  if (count == 0) return nullptr;
  if (wish.session != 0) {
    if (Endpoint* endpoint = find(wish.session); endpoint && endpoint != wish.avoid)
      return endpoint;
  }
  const std::uint64_t now_ms = context_.loop.now_ms();
  Endpoint* first = endpoints_[0].get();
  if (count == 1) return first;
  const std::uint32_t at = context_.random.below(count);
  std::uint32_t other = context_.random.below(count - 1);
  if (other >= at) ++other;
  first = endpoints_[at].get();
  Endpoint* second = endpoints_[other].get();
  if (first == wish.avoid || second == wish.avoid || !first->available(now_ms) ||
      !second->available(now_ms))
    return choose_available(wish, now_ms);
  return second->outstanding() < first->outstanding() ? second : first;
}

/// The careful way, when chance hit one that should not be used: the least busy of the available
/// ones, from a random start; all of them when none is available.
Endpoint* Cluster::choose_available(const Wish& wish, std::uint64_t now_ms) {
  const auto count = static_cast<std::uint32_t>(endpoints_.size());
  const std::uint32_t start = context_.random.below(count);
  Endpoint* best = nullptr;
  Endpoint* fallback = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    Endpoint* endpoint = endpoints_[(start + i) % count].get();
    if (endpoint == wish.avoid) continue;
    Endpoint*& slot = endpoint->available(now_ms) ? best : fallback;
    if (!slot || endpoint->outstanding() < slot->outstanding()) slot = endpoint;
  }
  return best ? best : fallback;
}

Endpoint* Cluster::find(std::uint64_t identity) const {
  for (const Ref<Endpoint>& endpoint : endpoints_)
    if (endpoint->identity() == identity) return endpoint.get();
  return nullptr;
}

void Cluster::look_up() {
  if (spec_->endpoints.empty() || (lookup_ && lookup_->running())) return;
  if (!lookup_) lookup_ = Ref<Lookup>(new Lookup(context_, *this));
  lookup_->start(spec_->endpoints);
}

void Cluster::looked_up(std::vector<Endpoint::Place> places) {
  for (Endpoint::Place& place : places) place.identity = context_.identity(spec_->name, place.spec);
  if (!places.empty()) set_places(std::move(places));  // a failed lookup keeps the last answer
  while (Lease* lease = waiting_.first) {
    waiting_.remove(*lease);
    if (Endpoint* endpoint = choose(lease->wish_)) endpoint->acquire(*lease);
    else lease->failed(http::Fault::kConnect);
  }
}

void Cluster::sweep(std::uint64_t now_ms) {
  for (const Ref<Endpoint>& endpoint : endpoints_) endpoint->sweep(now_ms);
}

}  // namespace gwanmun::upstream
