// Pools of one endpoint. Invariant: every lease in a queue has a connection on its way to it (being
// opened, or busy and coming back), so that none waits for ever.
#include "proxy/upstream/endpoint.h"

#include <algorithm>
#include <utility>

#include "proxy/upstream/connector.h"

namespace gwanmun::upstream {

using http::ClientConnection;
using http::Fault;

namespace {

/// ClientConnection::context of an HTTP/2 connection; HTTP/1 ones have nullptr.
void* multiplexed_tag() {
  static char tag;
  return &tag;
}
bool is_multiplexed(const ClientConnection& connection) {
  return connection.context == multiplexed_tag();
}

}  // namespace

void Queue::push(Lease& lease) {
  lease.queue_ = this;
  lease.previous_ = last;
  lease.next_ = nullptr;
  (last ? last->next_ : first) = &lease;
  last = &lease;
  ++size;
}

void Queue::remove(Lease& lease) {
  (lease.previous_ ? lease.previous_->next_ : first) = lease.next_;
  (lease.next_ ? lease.next_->previous_ : last) = lease.previous_;
  lease.previous_ = lease.next_ = nullptr;
  lease.queue_ = nullptr;
  --size;
}

Endpoint::Endpoint(Context& context, Manner manner, Place place)
    : context_(context),
      manner_(std::move(manner)),
      place_(std::move(place)),
      label_(place_.address.to_string()) {}

bool Endpoint::speaks_http2(Speak speak) const {
  if (speak != Speak::kAny) return speak == Speak::kHttp2;
  if (manner_.protocol == snapshot::BackendProtocol::kH2c) return true;
  if (manner_.protocol == snapshot::BackendProtocol::kWebSocket) return false;
  return manner_.tls != nullptr && !http1_only_;
}

void Endpoint::acquire(Lease& lease) {
  lease.endpoint_ = Ref<Endpoint>(this);
  ++outstanding_;
  const bool http2 = speaks_http2(lease.wish_.speak);
  if (open_now(lease, http2)) return;
  Queue& queue = waiting(http2);
  if (queue.size >= context_.limits.max_waiting) return lease.failed(Fault::kOverload);
  queue.push(lease);
  if (http2) {
    connect_for_waiting_multiplexed();
  } else {
    connect_for_waiting();
  }
}

bool Endpoint::open_now(Lease& lease, bool http2) {
  if (http2) {
    for (const Idle& shared : multiplexed_) {
      if (shared.connection->capacity() == 0) continue;
      lease.opened(shared.connection->open(lease.wish_.arena), true);
      return true;
    }
    return false;
  }
  while (!idle_.empty()) {
    ClientConnection& connection = *idle_.back().connection;
    idle_.pop_back();
    if (connection.capacity() > 0 && !connection.transport().peer_closed_or_readable()) {
      lease.opened(connection.open(lease.wish_.arena), false);
      return true;
    }
    connection.retire();
  }
  return false;
}

void Endpoint::give_up(Lease& lease) {
  --outstanding_;
  if (lease.queue_) lease.queue_->remove(lease);
}

void Endpoint::record(Outcome outcome) {
  if (health_.record(outcome, context_.loop.now_ms(), context_.limits))
    context_.metrics.upstream_ejections.add();
}

void Endpoint::start_connecting(Speak speak, bool http2) {
  self_ = Ref<Endpoint>(this);
  ++(http2 ? connecting_multiplexed_ : connecting_);
  context_.metrics.upstream_connects.add();
  net::spawn(open_connection(Ref<Endpoint>(this), speak, http2));
}

void Endpoint::connected(std::unique_ptr<net::Stream> stream, bool http2) {
  const net::TlsInfo* tls = stream->tls();
  const bool got_http2 = tls ? tls->alpn == "h2" : http2;
  context_.metrics.upstream_connections_active.add();
  --(http2 ? connecting_multiplexed_ : connecting_);
  ++(got_http2 ? connections_multiplexed_ : connections_);
  if (http2 && !got_http2) {
    http1_only_ = true;
    adopt_http1_waiters();
  }
  auto* connection =
      got_http2 ? http::connect_http2(context_.loop, std::move(stream), *this, context_.http)
                : http::connect_http1(context_.loop, std::move(stream), *this, context_.http);
  if (got_http2) {
    connection->context = multiplexed_tag();
    multiplexed_.push_back({connection, context_.loop.now_ms()});
  }
  if (got_http2) on_capacity(*connection);
  else on_idle(*connection);
}

/// ALPN chose HTTP/1.1: those who take either now wait for connections of that kind; those who need
/// HTTP/2 (gRPC) have no way to this endpoint.
void Endpoint::adopt_http1_waiters() {
  std::uint32_t moved = 0;
  for (Lease* lease = waiting_multiplexed_.first; lease;) {
    Lease& current = *lease;
    lease = lease->next_;
    waiting_multiplexed_.remove(current);
    if (current.wish_.speak == Speak::kHttp2) {
      current.failed(Fault::kMalformed);
      continue;
    }
    waiting_.push(current);
    // The first is served by the connection that brought the news.
    if (moved++ > 0) connect_for_waiting();
  }
}

void Endpoint::connect_failed(Fault fault, bool http2) {
  if (http2) {
    --connecting_multiplexed_;
    // Not when one that is full will have room; one that was told to go away never will.
    if (multiplexed_.empty()) fail_all(waiting_multiplexed_, fault);
  } else {
    --connecting_;
    if (Lease* lease = waiting_.first) {
      waiting_.remove(*lease);
      lease->failed(fault);
    }
  }
  release_if_unconnected();
}

void Endpoint::fail_all(Queue& queue, Fault fault) {
  while (Lease* lease = queue.first) {
    queue.remove(*lease);
    lease->failed(fault);
  }
}

void Endpoint::on_idle(ClientConnection& connection) {
  if (is_multiplexed(connection)) {
    for (Idle& shared : multiplexed_)
      if (shared.connection == &connection) shared.since_ms = context_.loop.now_ms();
    return on_capacity(connection);
  }
  if (Lease* lease = waiting_.first; lease && connection.capacity() > 0) {
    waiting_.remove(*lease);
    lease->opened(connection.open(lease->wish_.arena), false);
    return;
  }
  if (retired_ || idle_.size() >= context_.limits.max_idle) return connection.retire();
  idle_.push_back({&connection, context_.loop.now_ms()});
}

void Endpoint::on_capacity(ClientConnection& connection) {
  if (retired_ && waiting_multiplexed_.size == 0) {
    forget(connection);
    return connection.retire();
  }
  while (connection.capacity() > 0 && waiting_multiplexed_.first) {
    Lease& lease = *waiting_multiplexed_.first;
    waiting_multiplexed_.remove(lease);
    lease.opened(connection.open(lease.wish_.arena), true);
  }
  connect_for_waiting_multiplexed();
}

/// One connection for each that waits, as far as the limit goes; beyond it they take turns.
void Endpoint::connect_for_waiting() {
  if (waiting_.size <= connecting_) return;
  if (connections_ + connecting_ < context_.limits.max_connections)
    start_connecting(Speak::kHttp1, false);
}

/// All connections are full and more is wanted: one more, unless one is on its way. Those that were
/// told to go away do not count, as long as their last streams may run.
void Endpoint::connect_for_waiting_multiplexed() {
  if (waiting_multiplexed_.size == 0 || connecting_multiplexed_ > 0) return;
  if (multiplexed_.size() < context_.limits.max_multiplexed)
    start_connecting(waiting_multiplexed_.first->wish_.speak, true);
}

void Endpoint::on_retired(ClientConnection& connection) {
  forget(connection);
  if (is_multiplexed(connection)) connect_for_waiting_multiplexed();
}

void Endpoint::on_closed(ClientConnection& connection) {
  forget(connection);
  context_.metrics.upstream_connections_active.subtract();
  if (is_multiplexed(connection)) {
    --connections_multiplexed_;
    connect_for_waiting_multiplexed();
  } else {
    --connections_;
    connect_for_waiting();
  }
  release_if_unconnected();
}

/// No new streams on it.
void Endpoint::forget(ClientConnection& connection) {
  if (is_multiplexed(connection)) {
    std::erase_if(multiplexed_,
                  [&](const Idle& shared) { return shared.connection == &connection; });
    return;
  }
  auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                            [&](const Idle& idle) { return idle.connection == &connection; });
  if (found != idle_.rend()) idle_.erase(std::next(found).base());
}

void Endpoint::release_if_unconnected() {
  if (connections_ + connecting_ + connections_multiplexed_ + connecting_multiplexed_ > 0) return;
  Ref<Endpoint> last = std::move(self_);  // may end this object, on leaving
}

void Endpoint::retire() {
  Ref<Endpoint> keep(this);
  retired_ = true;
  for (const Idle& idle : std::exchange(idle_, {})) idle.connection->retire();
  if (waiting_multiplexed_.size > 0) return;
  for (const Idle& shared : std::exchange(multiplexed_, {})) shared.connection->retire();
}

void Endpoint::sweep(std::uint64_t now_ms) {
  const auto timeout = static_cast<std::uint64_t>(context_.limits.idle_timeout.count());
  std::vector<Idle> closing;
  auto take_old = [&](const Idle& idle) {
    if (now_ms - idle.since_ms < timeout || idle.connection->active_streams() > 0) return false;
    closing.push_back(idle);
    return true;
  };
  std::erase_if(idle_, take_old);
  std::erase_if(multiplexed_, take_old);
  if (closing.empty()) return;
  Ref<Endpoint> keep(this);
  for (const Idle& idle : closing) idle.connection->retire();
}

}  // namespace gwanmun::upstream
