// Mirrors: copies of a request sent to other clusters, whose answers nobody reads. A mirror never
// delays or fails the request it copies: it has its own coroutine and memory, a bounded backlog of
// body, and is given up when it falls behind. Called by forward.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "net/event.h"
#include "net/task.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/ref.h"

namespace gwanmun::proxy {

class Upload;
class Worker;
struct Exchange;

/// A request being copied; shared by the exchange, which fills it, and the mirror's coroutine,
/// which sends it.
class MirrorCopy {
 public:
  MirrorCopy(Worker& worker, upstream::Ref<upstream::Cluster> cluster,
             const http::RequestHead& request);

  void append(std::string_view data);
  void end();
  /// The exchange is over; a copy that is not complete is given up.
  void abandon();
  /// No more of it is sent, and its answer is not waited for.
  void give_up();

  std::uint32_t references = 0;  // Ref

 private:
  friend class MirrorList;
  friend net::Task<void> send_mirror(upstream::Ref<MirrorCopy> copy);
  Worker& worker_;
  Arena arena_;
  http::RequestHead head_;
  upstream::Ref<upstream::Cluster> cluster_;
  net::Event changed_;
  std::string pending_;
  bool ended_ = false;
  bool given_up_ = false;
  MirrorCopy* previous_ = nullptr;  // MirrorList
  MirrorCopy* next_ = nullptr;
};

/// The copies that one worker is sending; each is in it as long as its coroutine runs.
class MirrorList {
 public:
  std::uint32_t size() const { return size_; }
  void add(MirrorCopy& copy);
  void remove(MirrorCopy& copy);
  /// They end, and leave, in this tick.
  void give_up_all();

 private:
  MirrorCopy* first_ = nullptr;
  std::uint32_t size_ = 0;
};

/// Starts a copy to each cluster that the filters chose; their bodies come through `upload`.
void start_mirrors(Exchange& x, Upload& upload);

}  // namespace gwanmun::proxy
