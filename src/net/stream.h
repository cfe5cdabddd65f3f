// Stream: a connected byte stream, plain TCP or TLS over it, on one loop.
//
// Reading lends: on_data() gets a span of the loop's scratch buffer, says how much it used, and
// keeps copies of leftovers itself if it wants more at once (a Stream keeps what was not used and
// offers it again, in front of newer bytes, after resume_reading() or more data: an idle stream
// holds no buffer). Writing stages: write() copies into a pooled buffer, which goes out at the end
// of the tick; large writes are sent at once, without the copy, after what is staged.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace gwanmun::net {

enum class StreamFault : std::uint8_t {
  kNone,
  kReset,
  kTimeout,
  kTls,
  kRefused,
  kUnreachable,
  kOther
};

/// A stream's user. Callbacks may call anything on the stream, close() included.
class StreamHandler {
 public:
  /// New bytes (with what was left of the last ones in front). Returns how many were used; unused
  /// bytes are kept by the stream and offered again with the next ones, or by resume_reading().
  /// After on_data() returns, the stream runs the loop's ready queue while `data` is still valid,
  /// and then calls settle().
  virtual std::size_t on_data(std::string_view data) = 0;
  /// After on_data() and the coroutines it woke: the last moment at which `data` is valid. Returns
  /// how many bytes were used in total, when coroutines used more of them than on_data() said
  /// (never less). Default: no more than on_data() said.
  virtual std::size_t settle(std::size_t used_by_on_data) { return used_by_on_data; }
  /// The peer will send no more (FIN, or TLS close_notify; a FIN without close_notify is kReset on
  /// TLS). What was left unused is kept, and offered once more by resume_reading().
  virtual void on_end() = 0;
  /// Staged bytes fell below the low-water mark after having been above the high-water mark.
  virtual void on_writable() = 0;
  /// The stream is broken: no more callbacks, writes are dropped. close() must still be called. May
  /// come after on_end().
  virtual void on_fault(StreamFault fault) = 0;

 protected:
  ~StreamHandler() = default;
};

/// Facts of a finished TLS handshake.
struct TlsInfo {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;
  std::string alpn;            // "h2", "http/1.1" or ""
  std::string sni;             // lower-case, "" when the client sent none
  std::string peer_subject;    // the peer's certificate, RFC 2253; or "" when it sent none
  bool peer_verified = false;  // that certificate was valid for our CA (and name, of a server)
  bool resumed = false;
  std::uint64_t entry = 0;  // TlsServerEntry::id of the entry that the SNI chose
};

/// Owned by its user, who gives it back by loop.dispose() (never destroys it inside a callback or a
/// coroutine that the stream woke).
class Stream : public Disposable {
 public:
  /// Starts reading. A second handler takes over from the first one (which is not called again)
  /// and is offered what that one left, from the loop.
  virtual void set_handler(StreamHandler& handler) = 0;
  /// No callbacks until the next set_handler(): the handler may go. What comes meanwhile waits.
  virtual void clear_handler() = 0;

  virtual void write(std::string_view data) = 0;
  /// Bytes accepted by write() that the kernel has not taken yet.
  virtual std::size_t staged() const = 0;
  /// Stops calling on_data(); at most one read's worth is buffered. Backpressure reaches the peer.
  /// on_end() and on_fault() still come when no unread byte lies before them.
  virtual void pause_reading() = 0;
  /// Offers leftovers, if any, and reads on; on_data() runs from the loop, never inside this call.
  virtual void resume_reading() = 0;
  virtual bool reading_paused() const = 0;

  /// Sends what is staged, then FIN (TLS: close_notify first). Reading goes on.
  virtual void shutdown_write() = 0;
  /// Sends what is staged, waits for the peer's FIN at most a short time while discarding what it
  /// sends (so that a RST does not destroy our last answer), then closes. No more callbacks.
  virtual void close_gracefully() = 0;
  /// Closes now; what is staged is lost. No more callbacks.
  virtual void close() = 0;
  /// Closes with RST (TCP passed on to the other side).
  virtual void abort() = 0;

  virtual const SocketAddress& peer() const = 0;
  virtual const SocketAddress& local() const = 0;
  /// nullptr for clear text.
  virtual const TlsInfo* tls() const = 0;
  virtual int fd() const = 0;
  virtual Loop& loop() = 0;
  virtual std::uint64_t bytes_received() const = 0;
  virtual std::uint64_t bytes_sent() const = 0;
  /// For close-on-pressure decisions: true when the kernel reported data or FIN not yet delivered
  /// (a pooled connection that says so must not be reused). Costs no system call when it can be
  /// avoided.
  virtual bool peer_closed_or_readable() = 0;
};

/// Wraps an accepted or connected non-blocking socket. Takes the descriptor over. `local` with port
/// 0 is looked up when somebody asks.
std::unique_ptr<Stream> make_tcp_stream(Loop& loop, int fd, const SocketAddress& peer,
                                        const SocketAddress& local);

}  // namespace gwanmun::net
