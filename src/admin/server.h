// The admin server: health, metrics and the configuration over HTTP/1.1, on a thread and loop of
// its own so that a scrape never costs a request anything. Started by cli/.
#pragma once

#include <memory>
#include <string>

#include "admin/pages.h"
#include "base/result.h"
#include "net/address.h"

namespace gwanmun::proxy {
class Server;
}

namespace gwanmun::admin {

struct Options {
  /// "127.0.0.1:19000", "[::1]:0", ":19000" (all addresses).
  std::string address = "127.0.0.1:19000";
};

/// What a running data plane says; it must outlive the admin server.
Sources sources_of(proxy::Server& server);

class Server {
 public:
  /// The error names the address: not an address, taken, no permission.
  static Result<std::unique_ptr<Server>> start(const Options& options, Sources sources);
  /// Ends what runs.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// As bound, with the port that the kernel picked for 0.
  const net::SocketAddress& address() const;
  /// From now on /readyz says 503, so that no new clients are sent here. Any thread.
  void set_draining();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gwanmun::admin
