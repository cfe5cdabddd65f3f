// The plain TCP stream.
#include "net/tcp_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "net/limits.h"
#include "net/linger.h"
#include "net/socket.h"

namespace gwanmun::net {

static_assert(sizeof(TcpStream) <= 250, "an idle connection is meant to be small");

std::unique_ptr<Stream> make_tcp_stream(Loop& loop, int fd, const SocketAddress& peer,
                                        const SocketAddress& local) {
  set_tcp_options(fd);
  return std::make_unique<TcpStream>(loop, fd, peer, local);
}

void TcpStream::set_handler(StreamHandler& handler) {
  handler_ = &handler;
  if (fd_ < 0) return;
  if (watched_) {  // the second handler gets what the first one left
    offer_ = true;
    loop_.defer(*this);
    return;
  }
  watched_ = true;
  // The first event comes at once when there is something to read already.
  if (!loop_.watch(fd_, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) break_off();
}

const SocketAddress& TcpStream::local() const {
  if (local_.port == 0 && fd_ >= 0) local_ = local_address(fd_);
  return local_;
}

// ---- reading ----

void TcpStream::on_event(std::uint32_t events) {
  if (fd_ < 0) return;
  if (events & EPOLLOUT && blocked_) {
    blocked_ = false;
    flush();
  }
  if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))) return;
  readable_ = true;
  if (events & EPOLLERR) {
    broken_ = true;  // what came before the error can still be read; then reading tells which
  } else if (events & EPOLLRDHUP) {
    peer_fin_ = true;
  }
  if (may_read()) {
    read_turn();
  } else if (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
    tell_hidden_end();
  }
}

void TcpStream::run_deferred() {
  if (std::exchange(offer_, false) && may_offer() && !leftover_.empty()) {
    lend(leftover_.copy_to(loop_.scratch()), 0);
  }
  if (!readable_) return;
  if (may_read()) {
    read_turn();
  } else if (peer_fin_ || end_told_ || broken_) {
    tell_hidden_end();
  }
}

void TcpStream::resume_reading() {
  paused_ = false;
  if (fd_ < 0) return;
  offer_ = true;  // inside lend(), which does not know yet what will be left, it is looked at there
  if (!leftover_.empty() || readable_) loop_.defer(*this);
}

/// Reads until the kernel has no more, the user has enough, or it is the others' turn.
void TcpStream::read_turn() {
  for (int i = 0; i < kReadsPerTick; ++i) {
    if (!read_once()) return;
  }
  loop_.defer(*this);
}

/// One recv, in front of it what was left. True when there may be more and it is wanted.
bool TcpStream::read_once() {
  if (!may_read() || !readable_) return false;
  std::span<char> scratch = loop_.scratch();
  std::size_t kept = leftover_.copy_to(scratch);
  std::span<char> space = scratch.subspan(kept);
  if (space.empty()) return false;  // as much as we keep: resume_reading() is due
  ssize_t count = ::recv(fd_, space.data(), space.size(), 0);
  if (count > 0) {
    // A short read has emptied the socket: with edge-triggered events the next byte (and the FIN,
    // unless it was reported before this read) makes a new event.
    bool short_read = static_cast<std::size_t>(count) < space.size();
    bool end = short_read && peer_fin_ && !broken_;
    if (short_read && !broken_) readable_ = false;
    received_ += static_cast<std::uint64_t>(count);
    lend(kept, static_cast<std::size_t>(count));
    if (!end) return readable_;
    readable_ = true;  // the end itself, until it is told
    if (!paused_ || leftover_.empty()) tell_end();
    return false;
  }
  if (count < 0 && errno == EINTR) return true;
  if (count < 0 && errno == EAGAIN && !broken_) {
    readable_ = false;
    return false;
  }
  if (count == 0 && !broken_) {
    tell_end();
  } else {
    tell_fault(count == 0 || errno == EAGAIN ? StreamFault::kReset : fault_of(errno));
  }
  return false;
}

void TcpStream::lend(std::size_t kept, std::size_t fresh) {
  std::string_view data(loop_.scratch().data(), kept + fresh);
  StreamHandler* handler = handler_;
  offer_ = false;
  std::size_t used = handler->on_data(data);
  loop_.run_ready();
  if (fd_ < 0) return;
  // A coroutine may have put another handler in place; the first one may be gone with it.
  if (handler_ == handler) used = handler->settle(used);
  if (fd_ < 0) return;
  assert(used <= data.size());
  if (used == 0 && kept) {
    leftover_.append(data.substr(kept));
  } else if (used == data.size()) {
    leftover_.clear();
  } else {
    leftover_.assign(data.substr(used));
  }
  if (offer_ && !leftover_.empty()) loop_.defer(*this);
}

void TcpStream::tell_end() {
  if (fd_ < 0 || !handler_ || std::exchange(end_told_, true)) return;
  readable_ = true;
  handler_->on_end();
  loop_.run_ready();
}

void TcpStream::tell_fault(StreamFault fault) {
  if (fd_ < 0 || !handler_ || std::exchange(fault_told_, true)) return;
  broken_ = true;
  output_.clear(loop_.blocks());
  handler_->on_fault(fault);
  loop_.run_ready();
}

/// The peer is gone and nobody reads: reading is paused (then it is told at once when no byte lies
/// before it, so that work for a client that left can stop; otherwise when the bytes have been
/// read), or the end was told before and now the connection broke as well.
void TcpStream::tell_hidden_end() {
  if (fd_ < 0 || !handler_ || fault_told_) return;
  if (!end_told_ && (!leftover_.empty() || bytes_waiting(fd_))) return;
  char none;
  ssize_t count = ::recv(fd_, &none, 1, MSG_PEEK);
  if (count > 0) return;
  if (count == 0 && !broken_) {
    tell_end();
  } else if (broken_ || errno != EAGAIN) {
    tell_fault(count == 0 || errno == EAGAIN ? StreamFault::kReset : fault_of(errno));
  }
}

// ---- writing ----

void TcpStream::write(std::string_view data) {
  if (fd_ < 0 || broken_ || fin_wanted_) return;
  if (data.size() >= kDirectWriteBytes && !blocked_ && !send_staged(data)) return;
  if (!data.empty()) {
    output_.append(loop_.blocks(), data);
    if (!blocked_) loop_.flush_later(*this);
  }
  if (output_.size() > kHighWaterBytes) above_high_ = true;
}

/// Sends what is staged and then `more`, from which it removes what was sent. False when the
/// connection broke.
bool TcpStream::send_staged(std::string_view& more) {
  while (!blocked_ && (!output_.empty() || !more.empty())) {
    SendResult result = send_gathered(fd_, output_, more);
    if (result.error) {
      break_off();
      return false;
    }
    sent_ += result.sent;
    std::size_t of_staged = std::min(result.sent, output_.size());
    output_.drop(loop_.blocks(), of_staged);
    more.remove_prefix(result.sent - of_staged);
    blocked_ = result.full;
  }
  return true;
}

void TcpStream::flush() {
  if (fd_ < 0 || broken_ || blocked_) return;
  std::string_view nothing;
  if (!send_staged(nothing)) return;
  if (output_.empty() && fin_wanted_ && !std::exchange(fin_sent_, true)) ::shutdown(fd_, SHUT_WR);
  if (above_high_ && output_.size() <= kLowWaterBytes) {
    above_high_ = false;
    if (handler_ && !fault_told_) handler_->on_writable();
  }
}

/// Sending failed. What the peer sent before it went away may still be readable and matters (an
/// early answer to a request that it did not want to read), so the fault is told by the reader.
void TcpStream::break_off() {
  broken_ = true;
  output_.clear(loop_.blocks());
  readable_ = true;
  loop_.defer(*this);
}

// ---- closing ----

void TcpStream::shutdown_write() {
  if (fd_ < 0 || std::exchange(fin_wanted_, true)) return;
  loop_.flush_later(*this);
}

void TcpStream::close_gracefully() {
  if (fd_ < 0) return;
  std::string_view nothing;
  if (!broken_ && !blocked_ && !send_staged(nothing)) broken_ = true;
  // Nothing to send and nothing to wait for: the peer has closed, and we have read all of it.
  if (broken_ || (output_.empty() && end_told_)) return close();
  loop_.lingering().add(loop_, std::exchange(fd_, -1), std::move(output_));
  handler_ = nullptr;
  leftover_.clear();
  loop_.forget(*this);
}

void TcpStream::close() {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  loop_.forget(*this);
  handler_ = nullptr;
  output_.clear(loop_.blocks());
  leftover_.clear();
}

void TcpStream::abort() {
  if (fd_ >= 0) set_reset_on_close(fd_);
  close();
}

}  // namespace gwanmun::net
