// Session ticket keys: one set for the process, rotated by time. A ticket is AES-256-CBC with
// HMAC-SHA-256 in the library's own format; we only provide the keys (RFC 5077 §4).
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#if !defined(OPENSSL_IS_AWSLC)
#include <openssl/core_names.h>
#endif

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "net/limits.h"
#include "net/loop.h"
#include "net/tls_context.h"

namespace gwanmun::net {

namespace {

struct TicketKey {
  unsigned char name[16];
  unsigned char aes[32];
  unsigned char hmac[32];
  std::uint64_t made_ms;
};

class RotatingKeys final : public TlsTicketKeys {
 public:
  explicit RotatingKeys(std::uint64_t (*clock)()) : clock_(clock) { add(clock_()); }

  TicketKey newest() {
    std::lock_guard lock(mutex_);
    std::uint64_t now = clock_();
    if (now - keys_.front().made_ms >= kTicketKeyMs) add(now);
    return keys_.front();
  }

  /// With whether it is the newest one (another means: give the client a new ticket).
  std::optional<std::pair<TicketKey, bool>> find(const unsigned char* name) {
    std::lock_guard lock(mutex_);
    std::uint64_t now = clock_();
    for (const TicketKey& key : keys_) {
      if (std::memcmp(key.name, name, sizeof key.name) != 0) continue;
      if (now - key.made_ms >= kTicketKeys * kTicketKeyMs) return std::nullopt;
      return std::pair(key, &key == &keys_.front());
    }
    return std::nullopt;
  }

 private:
  void add(std::uint64_t now) {
    TicketKey key{};
    bool random = RAND_bytes(key.name, sizeof key.name) == 1 &&
                  RAND_bytes(key.aes, sizeof key.aes) == 1 &&
                  RAND_bytes(key.hmac, sizeof key.hmac) == 1;
    if (!random) std::abort();  // predictable ticket keys would give every session away
    key.made_ms = now;
    keys_.insert(keys_.begin(), key);
    if (keys_.size() > kTicketKeys) keys_.pop_back();
  }

  std::uint64_t (*const clock_)();
  std::mutex mutex_;
  std::vector<TicketKey> keys_;  // newest first; guarded by mutex_
};

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

#if defined(OPENSSL_IS_AWSLC)
using MacContext = HMAC_CTX;
bool start_mac(MacContext* mac, TicketKey& key) {
  return HMAC_Init_ex(mac, key.hmac, sizeof key.hmac, EVP_sha256(), nullptr) == 1;
}
#else
using MacContext = EVP_MAC_CTX;
bool start_mac(MacContext* mac, TicketKey& key) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.hmac, sizeof key.hmac),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}
#endif

/// The library's callback: 1 done, 2 done but renew, 0 not one of ours, -1 broken.
int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               MacContext* mac, int encrypt) {
  auto* keys = static_cast<RotatingKeys*>(
      static_cast<TlsTicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index())));
  if (!keys) return encrypt ? -1 : 0;
  if (encrypt) {
    TicketKey key = keys->newest();
    std::memcpy(name, key.name, sizeof key.name);
    bool good = RAND_bytes(iv, 16) == 1 &&
                EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.aes, iv) == 1 &&
                start_mac(mac, key);
    return good ? 1 : -1;
  }
  auto found = keys->find(name);
  if (!found) return 0;
  bool good = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->first.aes, iv) == 1 &&
              start_mac(mac, found->first);
  if (!good) return -1;
  return found->second ? 1 : 2;
}

}  // namespace

std::shared_ptr<TlsTicketKeys> TlsTicketKeys::create(std::uint64_t (*now_ms)()) {
  return std::make_shared<RotatingKeys>(now_ms ? now_ms : [] { return Loop::now_us() / 1000; });
}

void tls_internal::use_tickets(SSL_CTX* context, TlsTicketKeys* keys) {
  if (!keys) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_ex_data(context, context_index(), keys);
  SSL_CTX_set_timeout(context, kTicketKeyMs / 1000);
  SSL_CTX_set_num_tickets(context, kTicketsPerHandshake);
#if defined(OPENSSL_IS_AWSLC)
  SSL_CTX_set_tlsext_ticket_key_cb(context, ticket_key);
#else
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key);
#endif
}

}  // namespace gwanmun::net
