// Asking for names.
#include "proxy/upstream/lookup.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/resolver.h"
#include "proxy/upstream/cluster.h"

namespace gwanmun::upstream {

void Lookup::start(const std::vector<snapshot::Endpoint>& names) {
  running_ = true;
  net::spawn(run(Ref<Lookup>(this), names));
}

net::Resolver* Lookup::resolver() {
  if (!context_.resolver) {
    auto made = net::Resolver::create(context_.loop);
    if (made) context_.resolver = std::move(*made);
  }
  return context_.resolver.get();
}

net::Task<void> Lookup::run(Ref<Lookup> self, std::vector<snapshot::Endpoint> names) {
  std::vector<Endpoint::Place> places;
  std::uint64_t ttl_ms = static_cast<std::uint64_t>(self->context_.limits.lookup_retry.count());
  for (const snapshot::Endpoint& name : names) {
    net::Resolver* resolver = self->resolver();
    if (!resolver) break;
    auto answer = co_await resolver->resolve(name.address);
    if (!answer) {
      log::warn("a backend's name cannot be resolved",
                {{"name", name.address}, {"error", std::string(to_string(answer.error()))}});
      continue;
    }
    const std::uint64_t answer_ms = std::uint64_t{1000} * answer->ttl_seconds;
    ttl_ms = places.empty() ? answer_ms : std::min(ttl_ms, answer_ms);
    for (const net::IpAddress& ip : answer->addresses)
      places.push_back({{ip.to_string(), name.port}, {ip, name.port}, 0});
  }
  self->running_ = false;
  self->good_until_ms_ = self->context_.loop.now_ms() + ttl_ms;
  if (self->cluster_) self->cluster_->looked_up(std::move(places));
}

}  // namespace gwanmun::upstream
