// Certificates and a blocking TLS client for the proxy's end-to-end tests.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/gateway_for_test.h"
#include "snapshot/snapshot.h"

namespace gwanmun::proxy::testing {

/// A self-signed certificate for one DNS name, its own CA.
inline std::shared_ptr<const snapshot::Certificate> make_certificate(const std::string& name) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1);
  EXPECT_EQ(EVP_PKEY_keygen(context, &key), 1);
  EVP_PKEY_CTX_free(context);

  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509V3_CTX extensions;
  X509V3_set_ctx_nodb(&extensions);
  X509V3_set_ctx(&extensions, certificate, certificate, nullptr, nullptr, 0);
  for (auto [nid, value] : {std::pair<int, std::string>{NID_basic_constraints, "critical,CA:TRUE"},
                            {NID_subject_alt_name, "DNS:" + name}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &extensions, nid, value.data());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());

  auto pem = [](auto write) {
    BIO* bio = BIO_new(BIO_s_mem());
    write(bio);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string out(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
  };
  auto out = std::make_shared<snapshot::Certificate>();
  out->chain_pem = pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  out->key_pem = pem(
      [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

/// A TLS client that believes every certificate and blocks.
class TlsWire {
 public:
  TlsWire(std::uint16_t port, const std::string& sni, std::string_view alpn = "http/1.1")
      : wire_(Wire::to(port)), context_(SSL_CTX_new(TLS_client_method())) {
    ssl_ = SSL_new(context_);
    if (!sni.empty()) SSL_set_tlsext_host_name(ssl_, sni.c_str());
    std::string offer(1, static_cast<char>(alpn.size()));
    offer += alpn;
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
    SSL_set_fd(ssl_, wire_.fd());
    timeval patience{5, 0};
    ::setsockopt(wire_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    shaken_ = SSL_connect(ssl_) == 1;
  }
  ~TlsWire() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsWire(const TlsWire&) = delete;

  bool shaken() const { return shaken_; }
  /// The server certificate's common name.
  std::string peer() const {
    X509* certificate = SSL_get_peer_certificate(ssl_);
    if (!certificate) return "";
    char text[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    X509_free(certificate);
    return text;
  }
  void send(std::string_view data) { SSL_write(ssl_, data.data(), static_cast<int>(data.size())); }
  /// A response whose body comes with its head or soon after.
  Message request(std::string_view host, std::string_view target = "/") {
    send(str_cat("GET ", target, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n"));
    std::string text;
    Message out;
    char data[16384];
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        out.head = text.substr(0, end + 4);
        out.body = text.substr(end + 4);
        const std::string length = out.field("content-length");
        if (length.empty() || out.body.size() >= std::stoul(length)) return out;
      }
      const int n = SSL_read(ssl_, data, sizeof data);
      if (n <= 0) return out;
      text.append(data, static_cast<std::size_t>(n));
    }
  }

 private:
  Wire wire_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool shaken_ = false;
};

}  // namespace gwanmun::proxy::testing
