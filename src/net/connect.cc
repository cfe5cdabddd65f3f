// Non-blocking connect.
#include "net/connect.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/event.h"
#include "net/socket.h"

namespace gwanmun::net {

namespace {

/// Waits until the socket is writable or broken, or the time is over.
class ConnectWait final : public EventHandler {
 public:
  ConnectWait(Loop& loop, std::uint64_t timeout_ms) {
    timer_.arm(
        loop, timeout_ms, [](void* self) { static_cast<ConnectWait*>(self)->done_.fire(); }, this);
  }
  void on_event(std::uint32_t) override {
    ready_ = true;
    done_.fire();
  }
  Event& done() { return done_; }
  /// False: the time is over.
  bool ready() const { return ready_; }
  bool pending() const { return !ready_ && timer_.armed(); }

 private:
  Event done_;
  Timer timer_;
  bool ready_ = false;
};

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

Task<std::expected<std::unique_ptr<Stream>, StreamFault>> connect_tcp(Loop& loop,
                                                                      SocketAddress address,
                                                                      std::uint64_t timeout_ms) {
  sockaddr_storage storage;
  socklen_t length = address.to_sockaddr(storage);
  int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return std::unexpected(fault_of(errno));
  int error = ::connect(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    ConnectWait wait(loop, timeout_ms);
    if (loop.watch(fd, wait, EPOLLOUT | EPOLLET)) {
      while (wait.pending()) co_await wait.done();
      loop.unwatch(fd, wait);
      error = wait.ready() ? socket_error(fd) : ETIMEDOUT;
    } else {
      error = ENOMEM;
    }
  }
  if (error != 0) {
    ::close(fd);
    co_return std::unexpected(fault_of(error));
  }
  co_return make_tcp_stream(loop, fd, address, {});
}

std::string_view to_string(StreamFault fault) {
  switch (fault) {
    case StreamFault::kNone:
      return "no fault";
    case StreamFault::kReset:
      return "connection reset";
    case StreamFault::kTimeout:
      return "timed out";
    case StreamFault::kTls:
      return "TLS failed";
    case StreamFault::kRefused:
      return "connection refused";
    case StreamFault::kUnreachable:
      return "unreachable";
    case StreamFault::kOther:
      return "network error";
  }
  return "network error";
}

}  // namespace gwanmun::net
