// TlsStream: TLS over another stream, as a stream. Made by accept_tls() and connect_tls() (tls.h);
// the contract is stream.h's. Ciphertext is read straight from the buffer that the transport lends,
// plaintext is lent from the loop's second one, so that an idle connection holds neither.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/buffer.h"
#include "net/event.h"
#include "net/tls_context.h"

namespace gwanmun::net {

class TlsStream final : public Stream, StreamHandler, Flushable, Deferred {
 public:
  /// `config` is what `ssl` was made from; a server's is let go after the handshake.
  TlsStream(std::unique_ptr<Stream> transport, tls_internal::SslPtr ssl,
            std::shared_ptr<const TlsServerConfig> server,
            std::shared_ptr<const TlsClientConfig> client);
  ~TlsStream() override { close(); }

  // ---- the handshake (tls_stream.cc's coroutine) ----
  void start();
  bool shaking_hands() const { return phase_ == Phase::kHandshake; }
  Event& progress() { return progress_; }
  bool failed() const { return fault_ != StreamFault::kNone; }
  TlsError take_error() { return {fault_, std::move(error_)}; }

  void set_handler(StreamHandler& handler) override;
  void clear_handler() override { handler_ = nullptr; }
  void write(std::string_view data) override;
  std::size_t staged() const override { return plain_.size() + transport_->staged(); }
  void pause_reading() override;
  void resume_reading() override;
  bool reading_paused() const override { return paused_; }
  void shutdown_write() override;
  void close_gracefully() override;
  void close() override;
  void abort() override;
  const SocketAddress& peer() const override { return transport_->peer(); }
  const SocketAddress& local() const override { return transport_->local(); }
  const TlsInfo* tls() const override { return &info_; }
  int fd() const override { return transport_->fd(); }
  Loop& loop() override { return loop_; }
  std::uint64_t bytes_received() const override { return transport_->bytes_received(); }
  std::uint64_t bytes_sent() const override { return transport_->bytes_sent(); }
  bool peer_closed_or_readable() override;

 private:
  enum class Phase : std::uint8_t { kHandshake, kOpen, kClosed };

  // The transport's callbacks.
  std::size_t on_data(std::string_view cipher) override;
  void on_end() override;
  void on_writable() override;
  void on_fault(StreamFault fault) override;

  void flush() override;
  void run_deferred() override;

  bool may_read() const {
    return phase_ == Phase::kOpen && handler_ && !paused_ && !end_told_ && !fault_told_;
  }
  void shake();
  void finish_handshake();
  void describe_peer();
  void read_turn();
  std::size_t decrypt(std::size_t kept);
  void lend(std::size_t kept, std::size_t fresh);
  void tell_what_remains();
  void fail(StreamFault fault, std::string reason);
  void encrypt(std::string_view data);
  void encrypt_staged();
  void send_output();
  static int bio_read(BIO* bio, char* out, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO*, int command, long, void*);
  static BIO_METHOD* bio_method();

  Loop& loop_;
  std::unique_ptr<Stream> transport_;
  tls_internal::SslPtr ssl_;
  std::shared_ptr<const TlsServerConfig> server_;
  std::shared_ptr<const TlsClientConfig> client_;
  std::unique_ptr<tls_internal::HandshakeState> state_;  // while shaking hands
  StreamHandler* handler_ = nullptr;
  std::string_view cipher_;  // what the transport lends right now and is not decrypted yet
  Leftover leftover_;        // plaintext
  OutputQueue plain_;        // staged, to be encrypted in one record at the end of the tick
  Event progress_;
  TlsInfo info_;
  std::string error_;
  StreamFault fault_ = StreamFault::kNone;
  Phase phase_ = Phase::kHandshake;
  bool paused_ = false;
  bool offer_ = false;
  bool transport_end_ = false;  // FIN; without close_notify before it, an attack or an accident
  bool notified_ = false;       // the peer's close_notify came
  bool end_told_ = false;
  bool fault_told_ = false;
  bool above_high_ = false;
  bool fin_wanted_ = false;
};

}  // namespace gwanmun::net
