// Listening sockets: each worker opens its own on the same address (SO_REUSEPORT) and accepts from
// it on its loop. Called by proxy/listener; knows nothing of TLS or HTTP.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "net/address.h"
#include "net/loop.h"

namespace gwanmun::net {

/// Why an address could not be listened on.
struct ListenError {
  enum class Reason : std::uint8_t {
    kPermission,   // EACCES: a port below 1024 without the right to it
    kInUse,        // EADDRINUSE
    kUnavailable,  // EADDRNOTAVAIL: not an address of this machine
    kOther,
  };
  Reason reason = Reason::kOther;
  std::string message;  // "listen on [::]:80: permission denied"
};

struct ListenOptions {
  std::uint16_t port = 0;       // 0: the kernel picks one (tests)
  std::optional<IpAddress> ip;  // absent: all addresses, IPv6 and IPv4 in one socket
  bool share_port = true;       // SO_REUSEPORT: other workers listen on the same port
};

/// A bound, listening, non-blocking socket. "All addresses" is [::] for both families, or 0.0.0.0
/// where the system has no IPv6. The caller owns the descriptor (usually gives it to a Listener).
std::expected<int, ListenError> open_listener(const ListenOptions& options);

/// An accepted connection; whoever gets it owns the descriptor.
struct Accepted {
  int fd = -1;
  SocketAddress peer;
};

class AcceptHandler {
 public:
  virtual void on_accept(const Accepted& connection) = 0;
  /// Asked before each accept; false leaves connections in the kernel's queue until resume() (a
  /// connection limit is reached).
  virtual bool may_accept() { return true; }
  /// Out of descriptors or memory; accepting goes on after a pause. A chance to close idle ones.
  virtual void on_exhausted() {}

 protected:
  ~AcceptHandler() = default;
};

/// Accepts on a loop, a bounded number each tick.
class Listener final : EventHandler, Deferred {
 public:
  /// Takes the descriptor over; starts at once.
  Listener(Loop& loop, int fd, AcceptHandler& handler);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Goes on after may_accept() was false.
  void resume();
  /// Hands out what waits in the queue already (closing would reset it), then closes.
  void stop();
  /// With the port that the kernel picked.
  const SocketAddress& address() const { return address_; }

 private:
  void on_event(std::uint32_t events) override;
  void run_deferred() override;
  /// False when the queue is empty or accepting must wait.
  bool accept_one();

  Loop& loop_;
  int fd_;
  AcceptHandler& handler_;
  SocketAddress address_;
  Timer backoff_;
};

}  // namespace gwanmun::net
