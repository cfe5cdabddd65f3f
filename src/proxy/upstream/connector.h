// Opening connections to endpoints: TCP, then TLS where the cluster has it. Used by Endpoint and
// Cluster only.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "net/task.h"
#include "net/tls.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/lease.h"
#include "snapshot/snapshot.h"

namespace gwanmun::upstream {

/// TLS to one cluster, shared by the workers. What it offers by ALPN depends on what a request
/// needs of its connection. Any thread.
class TlsSetup {
 public:
  explicit TlsSetup(const snapshot::BackendTls& spec);
  /// Made at first use; an error (a CA that does not parse) stays one.
  const Result<std::shared_ptr<const net::TlsClientConfig>>& config(Speak speak) const;

 private:
  using Config = Result<std::shared_ptr<const net::TlsClientConfig>>;
  net::TlsClientOptions options_;
  mutable std::mutex mutex_;
  mutable std::array<std::optional<Config>, 3> configs_;  // by Speak
};

/// The setup of that policy; the same one for all workers while anybody uses it. Any thread.
std::shared_ptr<const TlsSetup> shared_tls_setup(const snapshot::BackendTls& spec);

Manner make_manner(const snapshot::Cluster& spec);

/// Connects and tells the endpoint: connected() or connect_failed().
/// `speak` is what ALPN offers, `http2` what the connection was wanted for.
net::Task<void> open_connection(Ref<Endpoint> endpoint, Speak speak, bool http2);

}  // namespace gwanmun::upstream
