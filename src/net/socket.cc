// Socket helpers.
#include "net/socket.h"

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/limits.h"

namespace gwanmun::net {

StreamFault fault_of(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return StreamFault::kReset;
    case ETIMEDOUT:
      return StreamFault::kTimeout;
    case ECONNREFUSED:
      return StreamFault::kRefused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return StreamFault::kUnreachable;
    default:
      return StreamFault::kOther;
  }
}

std::string error_text(int error) {
  char buffer[128];
  return ::strerror_r(error, buffer, sizeof buffer);
}

void set_tcp_options(int fd) {
  auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

void set_reset_on_close(int fd) {
  linger option{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof option);
}

std::size_t bytes_waiting(int fd) {
  int count = 0;
  return ::ioctl(fd, FIONREAD, &count) == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

SocketAddress local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return SocketAddress::from(reinterpret_cast<const sockaddr*>(&storage));
}

SendResult send_gathered(int fd, const OutputQueue& queue, std::string_view more) {
  iovec pieces[kWritePieces];
  std::size_t count = queue.gather(pieces, kWritePieces);
  std::size_t offered = 0;
  for (std::size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;
  if (!more.empty() && offered == queue.size() && count < kWritePieces) {
    pieces[count++] = {const_cast<char*>(more.data()), more.size()};
    offered += more.size();
  }
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  for (;;) {
    ssize_t sent = count == 1 ? ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                              : ::sendmsg(fd, &message, MSG_NOSIGNAL);
    // A short count says the same as EAGAIN: the kernel has noted that we wait for room.
    if (sent >= 0) {
      auto size = static_cast<std::size_t>(sent);
      return {.sent = size, .full = size < offered};
    }
    if (errno == EAGAIN) return {.full = true};
    if (errno != EINTR) return {.error = errno};
  }
}

}  // namespace gwanmun::net
