// DNS for backends by name (ExternalName Services, XBackends), through c-ares on the loop; reads
// /etc/hosts first. One Resolver a loop. Never blocks, caches nothing: the caller keeps what it
// asked for as long as its TTL says.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/task.h"

namespace gwanmun::net {

struct Resolution {
  std::vector<IpAddress> addresses;  // A and AAAA, never empty, without duplicates
  std::uint32_t ttl_seconds = 0;     // the shortest of them, within the bounds of limits.h
};

enum class ResolveFault : std::uint8_t {
  kNotFound,  // the name does not exist, or has no address
  kTimeout,   // no server answered in time
  kFailed,    // SERVFAIL, REFUSED, malformed answers, not a name
};
std::string_view to_string(ResolveFault fault);

struct ResolverOptions {
  /// "10.0.0.10:53", in order; empty: as /etc/resolv.conf says.
  std::vector<SocketAddress> servers;
  int try_ms = 0;  // 0: kDnsTryMs
  int tries = 0;   // 0: kDnsTries
};

class Resolver {
 public:
  static Result<std::unique_ptr<Resolver>> create(Loop& loop, const ResolverOptions& options = {});
  /// Requests under way end with kFailed (their coroutines are queued on the loop).
  virtual ~Resolver() = default;
  /// Both address families at once. An IP literal resolves to itself.
  virtual Task<std::expected<Resolution, ResolveFault>> resolve(std::string name) = 0;
};

}  // namespace gwanmun::net
