// TcpStream: the plain Stream over a socket. Made by make_tcp_stream(); see stream.h for the
// contract. Never blocks; one recv for a short read, one send for a flush, epoll_ctl once in its
// life.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/buffer.h"
#include "net/loop.h"
#include "net/stream.h"

namespace gwanmun::net {

class TcpStream final : public Stream, EventHandler, Flushable, Deferred {
 public:
  TcpStream(Loop& loop, int fd, const SocketAddress& peer, const SocketAddress& local)
      : loop_(loop), fd_(fd), peer_(peer), local_(local) {}
  ~TcpStream() override { close(); }

  void set_handler(StreamHandler& handler) override;
  void clear_handler() override { handler_ = nullptr; }
  void write(std::string_view data) override;
  std::size_t staged() const override { return output_.size(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  bool reading_paused() const override { return paused_; }
  void shutdown_write() override;
  void close_gracefully() override;
  void close() override;
  void abort() override;
  const SocketAddress& peer() const override { return peer_; }
  const SocketAddress& local() const override;
  const TlsInfo* tls() const override { return nullptr; }
  int fd() const override { return fd_; }
  Loop& loop() override { return loop_; }
  std::uint64_t bytes_received() const override { return received_; }
  std::uint64_t bytes_sent() const override { return sent_; }
  bool peer_closed_or_readable() override {
    return fd_ < 0 || readable_ || broken_ || end_told_ || fault_told_ || !leftover_.empty();
  }

 private:
  void on_event(std::uint32_t events) override;
  void run_deferred() override;
  void flush() override;

  bool may_offer() const { return fd_ >= 0 && handler_ && !paused_ && !fault_told_; }
  bool may_read() const { return may_offer() && !end_told_; }
  void read_turn();
  bool read_once();
  void lend(std::size_t kept, std::size_t fresh);
  void tell_end();
  void tell_fault(StreamFault fault);
  void tell_hidden_end();
  bool send_staged(std::string_view& more);
  void break_off();

  Loop& loop_;
  StreamHandler* handler_ = nullptr;
  int fd_;
  bool watched_ = false;
  bool paused_ = false;
  bool readable_ = false;  // the kernel may have bytes, a FIN or an error for us
  bool peer_fin_ = false;  // the kernel reported the FIN; bytes may lie before it
  bool end_told_ = false;  // on_end() was called: nothing more to read
  bool fault_told_ = false;
  bool offer_ = false;    // leftovers are to be offered again, without new bytes
  bool blocked_ = false;  // the kernel takes no more for now
  bool broken_ = false;   // sending failed; the reading side finds out how
  bool above_high_ = false;
  bool fin_wanted_ = false;
  bool fin_sent_ = false;
  Leftover leftover_;
  OutputQueue output_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  SocketAddress peer_;
  mutable SocketAddress local_;
};

}  // namespace gwanmun::net
