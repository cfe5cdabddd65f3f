// Listening sockets and the accept loop.
#include "net/listener.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "net/limits.h"
#include "net/socket.h"

namespace gwanmun::net {

namespace {

ListenError listen_error(int error, const SocketAddress& address) {
  ListenError out;
  out.message = str_cat("listen on ", address.to_string(), ": ", error_text(error));
  switch (error) {
    case EACCES:
    case EPERM:
      out.reason = ListenError::Reason::kPermission;
      break;
    case EADDRINUSE:
      out.reason = ListenError::Reason::kInUse;
      break;
    case EADDRNOTAVAIL:
      out.reason = ListenError::Reason::kUnavailable;
      break;
    default:
      break;
  }
  return out;
}

/// Returns the descriptor, or -errno.
int try_listen(const SocketAddress& address, bool both_families, bool share_port) {
  sockaddr_storage storage;
  socklen_t length = address.to_sockaddr(storage);
  int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  auto set = [fd](int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
  };
  // Without SO_REUSEADDR a restart would wait for old connections in TIME_WAIT.
  bool good = set(SOL_SOCKET, SO_REUSEADDR, 1) && (!share_port || set(SOL_SOCKET, SO_REUSEPORT, 1));
  if (address.ip.is_v6()) good = good && set(IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
  if (good && ::bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0 &&
      ::listen(fd, kListenBacklog) == 0) {
    return fd;
  }
  int error = errno;
  ::close(fd);
  return -error;
}

}  // namespace

std::expected<int, ListenError> open_listener(const ListenOptions& options) {
  SocketAddress address{options.ip.value_or(*IpAddress::parse("::")), options.port};
  int fd = try_listen(address, !options.ip, options.share_port);
  if (!options.ip && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)) {  // a system without IPv6
    address.ip = *IpAddress::parse("0.0.0.0");
    fd = try_listen(address, false, options.share_port);
  }
  if (fd < 0) return std::unexpected(listen_error(-fd, address));
  return fd;
}

Listener::Listener(Loop& loop, int fd, AcceptHandler& handler)
    : loop_(loop), fd_(fd), handler_(handler), address_(local_address(fd)) {
  // When watching fails (no memory), the timer's retries accept nevertheless.
  if (!loop_.watch(fd_, *this, EPOLLIN | EPOLLET)) loop_.defer(*this);
}

Listener::~Listener() {
  if (fd_ < 0) return;
  loop_.forget(*this);
  ::close(fd_);
}

void Listener::on_event(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerTick; ++i) {
    if (!accept_one()) return;
    loop_.run_ready();
  }
  loop_.defer(*this);
}

void Listener::run_deferred() { on_event(0); }

void Listener::resume() {
  if (fd_ >= 0) loop_.defer(*this);
}

bool Listener::accept_one() {
  if (fd_ < 0 || backoff_.armed() || !handler_.may_accept()) return false;
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  int fd =
      ::accept4(fd_, reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    handler_.on_accept({fd, SocketAddress::from(reinterpret_cast<const sockaddr*>(&storage))});
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      // The event will not come again, and asking again at once would spin.
      backoff_.arm(
          loop_, kAcceptBackoffMs, [](void* self) { static_cast<Listener*>(self)->resume(); },
          this);
      handler_.on_exhausted();
      return false;
    default:
      return true;  // that one connection is gone already (ECONNABORTED, EPROTO, ...)
  }
}

void Listener::stop() {
  if (fd_ < 0) return;
  for (int i = 0; i < kListenBacklog && accept_one(); ++i) {
  }
  backoff_.disarm();
  loop_.forget(*this);
  ::close(std::exchange(fd_, -1));
}

}  // namespace gwanmun::net
