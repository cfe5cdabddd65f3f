// Retries: whether a request that failed may be sent once more. Two reasons: the route's policy
// (GEP-1731), and safety that nobody has to ask for: no connection was made, the server said it did
// not process the request (HTTP/2), or a connection died under a request that may be repeated.
// Lives in forward()'s frame.
#pragma once

#include <cstdint>

#include "proxy/error.h"
#include "proxy/exchange.h"
#include "proxy/upstream/lease.h"

namespace gwanmun::proxy {

class Retries {
 public:
  explicit Retries(Exchange& x);

  /// Where the next try should go: not where the last one failed.
  upstream::Wish wish(Exchange& x, upstream::Speak speak) const;
  /// Decides after a try; `status` is the response's, 0 without one.
  bool again(Exchange& x, const Error& error, int status, bool replayable,
             const upstream::Lease& lease);
  /// True when the next try is the route's wish.
  bool asked_for() const { return asked_for_; }
  /// Begins the wait before the next try.
  void pause(Exchange& x);
  bool pausing(Exchange& x) const;

 private:
  bool by_policy(Exchange& x, const Error& error, int status);
  bool by_safety(Exchange& x, const Error& error, const upstream::Lease& lease);

  const snapshot::Retry* policy_;
  bool idempotent_;
  bool asked_for_ = false;
  std::uint32_t by_policy_ = 0;  // tries so far
  std::uint32_t reconnects_ = 0;
  std::uint32_t repeats_ = 0;
  const upstream::Endpoint* avoid_ = nullptr;  // compared only
};

}  // namespace gwanmun::proxy
