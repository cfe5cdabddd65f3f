// See certificates.h.
#include "control/translate/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "control/translate/limits.h"

namespace gwanmun::translate {

namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* value) const {
    kFree(value);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
/// A key that is encrypted is refused rather than asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

/// The first certificate of a PEM text; all others must parse, too.
Certificate read_chain(const std::string& text, std::string& problem) {
  Bio bio = reader(text);
  Certificate first;
  int count = 0;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    if (++count > kMaxChainCertificates) {
      problem = "holds too many certificates";
      return nullptr;
    }
    if (!first) first = std::move(next);
  }
  auto error = ERR_peek_last_error();
  bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!first) problem = "holds no certificate in PEM form";
  else if (!at_end) problem = "holds a certificate that does not parse";
  return problem.empty() ? std::move(first) : nullptr;
}

}  // namespace

std::optional<std::string> certificate_problem(const std::string& chain, const std::string& key) {
  if (chain.size() > kMaxPemBytes || key.size() > kMaxPemBytes) return "is too large";
  std::string problem;
  Certificate certificate = read_chain(chain, problem);
  if (!certificate) return "tls.crt " + problem;
  Bio bio = reader(key);
  Key parsed(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  bool matches = parsed && X509_check_private_key(certificate.get(), parsed.get()) == 1;
  ERR_clear_error();
  if (!parsed) return "tls.key holds no private key in PEM form (encrypted keys are not read)";
  if (!matches) return "tls.key is not the key of the certificate in tls.crt";
  return std::nullopt;
}

std::optional<std::string> ca_problem(const std::string& bundle) {
  if (bundle.size() > kMaxPemBytes) return "is too large";
  std::string problem;
  if (!read_chain(bundle, problem)) return problem;
  return std::nullopt;
}

}  // namespace gwanmun::translate
