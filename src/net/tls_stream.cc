// TLS over a stream.
#include "net/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "net/limits.h"

namespace gwanmun::net {

using namespace tls_internal;

namespace {

/// Records on their way to the transport during one call: gathered, so that the transport sees one
/// large write and not one a record. Never holds anything between calls.
struct Output {
  static constexpr std::size_t kBytes = 68 * 1024;  // four full records
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kBytes);
  std::size_t size = 0;
};
Output& output() {
  thread_local Output instance;
  return instance;
}

}  // namespace

// ---- between the library and the transport ----

BIO_METHOD* TlsStream::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int TlsStream::bio_read(BIO* bio, char* out, int size) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->cipher_.empty()) {
    if (self->transport_end_) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::size_t count = std::min(self->cipher_.size(), static_cast<std::size_t>(size));
  std::memcpy(out, self->cipher_.data(), count);
  self->cipher_.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsStream::bio_write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  auto count = static_cast<std::size_t>(size);
  Output& out = output();
  if (count > Output::kBytes - out.size) self->send_output();
  if (count > Output::kBytes) {
    self->transport_->write({data, count});
  } else {
    std::memcpy(out.bytes.get() + out.size, data, count);
    out.size += count;
  }
  return size;
}

long TlsStream::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsStream::send_output() {
  Output& out = output();
  if (out.size) transport_->write({out.bytes.get(), std::exchange(out.size, 0)});
}

// ---- the handshake ----

TlsStream::TlsStream(std::unique_ptr<Stream> transport, SslPtr ssl,
                     std::shared_ptr<const TlsServerConfig> server,
                     std::shared_ptr<const TlsClientConfig> client)
    : loop_(transport->loop()),
      transport_(std::move(transport)),
      ssl_(std::move(ssl)),
      server_(std::move(server)),
      client_(std::move(client)),
      state_(std::make_unique<HandshakeState>()) {}

void TlsStream::start() {
  BIO* bio = ssl_ ? BIO_new(bio_method()) : nullptr;
  if (!bio) return fail(StreamFault::kOther, "out of memory");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  set_state(ssl_.get(), state_.get());
#if defined(OPENSSL_IS_AWSLC)
  SSL_set_shed_handshake_config(ssl_.get(), 1);
#endif
  transport_->set_handler(*this);
  if (client_) shake();
}

void TlsStream::shake() {
  ERR_clear_error();
  int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    finish_handshake();
  } else {
    int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_READ) {
      std::string reason = tls_internal::take_error("handshake failed");
      if (reason == "certificate verify failed") {
        long verify = SSL_get_verify_result(ssl_.get());
        reason += std::string(": ") + X509_verify_cert_error_string(verify);
      }
      fail(StreamFault::kTls, std::move(reason));  // its alert is sent below
    }
  }
  send_output();
}

void TlsStream::finish_handshake() {
  if (client_) {
    auto checked = check_server_name(*client_, ssl_.get());
    if (!checked) return fail(StreamFault::kTls, checked.error().message);
  }
  SSL* ssl = ssl_.get();
  info_.version = SSL_get_version(ssl);
  info_.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  info_.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  info_.resumed = SSL_session_reused(ssl) == 1;
  info_.sni = std::move(state_->sni);
  info_.entry = state_->entry;
  describe_peer();
  set_state(ssl, nullptr);
  state_.reset();
  server_.reset();
  phase_ = Phase::kOpen;
  progress_.fire();
}

void TlsStream::describe_peer() {
  CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (!certificate) return;
  info_.peer_subject = subject_of(certificate.get());
  info_.peer_verified = SSL_get_verify_result(ssl_.get()) == X509_V_OK;
}

// ---- reading ----

void TlsStream::set_handler(StreamHandler& handler) {
  handler_ = &handler;
  if (!paused_) resume_reading();
}

std::size_t TlsStream::on_data(std::string_view cipher) {
  cipher_ = cipher;
  if (phase_ == Phase::kHandshake) shake();
  if (phase_ == Phase::kOpen) read_turn();
  return cipher.size() - std::exchange(cipher_, {}).size();
}

/// Decrypts and lends until the ciphertext is used up or the user has enough.
void TlsStream::read_turn() {
  while (may_read()) {
    std::size_t kept = leftover_.copy_to(loop_.second_scratch());
    std::size_t room = loop_.second_scratch().size() - kept;
    if (room == 0) break;  // as much as we keep: resume_reading() is due
    std::size_t fresh = decrypt(kept);
    if (fresh) lend(kept, fresh);
    if (fresh < room) break;
  }
  if (phase_ == Phase::kOpen) send_output();  // answers to key updates, alerts
  tell_what_remains();
}

/// Fills the second scratch buffer behind `kept` bytes; returns how many bytes that were.
std::size_t TlsStream::decrypt(std::size_t kept) {
  std::span<char> space = loop_.second_scratch().subspan(kept);
  std::size_t filled = 0;
  ERR_clear_error();
  while (filled < space.size()) {
    int count =
        SSL_read(ssl_.get(), space.data() + filled, static_cast<int>(space.size() - filled));
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
      continue;
    }
    int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_WANT_READ) break;
    if (error == SSL_ERROR_ZERO_RETURN) {
      notified_ = true;
    } else if (transport_end_) {
      fault_ = StreamFault::kReset;  // cut off without a close_notify
    } else {
      fault_ = StreamFault::kTls;
      error_ = tls_internal::take_error("broken record");
    }
    break;
  }
  return filled;
}

void TlsStream::lend(std::size_t kept, std::size_t fresh) {
  std::string_view data(loop_.second_scratch().data(), kept + fresh);
  StreamHandler* handler = handler_;
  offer_ = false;
  std::size_t used = handler->on_data(data);
  loop_.run_ready();
  if (phase_ == Phase::kClosed) return;
  if (handler_ == handler) used = handler->settle(used);
  if (phase_ == Phase::kClosed) return;
  assert(used <= data.size());
  if (used == 0 && kept) {
    leftover_.append(data.substr(kept));
  } else if (used == data.size()) {
    leftover_.clear();
  } else {
    leftover_.assign(data.substr(used));
  }
}

/// The end or the fault, when all bytes before it have been offered.
void TlsStream::tell_what_remains() {
  if (phase_ != Phase::kOpen || !handler_ || fault_told_) return;
  bool bytes_before = paused_ && (!leftover_.empty() || SSL_pending(ssl_.get()) > 0);
  if (bytes_before) return;
  if (notified_ && !std::exchange(end_told_, true)) {
    handler_->on_end();
    loop_.run_ready();
    return;
  }
  // After a close_notify the transport's FIN is no news, but a reset is.
  bool ended_well = end_told_ && fault_ == StreamFault::kReset && transport_end_;
  if (fault_ == StreamFault::kNone || ended_well) return;
  fault_told_ = true;
  plain_.clear(loop_.blocks());
  handler_->on_fault(fault_);
  loop_.run_ready();
}

void TlsStream::on_end() {
  transport_end_ = true;
  if (phase_ == Phase::kHandshake) {
    return fail(StreamFault::kReset, "the peer closed during the handshake");
  }
  if (!notified_ && fault_ == StreamFault::kNone) fault_ = StreamFault::kReset;
  tell_what_remains();
}

void TlsStream::on_fault(StreamFault fault) {
  if (phase_ == Phase::kHandshake) return fail(fault, "the connection broke during the handshake");
  transport_end_ = false;
  fault_ = fault;
  tell_what_remains();
}

void TlsStream::fail(StreamFault fault, std::string reason) {
  fault_ = fault;
  error_ = std::move(reason);
  phase_ = Phase::kClosed;
  progress_.fire();
}

void TlsStream::pause_reading() {
  paused_ = true;
  transport_->pause_reading();
}

void TlsStream::resume_reading() {
  paused_ = false;
  if (phase_ != Phase::kOpen) return;
  transport_->resume_reading();  // before our own turn: its bytes come before its end
  offer_ = true;
  loop_.defer(*this);
}

void TlsStream::run_deferred() {
  if (phase_ != Phase::kOpen || !handler_) return;
  if (std::exchange(offer_, false) && !paused_ && !fault_told_ && !leftover_.empty()) {
    lend(leftover_.copy_to(loop_.second_scratch()), 0);
  }
  if (phase_ != Phase::kOpen) return;
  if (SSL_pending(ssl_.get()) > 0) return read_turn();
  tell_what_remains();
}

bool TlsStream::peer_closed_or_readable() {
  return phase_ != Phase::kOpen || transport_->peer_closed_or_readable() || notified_ ||
         fault_ != StreamFault::kNone || !leftover_.empty() || SSL_pending(ssl_.get()) > 0;
}

// ---- writing ----

void TlsStream::write(std::string_view data) {
  if (phase_ != Phase::kOpen || fault_told_ || fin_wanted_) return;
  if (data.size() >= kDirectWriteBytes) {
    encrypt_staged();
    encrypt(data);
    send_output();
  } else if (!data.empty()) {
    plain_.append(loop_.blocks(), data);
    loop_.flush_later(*this);
  }
  if (staged() > kHighWaterBytes) above_high_ = true;
}

void TlsStream::encrypt(std::string_view data) {
  ERR_clear_error();
  int count = SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
  if (count > 0) return;
  // The BIO takes everything, so this is an error of the connection, never "later".
  fault_ = StreamFault::kTls;
  error_ = tls_internal::take_error("cannot encrypt");
  loop_.defer(*this);
}

void TlsStream::encrypt_staged() {
  while (!plain_.empty()) {
    std::string_view front = plain_.front();
    if (fault_ == StreamFault::kNone || fault_ == StreamFault::kReset) encrypt(front);
    plain_.drop(loop_.blocks(), front.size());
  }
}

void TlsStream::flush() {
  if (phase_ != Phase::kOpen || fault_told_) return;
  encrypt_staged();
  send_output();
  on_writable();
}

/// Above the transport's high-water mark its own on_writable() will come; below, this is it.
void TlsStream::on_writable() {
  if (phase_ != Phase::kOpen || !above_high_ || staged() > kHighWaterBytes) return;
  above_high_ = false;
  if (handler_ && !fault_told_) handler_->on_writable();
}

// ---- closing ----

void TlsStream::shutdown_write() {
  if (phase_ != Phase::kOpen || std::exchange(fin_wanted_, true)) return;
  encrypt_staged();
  SSL_shutdown(ssl_.get());
  send_output();
  transport_->shutdown_write();
}

void TlsStream::close_gracefully() {
  if (phase_ == Phase::kOpen) {
    encrypt_staged();
    if (!fin_wanted_ && fault_ != StreamFault::kTls) SSL_shutdown(ssl_.get());
    send_output();
  }
  phase_ = Phase::kClosed;
  plain_.clear(loop_.blocks());
  leftover_.clear();
  transport_->close_gracefully();
}

void TlsStream::close() {
  phase_ = Phase::kClosed;
  plain_.clear(loop_.blocks());
  leftover_.clear();
  transport_->close();
}

void TlsStream::abort() {
  transport_->abort();
  close();
}

// ---- tls.h ----

namespace {

/// The handshake's deadline: wakes whoever waits for progress.
struct Deadline {
  Deadline(TlsStream& stream, std::uint64_t after_ms) : stream_(stream) {
    timer_.arm(
        stream.loop(), after_ms,
        [](void* self) {
          auto* deadline = static_cast<Deadline*>(self);
          deadline->over = true;
          deadline->stream_.progress().fire();
        },
        this);
  }
  bool over = false;

 private:
  TlsStream& stream_;
  Timer timer_;
};

Task<TlsResult> shake_hands(std::unique_ptr<TlsStream> stream, std::uint64_t timeout_ms) {
  Deadline deadline(*stream, timeout_ms);
  stream->start();
  while (stream->shaking_hands() && !deadline.over) co_await stream->progress();
  if (!stream->shaking_hands() && !stream->failed()) co_return std::move(stream);
  TlsError error = stream->take_error();
  if (deadline.over) error = {StreamFault::kTimeout, "no handshake in time"};
  stream->close_gracefully();  // an alert may be on its way
  Loop& loop = stream->loop();
  loop.dispose(std::move(stream));
  co_return std::unexpected(std::move(error));
}

}  // namespace

Task<TlsResult> accept_tls(std::unique_ptr<Stream> transport,
                           std::shared_ptr<const TlsServerConfig> config,
                           std::uint64_t timeout_ms) {
  SslPtr ssl = make_server_ssl(*config);
  auto stream =
      std::make_unique<TlsStream>(std::move(transport), std::move(ssl), std::move(config), nullptr);
  co_return co_await shake_hands(std::move(stream), timeout_ms);
}

Task<TlsResult> connect_tls(std::unique_ptr<Stream> transport,
                            std::shared_ptr<const TlsClientConfig> config,
                            std::uint64_t timeout_ms) {
  SslPtr ssl = make_client_ssl(*config);
  auto stream =
      std::make_unique<TlsStream>(std::move(transport), std::move(ssl), nullptr, std::move(config));
  co_return co_await shake_hands(std::move(stream), timeout_ms);
}

}  // namespace gwanmun::net
