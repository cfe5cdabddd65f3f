// One exchange over a connection, HTTP/1 or HTTP/2 alike: the interface between connections
// (http/) and the proxy (proxy/serve.cc). Bodies are pulled, so flow control is free: what is not
// read is not acknowledged, what cannot be sent is not read.
//
// Everything here belongs to one worker's loop and is called on it. Waiting is co_await on an
// Event; waking never runs the coroutine inside the caller: it is queued on the loop and runs when
// the current event handler returns (net/loop.h), while the loop's lent buffer is still valid.
//
// Cancelling: reset() on a stream fails everything that waits on it, with that Fault. There is
// nothing else to cancel: a coroutine always waits on a stream, an Event or a timer it owns.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/error.h"
#include "http/message.h"
#include "net/event.h"

namespace gwanmun::http {

/// The receiving half. Usage:
///   for (;;) {
///     while (in.state() == BodyReader::kPending) co_await in.readable();
///     if (in.state() != BodyReader::kData) break;          // kEnd or kFailed
///     out.write(in.data()); in.consume(in.data().size());
///   }
class BodyReader {
 public:
  enum State : std::uint8_t {
    kPending,  // nothing now; readable() fires when that changes
    kData,     // data() is not empty
    kEnd,      // complete; trailers() may be asked
    kFailed,   // fault() says why; what was read before was genuine but the message is not whole
  };
  virtual State state() = 0;
  /// Valid in kData, until consume() or until the coroutine suspends.
  virtual std::string_view data() = 0;
  /// Takes n bytes off; gives the peer as much credit (HTTP/2) or lets the socket be read again.
  virtual void consume(std::size_t n) = 0;
  net::Event& readable() { return readable_; }
  /// Trailer fields, in kEnd; nullptr when there were none.
  virtual const Headers* trailers() = 0;
  virtual Fault read_fault() const = 0;

 protected:
  ~BodyReader() = default;
  net::Event readable_;
};

/// The sending half. write() always takes everything (it is staged and sent at the end of the
/// tick); a writer that is not ready() should be given no more until writable() fires.
class BodyWriter {
 public:
  virtual void write(std::string_view data) = 0;
  /// False when more than a limit is staged and the peer does not take it.
  virtual bool ready() const = 0;
  /// Fires when ready() becomes true again, and when the stream fails.
  net::Event& writable() { return writable_; }
  /// Ends the message; trailers may be nullptr. HTTP/1.0 and fixed-length bodies drop trailers.
  virtual void finish(const Headers* trailers) = 0;
  /// kNone while sending is still possible; else why it is not (the peer reset it, or is gone).
  virtual Fault write_fault() const = 0;

 protected:
  ~BodyWriter() = default;
  net::Event writable_;
};

/// Who is at the other end, and how it came in.
struct Peer;

/// The server side of one exchange: reads the request's body, writes the response.
class ServerStream : public BodyReader, public BodyWriter {
 public:
  /// Lives until release(). The proxy may edit it in place.
  virtual RequestHead& request() = 0;
  /// The exchange's memory, freed by release().
  virtual Arena& arena() = 0;

  /// 100, 102, 103: any number, before send_head(). Dropped for HTTP/1.0.
  virtual void send_informational(int status, const Headers& headers) = 0;
  /// Sends the response's head; once. head.body decides the framing; with BodyLength::none() or
  /// head.no_body the response is complete and write()/finish() must not follow. status 101 (or 200
  /// to an extended CONNECT, which HTTP/2 makes of it by itself) turns both halves into raw bytes.
  virtual void send_head(const ResponseHead& head) = 0;
  /// Ends the exchange at once: HTTP/2 RST_STREAM (with the code that fits), HTTP/1 closes the
  /// connection. After a complete response it only stops the reading of an unread request body.
  virtual void reset(Fault why) = 0;
  /// Sends 100 when the client waits for it and has got none yet: to be called before the body is
  /// read. A client that never gets one is not read from again after the response.
  virtual void continue_if_expected() = 0;
  /// Fires once when the client is gone (closed, reset) before the exchange is over.
  net::Event& gone() { return gone_; }
  virtual bool is_gone() const = 0;

  /// The connection that carries it: peer address, TLS facts, listener. Never nullptr.
  virtual class ServerConnection& connection() = 0;
  /// The last call: the stream, its arena and its request may be reused from here on. An exchange
  /// whose response is not complete is reset(kCancelled).
  virtual void release() = 0;

 protected:
  ~ServerStream() = default;
  net::Event gone_;
};

/// The client side of one exchange: writes the request, reads the response's body.
class ClientStream : public BodyReader, public BodyWriter {
 public:
  /// Sends the request's head; once. head.body decides the framing; with BodyLength::none() the
  /// request is complete.
  virtual void send_head(const RequestHead& head) = 0;
  /// Fires when head_state() leaves kPending.
  net::Event& head_event() { return head_event_; }
  enum HeadState : std::uint8_t { kHeadPending, kHeadReady, kHeadFailed };
  virtual HeadState head_state() const = 0;
  /// In kHeadReady: a 1xx other than 101 is informational, next_head() then waits for the next one.
  virtual ResponseHead& response() = 0;
  virtual void next_head() = 0;
  /// Why the head failed. kRefused says that the server did not process the request.
  virtual Fault head_fault() const = 0;
  /// Gives up: RST_STREAM, or the HTTP/1 connection is closed. Fails what waits with `why`.
  virtual void reset(Fault why) = 0;
  /// The last call. The connection goes back to its pool when it can be used again.
  virtual void release() = 0;

 protected:
  ~ClientStream() = default;
  net::Event head_event_;
};

}  // namespace gwanmun::http
