// CORS: who is allowed, what a preflight hears, what other responses carry.
#include <gtest/gtest.h>

#include "proxy/filter/filter_for_test.h"

namespace gwanmun::filter {
namespace {

using namespace testing;  // NOLINT: the helpers
using snapshot::Cors;

Cors policy(std::vector<std::string> origins) { return {.allow_origins = std::move(origins)}; }

/// The Access-Control-Allow-Origin of a preflight.
std::string allowed(const Cors& spec, std::string_view origin) {
  TestChain chain(spec);
  TestExchange t("OPTIONS", "/", {{"origin", origin}, {"access-control-request-method", "PUT"}});
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
  EXPECT_EQ(t.x.reply.head.status, 204);
  return std::string(t.reply_header("access-control-allow-origin"));
}

TEST(CorsOrigin, Matching) {
  struct Case {
    const char* pattern;
    const char* origin;
    bool match;
  };
  const Case cases[] = {
      {"https://www.foo.com", "https://www.foo.com", true},
      {"https://www.foo.com", "https://www.foo.com:443", true},
      {"https://www.foo.com:443", "https://www.foo.com", true},
      {"http://www.foo.com", "http://www.foo.com:80", true},
      {"https://www.foo.com", "https://WWW.foo.com", true},
      {"https://www.foo.com", "http://www.foo.com", false},
      {"https://www.foo.com", "https://www.foo.com:8443", false},
      {"https://www.foo.com:8443", "https://www.foo.com:8443", true},
      {"https://www.foo.com", "https://foo.com", false},
      {"https://www.foo.com", "https://www.foo.com.evil.org", false},
      {"https://*.bar.com", "https://www.bar.com", true},
      {"https://*.bar.com", "https://xpto.www.bar.com", true},
      {"https://*.bar.com", "https://bar.com", false},
      {"https://*.bar.com", "https://.bar.com", false},
      {"https://*.bar.com", "https://evilbar.com", false},
      {"https://*.bar.com", "https://www.bar.com:8443", false},
      {"https://*.bar.com", "https://evil.org/.bar.com", false},
      {"https://*.bar.com", "https://evil.org\\.bar.com", false},
      {"https://*.bar.com", "https://evil.org#.bar.com", false},
      {"https://*.bar.com", "https://user@x.bar.com", false},
      {"https://*", "https://any.example", true},
      {"https://*", "http://any.example", false},
      {"https://*:8443", "https://any.example:8443", true},
      {"https://*", "null", false},
      {"https://*", "https://", false},
      {"https://*", "https://a:0", false},
      {"https://*", "https://a:65536", false},
      {"https://*", "https://a:x", false},
      {"https://*", "ftp://a", false},
      {"http://[::1]:8080", "http://[::1]:8080", true},
      {"http://[::1]", "http://[::1]", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(allowed(policy({c.pattern}), c.origin) == c.origin, c.match)
        << c.pattern << " " << c.origin;
  }
}

TEST(CorsOrigin, AnyIsAStarWithoutCredentialsAndTheOriginWithThem) {
  Cors spec = policy({"*"});
  EXPECT_EQ(allowed(spec, "https://a.b:12345"), "*");
  EXPECT_EQ(allowed(spec, "null"), "*");
  spec.allow_credentials = true;
  EXPECT_EQ(allowed(spec, "https://a.b:12345"), "https://a.b:12345");
}

TEST(CorsOrigin, NoneWhenTheListIsEmpty) { EXPECT_EQ(allowed(policy({}), "https://a.b"), ""); }

TEST(CorsPreflight, SaysWhatTheConformanceSuiteExpects) {
  TestChain chain(Cors{.allow_origins = {"https://www.foo.com", "https://*.bar.com"},
                       .allow_credentials = true,
                       .allow_methods = {"GET", "OPTIONS"},
                       .allow_headers = {"x-header-1", "x-header-2"},
                       .expose_headers = {"x-header-3", "x-header-4"},
                       .max_age_seconds = 3600});
  TestExchange t("OPTIONS", "/cors-1",
                 {{"origin", "https://www.foo.com"},
                  {"access-control-request-method", "GET"},
                  {"access-control-request-headers", "x-header-1, x-header-2"}});
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
  EXPECT_EQ(t.x.reply.head.body.kind, http::BodyLength::Kind::kNone);
  EXPECT_EQ(lines(t.x.reply.head.headers),
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n"
            "access-control-allow-origin: https://www.foo.com\n"
            "access-control-allow-credentials: true\n"
            "access-control-expose-headers: x-header-3, x-header-4\n"
            "access-control-allow-methods: GET, OPTIONS\n"
            "access-control-allow-headers: x-header-1, x-header-2\n"
            "access-control-max-age: 3600\n");
  std::string before = lines(t.x.reply.head.headers);
  chain.chain.on_response(t.x, t.x.reply.head);
  EXPECT_EQ(lines(t.x.reply.head.headers), before) << "a preflight's answer is decorated once";
}

TEST(CorsPreflight, OfAnotherOriginHearsNothing) {
  TestChain chain(policy({"https://www.foo.com"}));
  TestExchange t("OPTIONS", "/",
                 {{"origin", "https://foobar.com"}, {"access-control-request-method", "GET"}});
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
  EXPECT_EQ(lines(t.x.reply.head.headers),
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n");
}

TEST(CorsPreflight, WildcardsAreLiteralWithoutCredentialsAndEchoedWithThem) {
  Cors spec{.allow_origins = {"*"}, .allow_methods = {"*"}, .allow_headers = {"*"}};
  for (bool credentials : {false, true}) {
    spec.allow_credentials = credentials;
    spec.expose_headers = {"*"};
    TestChain chain(spec);
    TestExchange t("OPTIONS", "/",
                   {{"origin", "https://a.b"},
                    {"access-control-request-method", "PUT"},
                    {"access-control-request-headers", "x-a, x-b"}});
    chain.chain.on_request(t.x);
    EXPECT_EQ(t.reply_header("access-control-allow-methods"), credentials ? "PUT" : "*");
    EXPECT_EQ(t.reply_header("access-control-allow-headers"), credentials ? "x-a, x-b" : "*");
    EXPECT_EQ(t.reply_header("access-control-expose-headers"), credentials ? "" : "*");
    EXPECT_EQ(t.reply_header("access-control-allow-credentials"), credentials ? "true" : "");
  }
}

TEST(CorsPreflight, AllowHeadersOnlyWhenAskedFor) {
  TestChain chain(Cors{.allow_origins = {"*"}, .allow_headers = {"x-a"}});
  TestExchange t("OPTIONS", "/",
                 {{"origin", "https://a.b"}, {"access-control-request-method", "PUT"}});
  chain.chain.on_request(t.x);
  EXPECT_EQ(t.x.reply.head.headers.find("access-control-allow-headers"), nullptr);
  EXPECT_EQ(t.x.reply.head.headers.find("access-control-allow-methods"), nullptr);
  EXPECT_EQ(t.reply_header("access-control-max-age"), "5");
}

TEST(CorsPreflight, OnlyOptionsWithOriginAndMethodIsOne) {
  TestChain chain(policy({"*"}));
  TestExchange options("OPTIONS", "/", {{"origin", "https://a.b"}});
  TestExchange no_origin("OPTIONS", "/", {{"access-control-request-method", "GET"}});
  TestExchange get("GET", "/",
                   {{"origin", "https://a.b"}, {"access-control-request-method", "GET"}});
  EXPECT_EQ(chain.chain.on_request(options.x), Verdict::kContinue);
  EXPECT_EQ(chain.chain.on_request(no_origin.x), Verdict::kContinue);
  EXPECT_EQ(chain.chain.on_request(get.x), Verdict::kContinue);
}

TEST(CorsResponse, CarriesThePolicyOfTheGatewayNotOfTheBackend) {
  TestChain chain(Cors{.allow_origins = {"https://a.b"}, .expose_headers = {"x-total"}});
  TestExchange t("GET", "/", {{"origin", "https://a.b"}});
  chain.chain.on_request(t.x);
  t.response.headers.add("access-control-allow-origin", "*");
  t.response.headers.add("access-control-allow-credentials", "true");
  t.response.headers.add("access-control-expose-headers", "x-secret");
  t.response.headers.add("vary", "Accept-Encoding");
  chain.chain.on_response(t.x, t.response);
  EXPECT_EQ(lines(t.response.headers),
            "access-control-expose-headers: x-total\n"
            "vary: Accept-Encoding\n"
            "vary: Origin\n"
            "access-control-allow-origin: https://a.b\n");
}

TEST(CorsResponse, ToAnotherOriginSharesNothingButVaries) {
  TestChain chain(policy({"https://a.b"}));
  for (std::string_view origin : {"https://c.d", ""}) {
    TestExchange t("GET", "/");
    if (!origin.empty()) t.request.headers.add("origin", origin);
    chain.chain.on_request(t.x);
    t.response.headers.add("access-control-allow-origin", "*");
    chain.chain.on_response(t.x, t.response);
    EXPECT_EQ(lines(t.response.headers), "vary: Origin\n");
  }
}

TEST(CorsResponse, DoesNotRepeatVary) {
  TestChain chain(policy({"https://a.b"}));
  for (std::string_view vary : {"accept, ORIGIN", "*", "Origin"}) {
    TestExchange t("GET", "/", {{"origin", "https://a.b"}});
    t.response.headers.add("vary", vary);
    chain.chain.on_response(t.x, t.response);
    EXPECT_EQ(t.response_header("vary"), vary);
  }
}

TEST(CorsResponse, JudgesTheOriginAsItCame) {
  TestChain chain(policy({"https://a.b"}), snapshot::RequestHeaderModifier{{.remove = {"origin"}}});
  TestExchange t("GET", "/", {{"origin", "https://a.b"}});
  chain.chain.on_request(t.x);
  chain.chain.on_response(t.x, t.response);
  EXPECT_EQ(t.response_header("access-control-allow-origin"), "https://a.b");
}

}  // namespace
}  // namespace gwanmun::filter
