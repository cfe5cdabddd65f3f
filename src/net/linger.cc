// Lingering close.
#include "net/linger.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/limits.h"
#include "net/socket.h"

namespace gwanmun::net {

class LingerSet::Connection final : public Disposable, public EventHandler {
 public:
  Connection(LingerSet& set, Loop& loop, int fd, OutputQueue output)
      : set_(set),
        loop_(loop),
        fd_(fd),
        output_(std::move(output)),
        give_up_ms_(loop.now_ms() + kLingerTotalMs) {}

  ~Connection() override {
    output_.clear(loop_.blocks());
    loop_.forget(*this);
    ::close(fd_);
  }

  void start() {
    if (!send()) return end();
    if (!loop_.watch(fd_, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) return end();
  }

  void on_event(std::uint32_t events) override {
    if (ended_) return;
    if (!output_.empty() && !send()) return end();
    if (events & ~static_cast<std::uint32_t>(EPOLLOUT) && !discard()) end();
  }

  std::size_t index = 0;

 private:
  /// Sends what is staged, then FIN. False when the connection is over.
  bool send() {
    while (!output_.empty()) {
      SendResult result = send_gathered(fd_, output_, {});
      if (result.error) return false;
      output_.drop(loop_.blocks(), result.sent);
      if (!result.full) continue;
      if (loop_.now_ms() >= give_up_ms_) return false;
      arm(std::min<std::uint64_t>(kLingerStallMs, give_up_ms_ - loop_.now_ms()));
      return true;
    }
    arm(kLingerMs);
    return !peer_closed_ && ::shutdown(fd_, SHUT_WR) == 0;
  }

  /// Reads and drops. False at the peer's FIN, an error, or the limit.
  bool discard() {
    for (;;) {
      auto scratch = loop_.scratch();
      ssize_t count = ::recv(fd_, scratch.data(), scratch.size(), 0);
      if (count == 0) {
        peer_closed_ = true;
        return !output_.empty();  // half closed: it may still read
      }
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      discarded_ += static_cast<std::size_t>(count);
      if (discarded_ > kLingerBytes) return false;
    }
  }

  void arm(std::uint64_t after_ms) {
    timer_.arm(loop_, after_ms, [](void* self) { static_cast<Connection*>(self)->end(); }, this);
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    timer_.disarm();
    set_.remove(*this);
  }

  LingerSet& set_;
  Loop& loop_;
  int fd_;
  bool ended_ = false;
  bool peer_closed_ = false;
  OutputQueue output_;
  Timer timer_;
  std::size_t discarded_ = 0;
  std::uint64_t give_up_ms_;
};

LingerSet::LingerSet() = default;
LingerSet::~LingerSet() = default;

void LingerSet::add(Loop& loop, int fd, OutputQueue output) {
  if (connections_.size() >= kLingerConnections) {
    output.clear(loop.blocks());
    ::close(fd);
    return;
  }
  connections_.push_back(std::make_unique<Connection>(*this, loop, fd, std::move(output)));
  connections_.back()->index = connections_.size() - 1;
  connections_.back()->start();
}

void LingerSet::remove(Connection& connection) {
  std::size_t index = connection.index;
  std::swap(connections_[index], connections_.back());
  connections_[index]->index = index;
  Loop::current().dispose(std::move(connections_.back()));
  connections_.pop_back();
}

void LingerSet::close_all() { connections_.clear(); }

}  // namespace gwanmun::net
