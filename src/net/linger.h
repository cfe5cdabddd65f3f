// LingerSet: sockets that their stream has let go of, but whose last bytes are still to be sent and
// whose peer has yet to see our FIN. Closing a socket with unread input makes the kernel send RST,
// which can destroy the answer on its way (RFC 9112 §9.6); so input is discarded for a moment.
// Used by the streams' close_gracefully(); everything is bounded by limits.h.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "net/buffer.h"
#include "net/loop.h"

namespace gwanmun::net {

class LingerSet {
 public:
  LingerSet();
  ~LingerSet();
  /// Takes the descriptor and the staged output over. Closes at once when too many linger already.
  void add(Loop& loop, int fd, OutputQueue output);
  std::size_t size() const { return connections_.size(); }
  void close_all();

 private:
  class Connection;
  void remove(Connection& connection);
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace gwanmun::net
