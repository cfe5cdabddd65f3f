// Small wrappers of socket system calls, shared by the stream, the listener and the connector.
#pragma once

#include <cstddef>

#include "net/address.h"
#include "net/buffer.h"
#include "net/stream.h"

namespace gwanmun::net {

/// The fault that a socket error means to the user of a stream.
StreamFault fault_of(int error);
/// "connection refused", in the system's words.
std::string error_text(int error);
/// TCP_NODELAY and keep-alive probes (limits.h). Failures do not matter.
void set_tcp_options(int fd);
/// Makes close() send a RST.
void set_reset_on_close(int fd);
/// Received bytes that wait in the kernel.
std::size_t bytes_waiting(int fd);
SocketAddress local_address(int fd);

struct SendResult {
  std::size_t sent = 0;
  bool full = false;  // the kernel takes no more for now; EPOLLOUT will come
  int error = 0;      // errno of a broken connection
};
/// Sends from the front of the queue, then `more` (what a large write did not copy). At most
/// kWritePieces pieces at once: without `full`, there may be more to send.
SendResult send_gathered(int fd, const OutputQueue& queue, std::string_view more);

}  // namespace gwanmun::net
