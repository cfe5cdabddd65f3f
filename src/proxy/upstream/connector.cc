// A connection's beginning.
#include "proxy/upstream/connector.h"

#include <map>
#include <string>
#include <utility>

#include "base/log.h"
#include "net/connect.h"

namespace gwanmun::upstream {

namespace {

std::vector<std::string> alpn_for(Speak speak) {
  switch (speak) {
    case Speak::kHttp1:
      return {"http/1.1"};
    case Speak::kHttp2:
      return {"h2"};
    case Speak::kAny:
      break;
  }
  return {"h2", "http/1.1"};
}

http::Fault fault_of(net::StreamFault fault) {
  switch (fault) {
    case net::StreamFault::kTimeout:
      return http::Fault::kTimeout;
    case net::StreamFault::kTls:
      return http::Fault::kTls;
    default:
      return http::Fault::kConnect;
  }
}

/// What makes two policies the same for TLS.
std::string fingerprint(const snapshot::BackendTls& spec) {
  std::string out = spec.sni + '\n' + spec.ca_pem + '\n';
  for (const std::string& name : spec.subject_alt_names) out += name + '\n';
  if (spec.client_certificate)
    out += spec.client_certificate->chain_pem + spec.client_certificate->key_pem;
  return out;
}

}  // namespace

TlsSetup::TlsSetup(const snapshot::BackendTls& spec) {
  options_.ca_pem = spec.ca_pem;
  options_.server_name = spec.sni;
  for (const std::string& name : spec.subject_alt_names)
    (name.find("://") == std::string::npos ? options_.subject_names : options_.subject_uris)
        .push_back(name);
  if (spec.client_certificate)
    options_.identities.push_back(
        {spec.client_certificate->chain_pem, spec.client_certificate->key_pem});
}

const Result<std::shared_ptr<const net::TlsClientConfig>>& TlsSetup::config(Speak speak) const {
  std::lock_guard lock(mutex_);
  std::optional<Config>& slot = configs_[static_cast<std::size_t>(speak)];
  if (!slot) {
    net::TlsClientOptions options = options_;
    options.alpn = alpn_for(speak);
    slot = net::TlsClientConfig::create(options);
    if (!*slot)
      log::warn("TLS to a backend cannot be set up",
                {{"server_name", options.server_name}, {"error", slot->error().message}});
  }
  return *slot;
}

std::shared_ptr<const TlsSetup> shared_tls_setup(const snapshot::BackendTls& spec) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const TlsSetup>> setups;
  std::lock_guard lock(mutex);
  std::erase_if(setups, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const TlsSetup>& slot = setups[fingerprint(spec)];
  auto setup = slot.lock();
  if (!setup) slot = setup = std::make_shared<const TlsSetup>(spec);
  return setup;
}

Manner make_manner(const snapshot::Cluster& spec) {
  return {spec.protocol, spec.tls ? shared_tls_setup(*spec.tls) : nullptr};
}

net::Task<void> open_connection(Ref<Endpoint> endpoint, Speak speak, bool http2) {
  const auto timeout_ms = static_cast<std::uint64_t>(endpoint->limits().connect_timeout.count());
  const std::uint64_t started_ms = endpoint->loop().now_ms();
  auto stream = co_await net::connect_tcp(endpoint->loop(), endpoint->place().address, timeout_ms);
  if (!stream) co_return endpoint->connect_failed(fault_of(stream.error()), http2);
  if (!endpoint->manner().tls) co_return endpoint->connected(std::move(*stream), http2);

  const auto& config = endpoint->manner().tls->config(speak);
  if (!config) {
    endpoint->loop().dispose(std::move(*stream));
    co_return endpoint->connect_failed(http::Fault::kTls, http2);
  }
  const std::uint64_t used_ms = endpoint->loop().now_ms() - started_ms;
  auto secured = co_await net::connect_tls(std::move(*stream), *config,
                                           used_ms < timeout_ms ? timeout_ms - used_ms : 1);
  if (!secured) co_return endpoint->connect_failed(fault_of(secured.error().fault), http2);
  endpoint->connected(std::move(*secured), http2);
}

}  // namespace gwanmun::upstream
