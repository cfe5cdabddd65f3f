// TLS on both sides, behind one interface for AWS-LC and OpenSSL 3: termination for listeners,
// origination to upstreams. Configurations are immutable and shared by all workers; a new one
// affects new handshakes only, running connections keep theirs alive.
//
// Always: TLS 1.2 and 1.3 only, forward-secret AEAD suites only, no renegotiation, no compression,
// no early data. An idle connection holds no record buffer.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/limits.h"
#include "net/stream.h"
#include "net/task.h"

namespace gwanmun::net {

enum class TlsVersion : std::uint8_t { k12, k13 };

/// A certificate chain (leaf first) and its private key, PEM.
struct TlsIdentity {
  std::string chain_pem;
  std::string key_pem;
  bool operator==(const TlsIdentity&) const = default;
};

/// The first thing wrong with an identity (not PEM, key and certificate that do not match, ...),
/// for diagnostics; or nothing.
Result<void> check_identity(const TlsIdentity& identity);
/// At least one certificate, all of them readable.
Result<void> check_ca(std::string_view ca_pem);

enum class ClientAuth : std::uint8_t {
  kNone,
  kAllowValidOnly,        // the handshake fails without a certificate that our CA vouches for
  kAllowInsecureFallback  // asked for; none or any is let in (TlsInfo::peer_verified says)
};

/// What one listener presents to the clients whose SNI it matches.
struct TlsServerEntry {
  std::uint64_t id = 0;            // the caller's own; ends up in TlsInfo::entry
  std::vector<std::string> hosts;  // "a.example.com", "*.example.com", "" for any (and no SNI)
  /// By SNI the first whose certificate names the host, else the first; of those for the same names
  /// RSA and ECDSA stand side by side (one of each), as the client can.
  std::vector<TlsIdentity> identities;
  ClientAuth client_auth = ClientAuth::kNone;
  std::string client_ca_pem;
  bool operator==(const TlsServerEntry&) const = default;
};

/// Keys of session tickets: made here, rotated by time, shared by all workers and outliving every
/// configuration, so that a client resumes on any of them. Any thread.
class TlsTicketKeys {
 public:
  /// `now_ms`: a monotonic clock (tests); null: the system's.
  static std::shared_ptr<TlsTicketKeys> create(std::uint64_t (*now_ms)() = nullptr);
  virtual ~TlsTicketKeys() = default;
};

struct TlsServerOptions {
  std::vector<TlsServerEntry> entries;
  std::vector<std::string> alpn = {"h2", "http/1.1"};  // in order of our preference
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  std::shared_ptr<TlsTicketKeys> tickets;  // null: no resumption
};

/// One port's TLS. An exact host beats a wildcard, a longer wildcard a shorter one, any wildcard
/// the
/// "" entry; without a match the handshake ends with unrecognized_name. A client that offers ALPN
/// without a protocol of ours is refused with no_application_protocol (alert 120).
class TlsServerConfig {
 public:
  /// Certificates and rules equal to some of `previous` (may be null) are taken over from it, not
  /// parsed again. An error names the entry's host.
  static Result<std::shared_ptr<const TlsServerConfig>> create(
      const TlsServerOptions& options, const TlsServerConfig* previous = nullptr);
  virtual ~TlsServerConfig() = default;
};

struct TlsClientOptions {
  std::string ca_pem;                      // empty: the system's certificates
  std::string server_name;                 // SNI, and checked against the certificate's DNS names
  std::vector<std::string> subject_names;  // if any: DNS names to check instead; one must match
  std::vector<std::string> subject_uris;   // or URI names (GEP-1897 subjectAltNames)
  std::vector<std::string> alpn;
  std::vector<TlsIdentity> identities;  // client certificate: none or one
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  bool operator==(const TlsClientOptions&) const = default;
};

/// TLS to one upstream; remembers sessions for resumption. Any thread.
class TlsClientConfig {
 public:
  static Result<std::shared_ptr<const TlsClientConfig>> create(const TlsClientOptions& options);
  virtual ~TlsClientConfig() = default;
};

/// Why a handshake failed; the transport is closed already.
struct TlsError {
  StreamFault fault = StreamFault::kTls;  // kTls, kTimeout, or the transport's own
  std::string reason;                     // "no shared cipher"; for logs
};

using TlsResult = std::expected<std::unique_ptr<Stream>, TlsError>;

/// Takes an accepted stream (without a handler, or with one that left the first TLS bytes unused)
/// and shakes hands as the server. The result has no handler yet.
Task<TlsResult> accept_tls(std::unique_ptr<Stream> transport,
                           std::shared_ptr<const TlsServerConfig> config,
                           std::uint64_t timeout_ms = kTlsHandshakeMs);

/// The same as the client. The server's certificate is always checked.
Task<TlsResult> connect_tls(std::unique_ptr<Stream> transport,
                            std::shared_ptr<const TlsClientConfig> config,
                            std::uint64_t timeout_ms = kTlsHandshakeMs);

/// "AWS-LC 1.2.3" or "OpenSSL 3.0.22", for `gwanmun version`.
std::string tls_library();

}  // namespace gwanmun::net
