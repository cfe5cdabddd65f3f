// Sending copies.
#include "proxy/mirror.h"

#include <utility>

#include "proxy/body.h"
#include "proxy/exchange.h"
#include "proxy/upstream/lease.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

using http::BodyReader;
using http::ClientStream;
using http::Fault;
using upstream::Lease;
using upstream::Outcome;

MirrorCopy::MirrorCopy(Worker& worker, upstream::Ref<upstream::Cluster> cluster,
                       const http::RequestHead& request)
    : worker_(worker), head_(arena_), cluster_(std::move(cluster)) {
  head_.method = arena_.copy(request.method);
  head_.scheme = arena_.copy(request.scheme);
  head_.authority = arena_.copy(request.authority);
  head_.path = arena_.copy(request.path);
  head_.query = arena_.copy(request.query);
  head_.has_query = request.has_query;
  head_.version = request.version;
  head_.te_trailers = request.te_trailers;
  head_.body = request.body;
  head_.headers.reserve(request.headers.size());
  for (const http::Field& field : request.headers)
    head_.headers.add({arena_.copy(field.name), arena_.copy(field.value), field.id});
  ended_ = head_.body.kind == http::BodyLength::Kind::kNone;
}

void MirrorCopy::append(std::string_view data) {
  if (given_up_) return;
  if (pending_.size() + data.size() > worker_.limits().mirror_buffer_bytes) {
    given_up_ = true;
    std::string().swap(pending_);
  } else {
    pending_.append(data);
  }
  changed_.fire();
}

void MirrorCopy::end() {
  ended_ = true;
  changed_.fire();
}

void MirrorCopy::abandon() {
  if (ended_) return;
  give_up();
}

void MirrorCopy::give_up() {
  given_up_ = true;
  changed_.fire();
}

void MirrorList::add(MirrorCopy& copy) {
  copy.next_ = first_;
  if (first_) first_->previous_ = &copy;
  first_ = &copy;
  ++size_;
}

void MirrorList::remove(MirrorCopy& copy) {
  (copy.previous_ ? copy.previous_->next_ : first_) = copy.next_;
  if (copy.next_) copy.next_->previous_ = copy.previous_;
  --size_;
}

void MirrorList::give_up_all() {
  for (MirrorCopy* copy = first_; copy; copy = copy->next_) copy->give_up();
}

namespace {

struct Deadline {
  explicit Deadline(net::Event& event) : wake(event) {}
  net::Event& wake;
  net::Timer timer;
  bool passed = false;
  void arm(net::Loop& loop, std::uint64_t after_ms) {
    timer.arm(
        loop, after_ms,
        [](void* self) {
          static_cast<Deadline*>(self)->passed = true;
          static_cast<Deadline*>(self)->wake.fire();
        },
        this);
  }
};

/// Reads and drops what the mirror answers; true when there is no more.
bool drop_answer(ClientStream& up) {
  while (up.head_state() == ClientStream::kHeadReady && up.response().status < 200 &&
         up.response().status != 101)
    up.next_head();
  if (up.head_state() != ClientStream::kHeadReady)
    return up.head_state() == ClientStream::kHeadFailed;
  while (up.state() == BodyReader::kData) up.consume(up.data().size());
  return up.state() != BodyReader::kPending;
}

}  // namespace

net::Task<void> send_mirror(upstream::Ref<MirrorCopy> copy) {
  MirrorCopy& c = *copy;
  Deadline deadline(c.changed_);
  deadline.arm(c.worker_.loop(),
               static_cast<std::uint64_t>(c.worker_.limits().mirror_timeout.count()));
  {
    Lease lease(*c.cluster_, {c.arena_, upstream::Speak::kAny, 0, nullptr}, c.changed_);
    while (lease.state() == Lease::kPending && !c.given_up_ && !deadline.passed)
      co_await c.changed_;
    if (lease.state() == Lease::kFailed) lease.report(Outcome::kConnectFailed);
    if (lease.state() == Lease::kOpen) {
      ClientStream& up = lease.stream();
      up.send_head(c.head_);
      bool sent = c.head_.body.kind == http::BodyLength::Kind::kNone;
      while (!c.given_up_ && !deadline.passed) {
        if (!sent && up.ready() && !c.pending_.empty()) {
          up.write(c.pending_);
          c.pending_.clear();
        }
        if (!sent && c.ended_ && c.pending_.empty()) {
          up.finish(nullptr);
          sent = true;
        }
        if (drop_answer(up)) break;
        co_await c.changed_;
      }
      lease.report(up.head_state() == ClientStream::kHeadReady ? Outcome::kAnswered
                                                               : Outcome::kAbandoned);
    }
  }
  c.worker_.mirrors().remove(c);
}

void start_mirrors(Exchange& x, Upload& upload) {
  if (!x.filters) return;
  for (filter::ClusterId id : x.filters->mirrors()) {
    auto cluster = x.worker.cluster(*x.config, id);
    if (!cluster || cluster->empty() || !x.worker.may_mirror()) continue;
    upstream::Ref<MirrorCopy> copy(new MirrorCopy(x.worker, std::move(cluster), x.request));
    x.worker.mirrors().add(*copy);
    x.worker.metrics().mirrored.add();
    upload.add_mirror(copy);
    net::spawn(send_mirror(std::move(copy)));
  }
}

}  // namespace gwanmun::proxy
