// The life of one try. Called by proxy/; opened() and failed() by the pool.
#include "proxy/upstream/lease.h"

#include "proxy/upstream/cluster.h"
#include "proxy/upstream/endpoint.h"

namespace gwanmun::upstream {

Lease::Lease(Cluster& cluster, const Wish& wish, net::Event& changed)
    : wish_(wish), changed_(changed) {
  cluster.acquire(*this);
}

Lease::~Lease() {
  if (endpoint_) endpoint_->give_up(*this);
  else if (queue_) queue_->remove(*this);
  if (!stream_) return;
  stream_->readable().forward_to(nullptr);
  stream_->writable().forward_to(nullptr);
  stream_->head_event().forward_to(nullptr);
  stream_->release();
}

void Lease::report(Outcome outcome) {
  if (reported_ || !endpoint_) return;
  reported_ = true;
  endpoint_->record(outcome);
}

void Lease::opened(http::ClientStream& stream, bool multiplexed) {
  state_ = kOpen;
  stream_ = &stream;
  multiplexed_ = multiplexed;
  stream.readable().forward_to(&changed_);
  stream.writable().forward_to(&changed_);
  stream.head_event().forward_to(&changed_);
  changed_.fire();
}

void Lease::failed(http::Fault fault) {
  state_ = kFailed;
  fault_ = fault;
  changed_.fire();
}

}  // namespace gwanmun::upstream
