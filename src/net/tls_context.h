// What both sides of TLS share: owning handles of the library's objects, and the making of an
// SSL_CTX with our rules. Used by the tls_*.cc files only; everything that differs between AWS-LC
// and OpenSSL is behind these functions or in tls_tickets.cc.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls.h"

namespace gwanmun::net::tls_internal {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Release<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Release<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Release<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Release<SSL_SESSION_free>>;

/// The oldest queued error of the library in words, and an empty queue: "no shared cipher".
std::string take_error(std::string_view otherwise);

/// A context with our versions, suites and groups, for either side.
Result<ContextPtr> make_context(bool server, TlsVersion min, TlsVersion max);

struct ParsedIdentity {
  std::vector<CertificatePtr> chain;  // leaf first
  KeyPtr key;
};
/// Parses, and checks that the key belongs to the leaf.
Result<ParsedIdentity> parse_identity(const TlsIdentity& identity);
Result<void> use_identity(SSL_CTX* context, const ParsedIdentity& identity);
/// All certificates of a PEM text; at least one.
Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem);

/// ALPN's wire form: each name behind its length.
std::string alpn_wire(const std::vector<std::string>& names);

/// The subject's alternative names of one kind (GEN_DNS, GEN_URI), as they are written.
std::vector<std::string> subject_names(X509* certificate, int kind);
/// The DNS names, lower-case, sorted.
std::vector<std::string> dns_names(X509* certificate);

/// An RFC 2253 subject.
std::string subject_of(X509* certificate);

/// Kept by a stream while it shakes hands; filled by the configuration's callbacks.
struct HandshakeState {
  std::string sni;
  std::uint64_t entry = 0;
};
/// The callbacks find the state of their connection by these.
void set_state(SSL* ssl, HandshakeState* state);
HandshakeState* state_of(const SSL* ssl);

/// Server: a connection that will pick its entry by the client's hello.
SslPtr make_server_ssl(const TlsServerConfig& config);
/// Client: a connection with SNI, ALPN and maybe a session to resume.
SslPtr make_client_ssl(const TlsClientConfig& config);
/// After the handshake: is the certificate one of the names we want? An error says what it has.
Result<void> check_server_name(const TlsClientConfig& config, const SSL* ssl);

/// Makes and opens this context's tickets with `keys` (null: no tickets).
void use_tickets(SSL_CTX* context, TlsTicketKeys* keys);

}  // namespace gwanmun::net::tls_internal
