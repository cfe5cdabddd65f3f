// Where the pages' numbers come from in a running gateway.
#include "admin/server.h"
#include "proxy/server.h"

namespace gwanmun::admin {

Sources sources_of(proxy::Server& server) {
  return {[&server] { return server.snapshot(); },
          [&server](std::int64_t now) { return server.metrics().prometheus(now); }};
}

}  // namespace gwanmun::admin
