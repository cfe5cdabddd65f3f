// TLS with real handshakes over loopback sockets: who gets which certificate, what is refused, what
// is resumed, and that the stream's contract holds on top of it.
#include "net/tls.h"

#include <gmock/gmock.h>
#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/test_util.h"
#include "net/tls_context.h"
#include "net/tls_test_util.h"

namespace gwanmun::net {

using namespace tls_internal;

namespace testing {

namespace {

KeyPtr make_key(bool rsa) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(rsa ? EVP_PKEY_RSA : EVP_PKEY_EC, nullptr);
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(1, EVP_PKEY_keygen_init(context));
  if (rsa) {
    EXPECT_EQ(1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048));
  } else {
    EXPECT_EQ(1, EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1));
  }
  EXPECT_EQ(1, EVP_PKEY_keygen(context, &key));
  EVP_PKEY_CTX_free(context);
  return KeyPtr(key);
}

CertificatePtr make_certificate(const CertificateOptions& options, EVP_PKEY* key, X509* issuer,
                                EVP_PKEY* issuer_key) {
  static long serial = 1;
  CertificatePtr out(X509_new());
  X509_set_version(out.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), options.expired ? -3600 : 3600);
  X509_set_pubkey(out.get(), key);
  X509_NAME* name = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(out.get(), issuer ? X509_get_subject_name(issuer) : name);
  auto add = [&](int nid, std::string value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer ? issuer : out.get(), out.get(), nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.data());
    EXPECT_NE(nullptr, extension);
    X509_add_ext(out.get(), extension, -1);
    X509_EXTENSION_free(extension);
  };
  if (!issuer) add(NID_basic_constraints, "critical,CA:TRUE");
  std::string names;
  for (const auto& entry : options.names) names += (names.empty() ? "" : ",") + entry;
  if (!names.empty()) add(NID_subject_alt_name, names);
  X509_sign(out.get(), issuer_key, EVP_sha256());
  return out;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

}  // namespace

struct TestCa::Impl {
  KeyPtr key;
  CertificatePtr certificate;
};

TestCa::TestCa(const std::string& name) : impl_(new Impl) {
  impl_->key = make_key(false);
  impl_->certificate =
      make_certificate({.common_name = name}, impl_->key.get(), nullptr, impl_->key.get());
}
TestCa::~TestCa() { delete impl_; }
std::string TestCa::pem() const { return to_pem(impl_->certificate.get()); }

TlsIdentity TestCa::issue(const CertificateOptions& options) const {
  KeyPtr key = make_key(options.rsa);
  CertificatePtr certificate =
      make_certificate(options, key.get(), impl_->certificate.get(), impl_->key.get());
  return {to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace testing

namespace {

using testing::CertificateOptions;
using ::testing::HasSubstr;
using testing::make_loop;
using testing::Recorder;
using testing::run_until;
using testing::TestCa;

const TestCa& ca() {
  static const TestCa instance;
  return instance;
}

TlsIdentity identity_for(const std::string& host, bool rsa = false) {
  return ca().issue({.common_name = host, .names = {"DNS:" + host}, .rsa = rsa});
}

TlsServerEntry entry_for(std::uint64_t id, const std::string& host, const std::string& pattern) {
  TlsServerEntry entry;
  entry.id = id;
  entry.hosts = {pattern};
  entry.identities = {identity_for(host)};
  return entry;
}

struct Side {
  bool done = false;
  std::unique_ptr<Stream> stream;
  TlsError error;
  Recorder recorder;
  const TlsInfo& info() const { return *stream->tls(); }
};

Task<void> await_side(Task<TlsResult> handshake, Side& side) {
  TlsResult result = co_await std::move(handshake);
  if (result) {
    side.stream = *std::move(result);
    side.stream->set_handler(side.recorder);
  } else {
    side.error = std::move(result).error();
  }
  side.done = true;
}

class TlsTest : public ::testing::Test {
 protected:
  struct Pair {
    Side server;
    Side client;
  };

  void serve(TlsServerOptions options, const TlsServerConfig* previous = nullptr) {
    auto config = TlsServerConfig::create(options, previous);
    ASSERT_TRUE(config.has_value()) << config.error().message;
    server = *config;
  }
  void serve_default() {
    TlsServerOptions options;
    options.entries.push_back(entry_for(1, "a.example.com", ""));
    serve(options);
  }
  static TlsClientOptions client_options(std::string name = "a.example.com") {
    TlsClientOptions options;
    options.ca_pem = ca().pem();
    options.server_name = std::move(name);
    return options;
  }
  static std::shared_ptr<const TlsClientConfig> make_client(const TlsClientOptions& options) {
    auto config = TlsClientConfig::create(options);
    EXPECT_TRUE(config.has_value()) << config.error().message;
    return *config;
  }
  std::unique_ptr<Pair> shake(const std::shared_ptr<const TlsClientConfig>& client) {
    auto pair = std::make_unique<Pair>();
    auto [ours, theirs] = testing::tcp_pair();
    spawn(await_side(accept_tls(make_tcp_stream(*loop, ours, {}, {}), server), pair->server));
    spawn(await_side(connect_tls(make_tcp_stream(*loop, theirs, {}, {}), client), pair->client));
    EXPECT_TRUE(run_until(*loop, [&] { return pair->server.done && pair->client.done; }));
    return pair;
  }
  std::unique_ptr<Pair> shake(const TlsClientOptions& options = client_options()) {
    return shake(make_client(options));
  }
  void talk(Pair& pair) {
    pair.client.stream->write("ping");
    ASSERT_TRUE(run_until(*loop, [&] { return pair.server.recorder.data.ends_with("ping"); }));
    pair.server.stream->write("pong");
    ASSERT_TRUE(run_until(*loop, [&] { return pair.client.recorder.data.ends_with("pong"); }));
  }

  std::unique_ptr<Loop> loop = make_loop();
  std::shared_ptr<const TlsServerConfig> server;
};

TEST_F(TlsTest, ShakesHandsAndTalks) {
  serve_default();
  auto pair = shake();
  ASSERT_TRUE(pair->server.stream) << pair->server.error.reason;
  ASSERT_TRUE(pair->client.stream) << pair->client.error.reason;
  EXPECT_EQ("TLSv1.3", pair->server.info().version);
  EXPECT_EQ("a.example.com", pair->server.info().sni);
  EXPECT_EQ(1u, pair->server.info().entry);
  EXPECT_EQ("CN=a.example.com", pair->client.info().peer_subject);
  EXPECT_TRUE(pair->client.info().peer_verified);
  EXPECT_EQ("", pair->server.info().peer_subject);
  talk(*pair);
}

TEST_F(TlsTest, Tls12WorksAndNothingOlderOrWeaker) {
  serve_default();
  auto options = client_options();
  options.max_version = TlsVersion::k12;
  auto pair = shake(options);
  ASSERT_TRUE(pair->server.stream) << pair->server.error.reason;
  EXPECT_EQ("TLSv1.2", pair->server.info().version);
  EXPECT_THAT(std::string(pair->server.info().cipher), HasSubstr("GCM"));
  EXPECT_THAT(std::string(pair->server.info().cipher), HasSubstr("ECDHE"));
  talk(*pair);
}

/// A client with suites or versions of its own, which our configuration would not make.
std::string refused(const TlsServerConfig& server, const char* suites, int max_version) {
  SslPtr accepting = make_server_ssl(server);
  HandshakeState state;
  set_state(accepting.get(), &state);
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  EXPECT_EQ(1, SSL_CTX_set_cipher_list(context.get(), suites));
  SslPtr connecting(SSL_new(context.get()));
  SSL_set_connect_state(connecting.get());
  BIO* a = nullptr;
  BIO* b = nullptr;
  BIO_new_bio_pair(&a, 0, &b, 0);
  SSL_set_bio(accepting.get(), a, a);
  SSL_set_bio(connecting.get(), b, b);
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(connecting.get());
    int result = SSL_do_handshake(accepting.get());
    if (result == 1) return "accepted";
    if (SSL_get_error(accepting.get(), result) != SSL_ERROR_WANT_READ) return take_error("failed");
  }
  return "stalled";
}

TEST_F(TlsTest, RefusesOldVersionsAndSuitesWithoutForwardSecrecyOrAead) {
  serve_default();
  EXPECT_EQ("accepted", refused(*server, "ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION));
  EXPECT_NE("accepted", refused(*server, "AES128-GCM-SHA256", TLS1_2_VERSION));
  EXPECT_NE("accepted", refused(*server, "ECDHE-ECDSA-AES128-SHA", TLS1_2_VERSION));
  EXPECT_NE("accepted", refused(*server, "ALL", TLS1_1_VERSION));
}

TEST_F(TlsTest, ChoosesTheEntryByName) {
  TlsServerOptions options;
  options.entries = {entry_for(1, "a.example.com", "a.example.com"),
                     entry_for(2, "*.example.com", "*.example.com"),
                     entry_for(3, "x.deep.example.com", "*.deep.example.com"),
                     entry_for(4, "other.test", "")};
  serve(options);
  auto chosen = [&](const std::string& name) {
    auto client = client_options(name);
    client.subject_names = {"a.example.com", "b.example.com", "x.deep.example.com", "other.test"};
    auto pair = shake(client);
    return pair->server.stream ? pair->server.info().entry : 0;
  };
  EXPECT_EQ(1u, chosen("a.example.com"));
  EXPECT_EQ(1u, chosen("A.Example.COM"));
  EXPECT_EQ(2u, chosen("b.example.com"));
  EXPECT_EQ(2u, chosen("c.b.example.com")) << "a wildcard stands for several labels";
  EXPECT_EQ(3u, chosen("x.deep.example.com"));
  EXPECT_EQ(4u, chosen("example.com"));
  EXPECT_EQ(4u, chosen("unknown.test"));
  EXPECT_EQ(4u, chosen(""));
}

TEST_F(TlsTest, RefusesAnUnknownNameWithoutACatchAll) {
  TlsServerOptions options;
  options.entries = {entry_for(1, "a.example.com", "a.example.com")};
  serve(options);
  EXPECT_TRUE(shake()->server.stream);
  auto pair = shake(client_options("b.example.com"));
  EXPECT_FALSE(pair->server.stream);
  EXPECT_FALSE(pair->client.stream);
  EXPECT_EQ(StreamFault::kTls, pair->client.error.fault);
  EXPECT_THAT(pair->client.error.reason, HasSubstr("unrecognized name"));
  EXPECT_FALSE(shake(client_options(""))->server.stream);
}

TEST_F(TlsTest, AgreesOnAProtocolOrRefuses) {
  serve_default();
  auto options = client_options();
  EXPECT_EQ("", shake(options)->server.info().alpn);
  options.alpn = {"http/1.1", "h2"};
  auto pair = shake(options);
  EXPECT_EQ("h2", pair->server.info().alpn) << "our order counts";
  EXPECT_EQ("h2", pair->client.info().alpn);
  options.alpn = {"http/1.1"};
  EXPECT_EQ("http/1.1", shake(options)->client.info().alpn);
  options.alpn = {"spdy/3"};
  auto refusal = shake(options);
  EXPECT_FALSE(refusal->server.stream);
  EXPECT_THAT(refusal->client.error.reason, HasSubstr("no application protocol"));
}

TEST_F(TlsTest, RsaAndEcdsaSideBySide) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  options.entries.back().identities.push_back(identity_for("a.example.com", true));
  serve(options);
  EXPECT_EQ("accepted", refused(*server, "ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION));
  EXPECT_EQ("accepted", refused(*server, "ECDHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION));
  EXPECT_TRUE(shake()->client.stream);
}

TEST_F(TlsTest, ChoosesAmongTheCertificatesOfAnEntryByName) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "first.example.com", ""));
  auto add = [&](std::vector<std::string> names, bool rsa = false) {
    options.entries[0].identities.push_back(
        ca().issue({.common_name = names[0], .names = names, .rsa = rsa}));
  };
  add({"DNS:second.example.com", "DNS:Third.example.com"});
  add({"DNS:*.wild.example.com"});
  add({"DNS:second.example.com", "DNS:third.example.com"}, true);
  serve(options);
  auto subject = [&](const std::string& name) {
    auto client = client_options(name);
    client.subject_names = {"first.example.com", "second.example.com", "a.wild.example.com"};
    auto pair = shake(client);
    return pair->client.stream ? pair->client.info().peer_subject : pair->client.error.reason;
  };
  EXPECT_EQ("CN=first.example.com", subject("first.example.com"));
  EXPECT_EQ("CN=DNS:second.example.com", subject("second.example.com"));
  EXPECT_EQ("CN=DNS:second.example.com", subject("third.example.com"));
  EXPECT_EQ("CN=DNS:*.wild.example.com", subject("x.wild.example.com"));
  EXPECT_EQ("CN=first.example.com", subject("a.b.wild.example.com"));
  EXPECT_EQ("CN=first.example.com", subject("wild.example.com"));
  EXPECT_EQ("CN=first.example.com", subject("unknown.example.com"));
  EXPECT_EQ("CN=first.example.com", subject(""));
}

TEST_F(TlsTest, SendsTheWholeChain) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  options.entries.back().identities[0].chain_pem += ca().pem();
  serve(options);
  EXPECT_TRUE(shake()->client.stream);
}

TEST_F(TlsTest, ClientChecksTheCertificate) {
  serve_default();
  auto wrong_name = client_options();
  wrong_name.server_name = "b.example.com";
  auto pair = shake(wrong_name);
  EXPECT_FALSE(pair->client.stream);
  EXPECT_THAT(pair->client.error.reason, HasSubstr("not for b.example.com"));

  TestCa stranger("Stranger");
  auto wrong_ca = client_options();
  wrong_ca.ca_pem = stranger.pem();
  pair = shake(wrong_ca);
  EXPECT_FALSE(pair->client.stream);
  EXPECT_THAT(pair->client.error.reason, HasSubstr("certificate"));

  TlsServerOptions expired;
  expired.entries.push_back(entry_for(1, "a.example.com", ""));
  expired.entries[0].identities = {ca().issue({.names = {"DNS:a.example.com"}, .expired = true})};
  serve(expired);
  pair = shake();
  EXPECT_FALSE(pair->client.stream);
  EXPECT_THAT(pair->client.error.reason, HasSubstr("expired"));
}

TEST_F(TlsTest, SubjectAlternativeNamesReplaceTheServerName) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "unused", ""));
  options.entries[0].identities = {
      ca().issue({.names = {"DNS:real.example.com", "URI:spiffe://mesh/shop", "IP:127.0.0.1"}})};
  serve(options);
  auto with = [&](std::vector<std::string> names, std::vector<std::string> uris) {
    auto client = client_options("front.example.com");
    client.subject_names = std::move(names);
    client.subject_uris = std::move(uris);
    return shake(client)->client.stream != nullptr;
  };
  EXPECT_FALSE(with({}, {}));
  EXPECT_TRUE(with({"other.example.com", "real.example.com"}, {}));
  EXPECT_TRUE(with({}, {"spiffe://mesh/shop"}));
  EXPECT_FALSE(with({}, {"spiffe://mesh/sho"}));
  EXPECT_FALSE(with({"other.example.com"}, {"spiffe://mesh/other"}));
  auto by_address = client_options("127.0.0.1");
  auto pair = shake(by_address);
  EXPECT_TRUE(pair->client.stream) << pair->client.error.reason;
  EXPECT_EQ("", pair->server.info().sni);
}

TEST_F(TlsTest, DemandsClientCertificates) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  options.entries[0].client_auth = ClientAuth::kAllowValidOnly;
  options.entries[0].client_ca_pem = ca().pem();
  serve(options);
  EXPECT_FALSE(shake()->server.stream);
  auto with = client_options();
  with.identities = {ca().issue({.common_name = "alice"})};
  auto pair = shake(with);
  ASSERT_TRUE(pair->server.stream) << pair->server.error.reason;
  EXPECT_EQ("CN=alice", pair->server.info().peer_subject);
  EXPECT_TRUE(pair->server.info().peer_verified);
  TestCa stranger("Stranger");
  with.identities = {stranger.issue({.common_name = "mallory"})};
  EXPECT_FALSE(shake(with)->server.stream);
}

TEST_F(TlsTest, InsecureFallbackLetsAnyClientInAndSaysSo) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  options.entries[0].client_auth = ClientAuth::kAllowInsecureFallback;
  options.entries[0].client_ca_pem = ca().pem();
  serve(options);
  auto pair = shake();
  ASSERT_TRUE(pair->server.stream);
  EXPECT_FALSE(pair->server.info().peer_verified);
  TestCa stranger("Stranger");
  auto with = client_options();
  with.identities = {stranger.issue({.common_name = "mallory"})};
  pair = shake(with);
  ASSERT_TRUE(pair->server.stream) << pair->server.error.reason;
  EXPECT_EQ("CN=mallory", pair->server.info().peer_subject);
  EXPECT_FALSE(pair->server.info().peer_verified);
  with.identities = {ca().issue({.common_name = "alice"})};
  EXPECT_TRUE(shake(with)->server.info().peer_verified);
}

// ---- resumption ----

TEST_F(TlsTest, ResumesAcrossConfigurationsWithTheSameTicketKeys) {
  TlsServerOptions options;
  options.tickets = TlsTicketKeys::create();
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  for (TlsVersion version : {TlsVersion::k13, TlsVersion::k12}) {
    serve(options);
    auto client_settings = client_options();
    client_settings.max_version = version;
    auto client = make_client(client_settings);
    auto first = shake(client);
    EXPECT_FALSE(first->server.info().resumed);
    talk(*first);
    options.entries[0].identities = {identity_for("a.example.com")};  // certificate replaced
    options.entries[0].id = 7;
    serve(options);
    auto second = shake(client);
    ASSERT_TRUE(second->server.stream) << second->server.error.reason;
    EXPECT_TRUE(second->server.info().resumed);
    EXPECT_TRUE(second->client.info().resumed);
    EXPECT_EQ(7u, second->server.info().entry);
    EXPECT_TRUE(second->client.info().peer_verified);
    talk(*second);
  }
}

TEST_F(TlsTest, DoesNotResumeWithoutTicketKeysOrWithOthers) {
  TlsServerOptions options;
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  serve(options);
  auto client = make_client(client_options());
  talk(*shake(client));
  EXPECT_FALSE(shake(client)->server.info().resumed);
  options.tickets = TlsTicketKeys::create();
  serve(options);
  talk(*shake(client));
  options.tickets = TlsTicketKeys::create();
  serve(options);
  EXPECT_FALSE(shake(client)->server.info().resumed);
}

std::uint64_t fake_now_ms = 1;

TEST_F(TlsTest, TicketKeysRotateAndOldOnesOpenForAWhile) {
  TlsServerOptions options;
  options.tickets = TlsTicketKeys::create([] { return fake_now_ms; });
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  serve(options);
  auto resumes_after = [&](std::uint64_t ms, bool rotate_between) {
    auto client = make_client(client_options());
    talk(*shake(client));
    fake_now_ms += rotate_between ? kTicketKeyMs : 0;
    if (rotate_between) talk(*shake(make_client(client_options())));
    fake_now_ms += ms - (rotate_between ? kTicketKeyMs : 0);
    return shake(client)->server.info().resumed;
  };
  EXPECT_TRUE(resumes_after(kTicketKeyMs - 1, false));
  EXPECT_TRUE(resumes_after(kTicketKeyMs + 1, true)) << "by the key before the newest";
  EXPECT_FALSE(resumes_after(kTicketKeys * kTicketKeyMs, false)) << "the key is too old";
}

// A session made at an open entry must not open one that demands certificates, nor the other way.
TEST_F(TlsTest, DoesNotResumeAtAnEntryThatJudgesClientsDifferently) {
  TlsServerOptions options;
  options.tickets = TlsTicketKeys::create();
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  for (TlsVersion version : {TlsVersion::k13, TlsVersion::k12}) {
    options.entries[0].client_auth = ClientAuth::kNone;
    serve(options);
    auto settings = client_options();
    settings.max_version = version;
    auto client = make_client(settings);
    talk(*shake(client));
    options.entries[0].client_auth = ClientAuth::kAllowValidOnly;
    options.entries[0].client_ca_pem = ca().pem();
    serve(options);
    EXPECT_FALSE(shake(client)->server.stream);
  }
}

TEST_F(TlsTest, AResumedSessionKeepsTheClientsIdentity) {
  TlsServerOptions options;
  options.tickets = TlsTicketKeys::create();
  options.entries.push_back(entry_for(1, "a.example.com", ""));
  options.entries[0].client_auth = ClientAuth::kAllowValidOnly;
  options.entries[0].client_ca_pem = ca().pem();
  serve(options);
  auto settings = client_options();
  settings.identities = {ca().issue({.common_name = "alice"})};
  auto client = make_client(settings);
  talk(*shake(client));
  auto second = shake(client);
  ASSERT_TRUE(second->server.stream);
#if defined(OPENSSL_IS_AWSLC)  // OpenSSL shakes hands in full then, which is as good
  EXPECT_TRUE(second->server.info().resumed);
#endif
  EXPECT_EQ("CN=alice", second->server.info().peer_subject);
  EXPECT_TRUE(second->server.info().peer_verified);
}

TEST_F(TlsTest, ANewConfigurationTouchesNoRunningConnection) {
  serve_default();
  auto pair = shake();
  TlsServerOptions other;
  other.entries = {entry_for(2, "b.example.com", "b.example.com")};
  serve(other);
  talk(*pair);
}

// ---- the stream ----

TEST_F(TlsTest, CarriesLargeDataBothWays) {
  serve_default();
  auto pair = shake();
  std::string large;
  for (int i = 0; large.size() < 12'000'000; ++i) large += std::to_string(i);
  pair->client.stream->write("small");
  pair->client.stream->write(large);
  pair->server.stream->write(large);
  ASSERT_TRUE(run_until(*loop, [&] {
    return pair->server.recorder.data.size() == large.size() + 5 &&
           pair->client.recorder.data.size() == large.size();
  }));
  EXPECT_EQ("small" + large, pair->server.recorder.data);
  EXPECT_EQ(large, pair->client.recorder.data);
  EXPECT_EQ(1, pair->server.recorder.writable);
}

TEST_F(TlsTest, PausesAndOffersLeftovers) {
  serve_default();
  auto pair = shake();
  std::string large(1'000'000, 'x');
  pair->server.stream->pause_reading();
  pair->client.stream->write(large);
  for (int i = 0; i < 20; ++i) loop->run_once(5);
  EXPECT_EQ(0u, pair->server.recorder.data.size());
  pair->server.recorder.use_all = false;
  pair->server.recorder.use = 1000;
  pair->server.recorder.hook = [&](std::string_view) { pair->server.stream->pause_reading(); };
  pair->server.stream->resume_reading();
  ASSERT_TRUE(run_until(*loop, [&] { return pair->server.recorder.calls == 1; }));
  for (int i = 0; i < 20; ++i) loop->run_once(1);
  EXPECT_EQ(1000u, pair->server.recorder.data.size());
  pair->server.recorder.hook = nullptr;
  pair->server.recorder.use_all = true;
  pair->server.stream->resume_reading();
  EXPECT_TRUE(run_until(*loop, [&] { return pair->server.recorder.data.size() == large.size(); }));
}

TEST_F(TlsTest, CloseNotifyIsAnEndAndACutIsAReset) {
  serve_default();
  auto pair = shake();
  pair->client.stream->write("last");
  pair->client.stream->shutdown_write();
  ASSERT_TRUE(run_until(*loop, [&] { return pair->server.recorder.ends == 1; }));
  EXPECT_EQ("last", pair->server.recorder.data);
  EXPECT_EQ(StreamFault::kNone, pair->server.recorder.fault);
  pair->server.stream->write("answer");
  pair->server.stream->close_gracefully();
  ASSERT_TRUE(run_until(*loop, [&] { return pair->client.recorder.ends == 1; }));
  EXPECT_EQ("answer", pair->client.recorder.data);

  auto cut = shake();
  talk(*cut);
  ::shutdown(cut->client.stream->fd(), SHUT_WR);
  ASSERT_TRUE(run_until(*loop, [&] { return cut->server.recorder.fault == StreamFault::kReset; }));
  EXPECT_EQ(0, cut->server.recorder.ends);
}

TEST_F(TlsTest, BytesBehindTheHandshakeAreNotLost) {
  serve_default();
  auto [ours, theirs] = testing::tcp_pair();
  Side accepting;
  Side connecting;
  spawn(
      await_side(connect_tls(make_tcp_stream(*loop, theirs, {}, {}), make_client(client_options())),
                 connecting));
  loop->run_once(0);
  // The server starts late and finds everything the client could send so far.
  spawn(await_side(accept_tls(make_tcp_stream(*loop, ours, {}, {}), server), accepting));
  bool written = false;
  ASSERT_TRUE(run_until(*loop, [&] {
    if (connecting.stream && !std::exchange(written, true)) {
      connecting.stream->write(std::string(500, 'q'));
    }
    return accepting.recorder.data.size() == 500;
  }));
}

TEST_F(TlsTest, HandshakeEndsAtItsDeadline) {
  serve_default();
  auto [ours, theirs] = testing::tcp_pair();
  Side side;
  loop->run_once(0);
  std::uint64_t start = Loop::now_us();
  spawn(await_side(accept_tls(make_tcp_stream(*loop, ours, {}, {}), server, 100), side));
  ASSERT_TRUE(run_until(*loop, [&] { return side.done; }));
  EXPECT_EQ(StreamFault::kTimeout, side.error.fault);
  EXPECT_GE(Loop::now_us() - start, 100'000u);
  ::close(theirs);
}

TEST_F(TlsTest, GarbageAndDisconnectsFailTheHandshake) {
  serve_default();
  for (std::string_view bytes : {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view()}) {
    auto [ours, theirs] = testing::tcp_pair();
    Side side;
    spawn(await_side(accept_tls(make_tcp_stream(*loop, ours, {}, {}), server), side));
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::send(theirs, bytes.data(), bytes.size(), 0));
    ::shutdown(theirs, SHUT_WR);
    ASSERT_TRUE(run_until(*loop, [&] { return side.done; }));
    EXPECT_FALSE(side.stream);
    EXPECT_EQ(bytes.empty() ? StreamFault::kReset : StreamFault::kTls, side.error.fault);
    ::close(theirs);
  }
}

TEST_F(TlsTest, AnIdleConnectionIsSmall) {
  serve_default();
  auto client = make_client(client_options());
  std::vector<std::unique_ptr<Pair>> warm;
  for (int i = 0; i < 4; ++i) talk(*warm.emplace_back(shake(client)));
  std::size_t before = ::mallinfo2().uordblks;
  constexpr int kPairs = 50;
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < kPairs; ++i) talk(*pairs.emplace_back(shake(client)));
  for (int i = 0; i < 5; ++i) loop->run_once(1);
  std::size_t each = (::mallinfo2().uordblks - before) / (2 * kPairs);
  RecordProperty("bytes_each_side", static_cast<int>(each));
#if defined(OPENSSL_IS_AWSLC)
  EXPECT_LE(each, 8u * 1024);
#endif
}

// ---- configuration errors ----

TEST(TlsConfig, SaysWhatIsWrongWithAnIdentity) {
  TlsIdentity good = identity_for("a.example.com");
  EXPECT_TRUE(check_identity(good));
  auto reason = [](TlsIdentity identity) { return check_identity(identity).error().message; };
  EXPECT_THAT(reason({"", good.key_pem}), HasSubstr("no PEM certificate"));
  EXPECT_THAT(reason({good.chain_pem, "nonsense"}), HasSubstr("private key cannot be read"));
  EXPECT_THAT(reason({good.chain_pem, identity_for("b").key_pem}), HasSubstr("does not belong"));
  EXPECT_THAT(reason({good.chain_pem, identity_for("b", true).key_pem}),
              HasSubstr("does not belong"));
  std::string broken = good.chain_pem;
  broken[broken.size() / 2] = '!';
  EXPECT_FALSE(check_identity({broken, good.key_pem}));
  EXPECT_THAT(reason({good.chain_pem + broken, good.key_pem}), HasSubstr("certificate 2"));
  EXPECT_TRUE(check_ca(ca().pem()));
  EXPECT_FALSE(check_ca("x"));
}

TEST_F(TlsTest, EntriesWithTheSameCertificateKeepTheirOwnIdAndSessions) {
  TlsServerOptions options;
  options.tickets = TlsTicketKeys::create();
  TlsIdentity identity = ca().issue({.names = {"DNS:a.example.com", "DNS:b.example.com"}});
  for (std::uint64_t id : {1, 2}) {
    TlsServerEntry entry;
    entry.id = id;
    entry.hosts = {id == 1 ? "a.example.com" : "b.example.com"};
    entry.identities = {identity};
    options.entries.push_back(entry);
  }
  serve(options);
  auto settings = client_options("a.example.com");
  auto first = make_client(settings);
  EXPECT_EQ(1u, shake(first)->server.info().entry);
  settings.server_name = "b.example.com";
  EXPECT_EQ(2u, shake(settings)->server.info().entry);
}

TEST(TlsConfig, NamesTheHostOfABadEntry) {
  TlsServerOptions options;
  options.entries = {entry_for(1, "a", "a.example.com"), entry_for(2, "b", "b.example.com")};
  options.entries[1].identities[0].key_pem = options.entries[0].identities[0].key_pem;
  auto config = TlsServerConfig::create(options);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("b.example.com"));
}

TEST(TlsConfig, DemandingCertificatesNeedsACa) {
  TlsServerOptions options;
  options.entries = {entry_for(1, "a", "")};
  options.entries[0].client_auth = ClientAuth::kAllowValidOnly;
  EXPECT_FALSE(TlsServerConfig::create(options));
}

}  // namespace
}  // namespace gwanmun::net
