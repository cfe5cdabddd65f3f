// What the admin address answers: one function from a request to a page. Called by admin/server;
// no I/O, no sockets. Read-only: nothing here changes what the gateway does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"
#include "snapshot/snapshot.h"

namespace gwanmun::admin {

/// Where the numbers come from. Called on the admin server's thread.
struct Sources {
  /// What all workers run; nullptr before the first configuration is applied.
  std::function<std::shared_ptr<const snapshot::Snapshot>()> snapshot;
  /// Prometheus text.
  std::function<std::string(std::int64_t now_unix_seconds)> metrics;
};

struct State {
  bool draining = false;
  /// Bound to loopback: then only names of this machine are answered, so that a web page in a
  /// browser here cannot read the configuration through a name it controls (DNS rebinding).
  bool local_only = true;
  std::int64_t now_unix_seconds = 0;
};

/// Views are literals.
struct Page {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// `/`, `/healthz`, `/readyz`, `/metrics`, `/config` (`?format=yaml`); GET and HEAD.
Page answer(const http::RequestHead& request, const Sources& sources, const State& state);

}  // namespace gwanmun::admin
