// TLS to upstreams: whom to trust, which name to expect, sessions to resume.
#include <openssl/x509v3.h>

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "net/address.h"
#include "net/tls_context.h"

namespace gwanmun::net {

using namespace tls_internal;

namespace {

/// Sessions that servers gave us. Those of TLS 1.3 are used once (RFC 8446 §C.4).
class SessionStore {
 public:
  void put(SessionPtr session) {
    std::lock_guard lock(mutex_);
    if (sessions_.size() == kClientSessions) sessions_.erase(sessions_.begin());
    sessions_.push_back(std::move(session));
  }

  SessionPtr take() {
    std::lock_guard lock(mutex_);
    if (sessions_.empty()) return nullptr;
    SSL_SESSION* last = sessions_.back().get();
    if (SSL_SESSION_get_protocol_version(last) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(last);
      return SessionPtr(last);
    }
    SessionPtr out = std::move(sessions_.back());
    sessions_.pop_back();
    return out;
  }

 private:
  std::mutex mutex_;
  std::vector<SessionPtr> sessions_;  // guarded by mutex_; the newest last
};

int store_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* store =
      static_cast<SessionStore*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), store_index()));
  store->put(SessionPtr(session));
  return 1;  // ours now
}

bool has_name(X509* certificate, const std::string& name) {
  if (IpAddress::parse(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  constexpr unsigned kFlags =
      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return X509_check_host(certificate, name.data(), name.size(), kFlags, nullptr) == 1;
}

bool has_uri(X509* certificate, const std::vector<std::string>& uris) {
  if (uris.empty()) return false;
  return std::ranges::any_of(subject_names(certificate, GEN_URI), [&](const std::string& uri) {
    return std::ranges::find(uris, uri) != uris.end();
  });
}

class ClientConfig final : public TlsClientConfig {
 public:
  Result<void> build(const TlsClientOptions& options) {
    GW_TRY(context_, make_context(false, options.min_version, options.max_version));
    SSL_CTX* raw = context_.get();
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (options.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(raw);
    } else {
      GW_TRY(auto cas, parse_certificates(options.ca_pem));
      for (const auto& ca : cas) X509_STORE_add_cert(SSL_CTX_get_cert_store(raw), ca.get());
    }
    if (!options.identities.empty()) {
      GW_TRY(ParsedIdentity identity, parse_identity(options.identities.front()));
      auto used = use_identity(raw, identity);
      if (!used) return used;
    }
    std::string alpn = alpn_wire(options.alpn);
    if (!alpn.empty()) {  // returns 0 when it worked
      SSL_CTX_set_alpn_protos(raw, reinterpret_cast<const unsigned char*>(alpn.data()),
                              static_cast<unsigned>(alpn.size()));
    }
    SSL_CTX_set_ex_data(raw, store_index(), &sessions_);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(raw, on_new_session);
    server_name_ = options.server_name;
    names_ = options.subject_names;
    uris_ = options.subject_uris;
    if (names_.empty() && uris_.empty()) names_.push_back(server_name_);
    return {};
  }

  SslPtr make() const {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    SSL_set_connect_state(ssl.get());
    // RFC 6066 §3: an address is no server name.
    if (!server_name_.empty() && !IpAddress::parse(server_name_)) {
      SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str());
    }
    if (SessionPtr session = sessions_.take()) SSL_set_session(ssl.get(), session.get());
    return ssl;
  }

  Result<void> check(X509* certificate) const {
    if (!certificate) return fail("the server sent no certificate");
    for (const std::string& name : names_) {
      if (has_name(certificate, name)) return {};
    }
    if (has_uri(certificate, uris_)) return {};
    std::vector<std::string> wanted = names_;
    wanted.insert(wanted.end(), uris_.begin(), uris_.end());
    return fail(str_cat("the server's certificate (", subject_of(certificate), ") is not for ",
                        join(wanted, " or ")));
  }

 private:
  ContextPtr context_;
  mutable SessionStore sessions_;
  std::string server_name_;
  std::vector<std::string> names_;
  std::vector<std::string> uris_;
};

}  // namespace

Result<std::shared_ptr<const TlsClientConfig>> TlsClientConfig::create(
    const TlsClientOptions& options) {
  auto config = std::make_shared<ClientConfig>();
  auto built = config->build(options);
  if (!built) return std::unexpected(built.error());
  return config;
}

SslPtr tls_internal::make_client_ssl(const TlsClientConfig& config) {
  return static_cast<const ClientConfig&>(config).make();
}

Result<void> tls_internal::check_server_name(const TlsClientConfig& config, const SSL* ssl) {
  CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  return static_cast<const ClientConfig&>(config).check(certificate.get());
}

}  // namespace gwanmun::net
