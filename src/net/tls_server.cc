// TLS termination: which certificate for which name, client certificates, ALPN. Entries with the
// same certificates and rules share one SSL_CTX, which is made once and handed on from
// configuration to configuration.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "net/tls_context.h"

namespace gwanmun::net {

using namespace tls_internal;

namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// Hashes fields so that no two lists of fields look the same.
class Fingerprint {
 public:
  Fingerprint() { text_.reserve(4096); }
  void add(std::string_view field) { text_ += str_cat(field.size(), ":", field); }
  void add(std::uint64_t number) { text_ += str_cat("#", number); }
  Digest digest() const {
    Digest out;
    SHA256(reinterpret_cast<const unsigned char*>(text_.data()), text_.size(), out.data());
    return out;
  }

 private:
  std::string text_;
};

Digest fingerprint(const TlsServerOptions& options, const TlsServerEntry& entry) {
  Fingerprint out;
  for (const auto& identity : entry.identities) {
    out.add(identity.chain_pem);
    out.add(identity.key_pem);
  }
  out.add(static_cast<std::uint64_t>(entry.client_auth));
  out.add(entry.client_ca_pem);
  out.add(alpn_wire(options.alpn));
  out.add(static_cast<std::uint64_t>(options.min_version));
  out.add(static_cast<std::uint64_t>(options.max_version));
  out.add(reinterpret_cast<std::uintptr_t>(options.tickets.get()));
  return out.digest();
}

/// Sessions are only resumed where they were made: at an entry of the same name that judges clients
/// in the same way. Otherwise a session without a certificate would open the door of an entry that
/// demands one.
Digest session_scope(const TlsServerEntry& entry) {
  Fingerprint out;
  for (const auto& host : entry.hosts) out.add(host);
  out.add(static_cast<std::uint64_t>(entry.client_auth));
  out.add(entry.client_ca_pem);
  return out.digest();
}

/// Certificates for the same names, of different key types, ready to use.
struct ServerContext {
  ContextPtr context;
  std::vector<std::string> names;  // DNS names of the certificates, lower-case, sorted
  std::set<int> key_types;

  bool covers(std::string_view name) const {
    auto dot = name.find('.');
    std::string_view rest = dot == name.npos ? std::string_view() : name.substr(dot);
    return std::ranges::any_of(names, [&](std::string_view own) {
      // RFC 6125 §6.4.3: a wildcard stands for the whole leftmost label, and one only.
      return own == name || (own.starts_with("*.") && dot > 0 && own.substr(1) == rest);
    });
  }
};

/// An entry's certificates and rules. Immutable, shared by workers, entries and successive
/// configurations.
struct ServerContexts {
  std::deque<ServerContext> all;  // the first one is for names that no certificate covers
  std::string alpn;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<CertificatePtr> client_cas;
  std::shared_ptr<TlsTicketKeys> tickets;  // the contexts point at them

  const ServerContext& for_name(std::string_view name) const {
    for (const ServerContext& context : all) {
      if (context.covers(name)) return context;
    }
    return all.front();
  }
};

int accept_any(int, X509_STORE_CTX*) { return 1; }

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void* argument) {
  const std::string& ours = static_cast<const ServerContexts*>(argument)->alpn;
  unsigned char* chosen = nullptr;
  int result =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> read_client_auth(ServerContexts& contexts, const TlsServerEntry& entry) {
  contexts.client_auth = entry.client_auth;
  if (entry.client_auth == ClientAuth::kNone) return {};
  if (!entry.client_ca_pem.empty()) {
    GW_TRY(contexts.client_cas, parse_certificates(entry.client_ca_pem));
  } else if (entry.client_auth == ClientAuth::kAllowValidOnly) {
    return fail("client certificates are demanded, but there is no CA to check them with");
  }
  return {};
}

/// An SSL_CTX with everything but certificates.
Result<ContextPtr> make_server_context(const TlsServerOptions& options, ServerContexts& contexts) {
  GW_TRY(ContextPtr out, make_context(true, options.min_version, options.max_version));
  X509_STORE* store = SSL_CTX_get_cert_store(out.get());
  for (const auto& ca : contexts.client_cas) X509_STORE_add_cert(store, ca.get());
  if (!contexts.alpn.empty()) SSL_CTX_set_alpn_select_cb(out.get(), select_alpn, &contexts);
  use_tickets(out.get(), contexts.tickets.get());
  return out;
}

/// Puts an identity to those for the same names, unless they have one of its key type already.
Result<void> add_identity(const TlsServerOptions& options, const TlsIdentity& identity,
                          ServerContexts& contexts) {
  GW_TRY(ParsedIdentity parsed, parse_identity(identity));
  std::vector<std::string> names = dns_names(parsed.chain.front().get());
  auto found = std::ranges::find(contexts.all, names, &ServerContext::names);
  if (found == contexts.all.end()) {
    GW_TRY(ContextPtr made, make_server_context(options, contexts));
    contexts.all.push_back({std::move(made), std::move(names), {}});
    found = contexts.all.end() - 1;
  }
  if (!found->key_types.insert(EVP_PKEY_base_id(parsed.key.get())).second) return {};
  return use_identity(found->context.get(), parsed);
}

Result<std::shared_ptr<const ServerContexts>> make_contexts(const TlsServerOptions& options,
                                                            const TlsServerEntry& entry) {
  auto out = std::make_shared<ServerContexts>();
  out->alpn = alpn_wire(options.alpn);
  out->tickets = options.tickets;
  auto done = read_client_auth(*out, entry);
  for (const TlsIdentity& identity : entry.identities) {
    if (done) done = add_identity(options, identity, *out);
  }
  if (!done) return std::unexpected(done.error());
  if (out->all.empty()) return fail("no certificate");
  return out;
}

class ServerConfig final : public TlsServerConfig {
 public:
  Result<void> build(const TlsServerOptions& options, const ServerConfig* previous) {
    GW_TRY(base_, make_context(true, options.min_version, options.max_version));
    SSL_CTX_set_client_hello_cb(base_.get(), on_hello, this);
    tickets_ = options.tickets;
    use_tickets(base_.get(), tickets_.get());
    for (const TlsServerEntry& entry : options.entries) {
      Digest key = fingerprint(options, entry);
      auto& slot = contexts_[key];
      if (previous && previous->contexts_.contains(key)) slot = previous->contexts_.at(key);
      if (!slot) {
        auto made = make_contexts(options, entry);
        if (!made) {
          std::string host = entry.hosts.empty() ? "" : entry.hosts.front();
          return fail(str_cat("TLS for host \"", host, "\": ", made.error().message));
        }
        slot = *std::move(made);
      }
      entries_.push_back({entry.id, session_scope(entry), slot.get()});
      for (const std::string& host : entry.hosts) add_host(host, entries_.back());
    }
    return {};
  }

  SslPtr make() const {
    SslPtr ssl(SSL_new(base_.get()));
    if (ssl) SSL_set_accept_state(ssl.get());
    return ssl;
  }

 private:
  struct Entry {
    std::uint64_t id;
    Digest scope;  // of its sessions
    const ServerContexts* contexts;
  };
  using Hosts = std::map<std::string, const Entry*, std::less<>>;

  void add_host(std::string_view host, const Entry& entry) {
    if (host.empty()) {
      if (!any_) any_ = &entry;
    } else if (host.starts_with("*.")) {
      wildcards_.emplace(to_lower(host.substr(1)), &entry);
    } else {
      exact_.emplace(to_lower(host), &entry);
    }
  }

  const Entry* find(std::string_view name) const {
    if (auto found = exact_.find(name); found != exact_.end()) return found->second;
    // "*.example.com" covers any number of labels in its place: the longest suffix wins.
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
      auto found = wildcards_.find(name.substr(dot));
      if (found != wildcards_.end() && dot > 0) return found->second;
    }
    return any_;
  }

  /// The host name of the hello's server_name extension (RFC 6066 §3), lower-case and without a
  /// trailing dot; empty without one. False when the extension is malformed.
  static bool read_sni(SSL* ssl, std::string& out) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size)) return true;
    if (size < 5) return false;
    std::size_t list = static_cast<std::size_t>(data[0]) << 8 | data[1];
    std::size_t name = static_cast<std::size_t>(data[3]) << 8 | data[4];
    if (list != size - 2 || data[2] != TLSEXT_NAMETYPE_host_name || name != size - 5) return false;
    if (name == 0 || name > 255) return false;
    out = to_lower(std::string_view(reinterpret_cast<const char*>(data + 5), name));
    if (out.find('\0') != out.npos) return false;
    if (out.ends_with('.')) out.pop_back();
    return true;
  }

  static int on_hello(SSL* ssl, int* alert, void* argument) {
    auto* self = static_cast<const ServerConfig*>(argument);
    HandshakeState& state = *state_of(ssl);
    if (!read_sni(ssl, state.sni)) {
      *alert = SSL_AD_DECODE_ERROR;
      return SSL_CLIENT_HELLO_ERROR;
    }
    const Entry* entry = self->find(state.sni);
    if (!entry) {
      *alert = SSL_AD_UNRECOGNIZED_NAME;
      return SSL_CLIENT_HELLO_ERROR;
    }
    state.entry = entry->id;
    return apply(ssl, *entry, state.sni) ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
  }

  static bool apply(SSL* ssl, const Entry& entry, std::string_view name) {
    const ServerContexts& contexts = *entry.contexts;
    if (!SSL_set_SSL_CTX(ssl, contexts.for_name(name).context.get())) return false;
    if (!SSL_set_session_id_context(ssl, entry.scope.data(), entry.scope.size())) return false;
    if (contexts.client_auth == ClientAuth::kNone) return true;
    bool strict = contexts.client_auth == ClientAuth::kAllowValidOnly;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | (strict ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                   strict ? nullptr : accept_any);
    // Clients choose a certificate by the names of the CAs.
    for (const auto& ca : contexts.client_cas) SSL_add_client_CA(ssl, ca.get());
    return true;
  }

  std::map<Digest, std::shared_ptr<const ServerContexts>> contexts_;
  ContextPtr base_;
  std::shared_ptr<TlsTicketKeys> tickets_;
  std::deque<Entry> entries_;
  Hosts exact_;
  Hosts wildcards_;  // ".example.com"
  const Entry* any_ = nullptr;
};

}  // namespace

Result<std::shared_ptr<const TlsServerConfig>> TlsServerConfig::create(
    const TlsServerOptions& options, const TlsServerConfig* previous) {
  auto config = std::make_shared<ServerConfig>();
  auto built = config->build(options, static_cast<const ServerConfig*>(previous));
  if (!built) return std::unexpected(built.error());
  return config;
}

SslPtr tls_internal::make_server_ssl(const TlsServerConfig& config) {
  return static_cast<const ServerConfig&>(config).make();
}

}  // namespace gwanmun::net
