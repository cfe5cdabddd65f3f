// Making SSL_CTX objects by our rules, and reading PEM.
#include "net/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gwanmun::net {

using namespace tls_internal;

namespace {

// Forward secret and AEAD, for both certificate types; AES first because it is the fastest where
// the processor helps, and the client's own order does not count.
constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
#if defined(OPENSSL_IS_AWSLC)
constexpr const char* kGroups = "X25519MLKEM768:X25519:P-256:P-384";
#else
constexpr const char* kGroups = "X25519:P-256:P-384";
#endif

int version_number(TlsVersion version) {
  return version == TlsVersion::k12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/// A key with a passphrase is refused; the library's default would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

BioPtr memory_bio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

std::string tls_internal::take_error(std::string_view otherwise) {
  auto code = ERR_peek_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  if (!reason) return std::string(otherwise);
  std::string out = to_lower(reason);  // AWS-LC says NO_SHARED_CIPHER
  for (char& c : out) {
    if (c == '_') c = ' ';
  }
  return out;
}

Result<ContextPtr> tls_internal::make_context(bool server, TlsVersion min, TlsVersion max) {
  ContextPtr context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(take_error("out of memory"));
  SSL_CTX* raw = context.get();
  bool good = SSL_CTX_set_min_proto_version(raw, version_number(min)) &&
              SSL_CTX_set_max_proto_version(raw, version_number(max)) &&
              SSL_CTX_set_cipher_list(raw, kTls12Suites) &&
              SSL_CTX_set_ciphersuites(raw, kTls13Suites) && SSL_CTX_set1_groups_list(raw, kGroups);
  if (!good) return fail(take_error("the TLS library refuses our settings"));
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  return context;
}

Result<std::vector<CertificatePtr>> tls_internal::parse_certificates(std::string_view pem) {
  BioPtr bio = memory_bio(pem);
  std::vector<CertificatePtr> out;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    out.emplace_back(certificate);
  }
  // The end of the text shows as "no start line"; anything else is a broken block.
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string reason = take_error("not PEM");
  if (out.empty()) return fail("no PEM certificate found");
  if (!at_end) return fail(str_cat("certificate ", out.size() + 1, " cannot be read: ", reason));
  return out;
}

Result<ParsedIdentity> tls_internal::parse_identity(const TlsIdentity& identity) {
  ParsedIdentity out;
  GW_TRY(out.chain, parse_certificates(identity.chain_pem));
  BioPtr bio = memory_bio(identity.key_pem);
  out.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!out.key) return fail(str_cat("private key cannot be read: ", take_error("not PEM")));
  if (X509_check_private_key(out.chain.front().get(), out.key.get()) != 1) {
    ERR_clear_error();
    return fail("the private key does not belong to the certificate");
  }
  return out;
}

Result<void> tls_internal::use_identity(SSL_CTX* context, const ParsedIdentity& identity) {
  bool good = SSL_CTX_use_certificate(context, identity.chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1;
  for (std::size_t i = 1; good && i < identity.chain.size(); ++i) {
    good = SSL_CTX_add1_chain_cert(context, identity.chain[i].get()) == 1;
  }
  if (!good) return fail(take_error("the TLS library refuses the certificate"));
  return {};
}

std::string tls_internal::alpn_wire(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += static_cast<char>(name.size());
    out += name;
  }
  return out;
}

std::vector<std::string> tls_internal::subject_names(X509* certificate, int kind) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (!names) return out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(sk_GENERAL_NAME_num(names)); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, static_cast<int>(i));
    if (name->type != kind) continue;
    const ASN1_IA5STRING* value = name->d.ia5;
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  GENERAL_NAMES_free(names);
  return out;
}

std::vector<std::string> tls_internal::dns_names(X509* certificate) {
  std::vector<std::string> out;
  for (const std::string& name : subject_names(certificate, GEN_DNS)) out.push_back(to_lower(name));
  std::ranges::sort(out);
  return out;
}

std::string tls_internal::subject_of(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void tls_internal::set_state(SSL* ssl, HandshakeState* state) { SSL_set_app_data(ssl, state); }

HandshakeState* tls_internal::state_of(const SSL* ssl) {
  return static_cast<HandshakeState*>(SSL_get_app_data(const_cast<SSL*>(ssl)));
}

Result<void> check_identity(const TlsIdentity& identity) {
  auto parsed = parse_identity(identity);
  if (!parsed) return std::unexpected(parsed.error());
  auto context = make_context(true, TlsVersion::k12, TlsVersion::k13);
  if (!context) return std::unexpected(context.error());
  return use_identity(context->get(), *parsed);
}

Result<void> check_ca(std::string_view ca_pem) {
  auto parsed = parse_certificates(ca_pem);
  if (!parsed) return std::unexpected(parsed.error());
  return {};
}

std::string tls_library() {
#if defined(OPENSSL_IS_AWSLC)
  return "AWS-LC " AWSLC_VERSION_NUMBER_STRING;
#else
  return str_cat("OpenSSL ", OpenSSL_version(OPENSSL_VERSION_STRING));
#endif
}

}  // namespace gwanmun::net
