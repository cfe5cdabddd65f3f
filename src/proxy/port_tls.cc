// Listeners as TLS entries.
#include "proxy/port_tls.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace gwanmun::proxy {

namespace {

net::ClientAuth client_auth(snapshot::ClientValidation validation) {
  switch (validation) {
    case snapshot::ClientValidation::kNone:
      return net::ClientAuth::kNone;
    case snapshot::ClientValidation::kAllowValidOnly:
      return net::ClientAuth::kAllowValidOnly;
    case snapshot::ClientValidation::kAllowInsecureFallback:
      return net::ClientAuth::kAllowInsecureFallback;
  }
  return net::ClientAuth::kAllowValidOnly;
}

net::TlsServerEntry make_entry(const std::string& hostname, const snapshot::ListenerTls& tls) {
  net::TlsServerEntry entry;
  entry.hosts = {hostname};
  for (const auto& certificate : tls.certificates)
    entry.identities.push_back({certificate->chain_pem, certificate->key_pem});
  entry.client_auth = client_auth(tls.client_validation);
  entry.client_ca_pem = tls.client_ca_pem;
  return entry;
}

/// Translation lets no such entry through; if one comes all the same, the others must not suffer.
bool usable(const net::TlsServerEntry& entry) {
  const bool identities =
      std::all_of(entry.identities.begin(), entry.identities.end(),
                  [](const auto& identity) { return net::check_identity(identity).has_value(); });
  const bool ca = entry.client_ca_pem.empty() || net::check_ca(entry.client_ca_pem).has_value();
  return identities && ca && !entry.identities.empty();
}

}  // namespace

bool is_secure(const PortRouter& port) {
  return std::any_of(port.listeners().begin(), port.listeners().end(), [](const auto& listener) {
    return listener->spec->protocol == snapshot::Protocol::kHttps;
  });
}

const std::shared_ptr<const net::TlsServerConfig>& PortTls::update(
    const PortRouter& port, const std::shared_ptr<net::TlsTicketKeys>& tickets) {
  std::vector<Part> parts;
  for (const auto& listener : port.listeners())
    if (listener->spec->tls && !listener->spec->tls->certificates.empty())
      parts.push_back({listener->spec->hostname, *listener->spec->tls});
  if (config_ && parts == parts_) return config_;
  parts_ = std::move(parts);
  net::TlsServerOptions options;
  options.tickets = tickets;
  for (const Part& part : parts_) options.entries.push_back(make_entry(part.hostname, part.tls));
  auto made = net::TlsServerConfig::create(options, config_.get());
  if (!made) {
    log::error("a listener's TLS cannot be set up", {{"error", made.error().message}});
    std::erase_if(options.entries, [](const auto& entry) { return !usable(entry); });
    made = net::TlsServerConfig::create(options, config_.get());
  }
  config_ = made && !options.entries.empty() ? *made : nullptr;
  return config_;
}

}  // namespace gwanmun::proxy
