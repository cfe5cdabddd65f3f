// Lease: one try at one endpoint, from the wish for a connection to the end of its stream. Lives in
// the frame of the coroutine that forwards (proxy/forward.cc, mirror.cc, authorize.cc).
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "http/stream.h"
#include "net/event.h"
#include "proxy/upstream/health.h"
#include "proxy/upstream/ref.h"

namespace gwanmun::upstream {

class Cluster;
class Endpoint;
struct Queue;

/// What a request needs of its connection.
enum class Speak : std::uint8_t {
  kAny,    // what the cluster's protocol says
  kHttp1,  // an upgrade
  kHttp2,  // gRPC, whatever the Service's appProtocol forgot to say
};

struct Wish {
  Arena& arena;  // for the response's head; outlives the lease
  Speak speak = Speak::kAny;
  std::uint64_t session = 0;        // the endpoint of that identity, if it is there
  const Endpoint* avoid = nullptr;  // failed just now: another one, if there is any
};

class Lease {
 public:
  enum State : std::uint8_t {
    kPending,  // waiting for a connection; `changed` fires when that changes
    kOpen,     // stream() is open
    kFailed,   // fault() says why; endpoint() may be nullptr: there is none
  };

  /// Begins at once; every event of its stream fires `changed`. Both outlive the lease.
  Lease(Cluster& cluster, const Wish& wish, net::Event& changed);
  /// Gives everything back; a stream still running is reset.
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  State state() const { return state_; }
  http::Fault fault() const { return fault_; }
  http::ClientStream& stream() { return *stream_; }
  /// nullptr as long as none is chosen (names being looked up, or no endpoint).
  Endpoint* endpoint() const { return endpoint_.get(); }
  /// True when the stream is on HTTP/2: REFUSED_STREAM is certain there, where HTTP/1 guesses.
  bool multiplexed() const { return multiplexed_; }

  /// Tells the endpoint's health; once.
  void report(Outcome outcome);

 private:
  friend class Cluster;
  friend class Endpoint;
  friend struct Queue;
  void opened(http::ClientStream& stream, bool multiplexed);
  void failed(http::Fault fault);

  Wish wish_;
  State state_ = kPending;
  http::Fault fault_ = http::Fault::kNone;
  bool multiplexed_ = false;
  bool reported_ = false;
  net::Event& changed_;
  http::ClientStream* stream_ = nullptr;
  Ref<Endpoint> endpoint_;
  // Where it waits: an endpoint's queue, or the cluster's while a name is looked up.
  Queue* queue_ = nullptr;
  Lease* previous_ = nullptr;
  Lease* next_ = nullptr;
};

/// Leases in the order they came; intrusive.
struct Queue {
  Lease* first = nullptr;
  Lease* last = nullptr;
  std::uint32_t size = 0;
  void push(Lease& lease);
  void remove(Lease& lease);
};

}  // namespace gwanmun::upstream
