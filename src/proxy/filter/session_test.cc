// Session tokens: what is written is read again, and nothing else is.
#include "proxy/filter/session.h"

#include <gtest/gtest.h>

#include "proxy/filter/filter_for_test.h"
#include "proxy/filter/limits.h"

namespace gwanmun::filter {
namespace {

using namespace testing;  // NOLINT: the helpers
using snapshot::Milliseconds;
using snapshot::SessionPersistence;
using Kind = SessionPersistence::Kind;

constexpr Session kSession{0x0123456789abcdef, 1'700'000'000, 1'700'000'100};
constexpr std::string_view kToken = "1.0123456789abcdef.000000006553f100.000000006553f164";

SessionPersistence cookie() { return {.kind = Kind::kCookie, .name = "gw"}; }

std::optional<Session> read(const SessionPersistence& spec, std::string_view name,
                            std::string_view value, std::uint64_t now = kSession.used_s) {
  TestExchange t("GET", "/", {{name, value}});
  return read_session(spec, t.request, now);
}

TEST(Session, CookieGoesOutAndComesBack) {
  TestExchange t;
  write_session(cookie(), kSession, "/shop", true, t.response);
  EXPECT_EQ(t.response_header("set-cookie"), std::string("gw=") + std::string(kToken) +
                                                 "; Path=/shop; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(read(cookie(), "cookie", "a=b; gw=" + std::string(kToken) + "; c=d"), kSession);
  EXPECT_EQ(read(cookie(), "cookie", "gw=\"" + std::string(kToken) + "\""), kSession);
  EXPECT_EQ(read(cookie(), "cookie", "gw=other;gw=" + std::string(kToken)), kSession);
}

TEST(Session, HeaderGoesOutAndComesBack) {
  SessionPersistence spec{.kind = Kind::kHeader, .name = "x-session"};
  TestExchange t;
  t.response.headers.add("x-session", "backend's own");
  write_session(spec, kSession, "/", false, t.response);
  EXPECT_EQ(t.response_header("x-session"), kToken);
  EXPECT_EQ(read(spec, "x-session", kToken), kSession);
  EXPECT_EQ(read(spec, "cookie", "x-session=" + std::string(kToken)), std::nullopt);
}

TEST(Session, AnythingElseIsNoSession) {
  const std::string good(kToken);
  for (const std::string& bad :
       {std::string(), std::string("1"), good + "0", good.substr(1), "2" + good.substr(1),
        "1.-123456789abcdef" + good.substr(18), "1.0x23456789abcdef" + good.substr(18),
        good.substr(0, 18) + "-" + good.substr(19), std::string(1000, 'a')}) {
    EXPECT_EQ(read(cookie(), "cookie", "gw=" + bad), std::nullopt) << bad;
  }
  EXPECT_EQ(read(cookie(), "cookie", "xgw=" + good), std::nullopt);
  EXPECT_EQ(read(cookie(), "cookie", "gwx=" + good), std::nullopt);
  EXPECT_EQ(read(cookie(), "cookie", "gw"), std::nullopt);
}

TEST(Session, LooksAtALimitedNumberOfCookies) {
  std::string cookies;
  for (std::size_t i = 0; i + 1 < kMaxCookiePairs; ++i) cookies += "a=b;";
  EXPECT_EQ(read(cookie(), "cookie", cookies + "gw=" + std::string(kToken)), kSession);
  EXPECT_EQ(read(cookie(), "cookie", cookies + "a=b;gw=" + std::string(kToken)), std::nullopt);
}

TEST(Session, EndsWithItsTimeouts) {
  SessionPersistence spec = cookie();
  std::string value = "gw=" + std::string(kToken);
  spec.absolute_timeout = Milliseconds(200'000);
  EXPECT_EQ(read(spec, "cookie", value, kSession.started_s + 200), kSession);
  EXPECT_EQ(read(spec, "cookie", value, kSession.started_s + 201), std::nullopt);
  spec.idle_timeout = Milliseconds(30'000);
  EXPECT_EQ(read(spec, "cookie", value, kSession.used_s + 30), kSession);
  EXPECT_EQ(read(spec, "cookie", value, kSession.used_s + 31), std::nullopt);
  EXPECT_EQ(read(spec, "cookie", value, kSession.started_s - 61), std::nullopt)
      << "a start far in the future would never end";
  EXPECT_EQ(read(cookie(), "cookie", value, kSession.used_s + 1'000'000), kSession);
}

TEST(Session, PermanentCookiesCarryWhatIsLeftOfTheirLife) {
  SessionPersistence spec = cookie();
  spec.absolute_timeout = Milliseconds(300'000);
  TestExchange session, permanent;
  write_session(spec, kSession, "/", false, session.response);
  EXPECT_EQ(session.response_header("set-cookie").find("Max-Age"), std::string_view::npos);
  spec.permanent = true;
  write_session(spec, kSession, "/", false, permanent.response);
  EXPECT_NE(permanent.response_header("set-cookie").find("; Path=/; Max-Age=200; HttpOnly"),
            std::string_view::npos);
  EXPECT_EQ(permanent.response_header("set-cookie").find("Secure"), std::string_view::npos);
}

TEST(Session, IsWrittenWhenItChanges) {
  Session moved = kSession, used = kSession;
  moved.endpoint = 7;
  used.used_s += 1;
  EXPECT_TRUE(must_write(cookie(), std::nullopt, kSession));
  EXPECT_TRUE(must_write(cookie(), kSession, moved));
  EXPECT_FALSE(must_write(cookie(), kSession, used));
  SessionPersistence idle = cookie();
  idle.idle_timeout = Milliseconds(1000);
  EXPECT_TRUE(must_write(idle, kSession, used));
  EXPECT_FALSE(must_write(idle, kSession, kSession));
}

TEST(Session, EndpointsAreToldApartTheSameWayForEver) {
  EXPECT_EQ(endpoint_id("shop/orders:80", {"10.0.0.1", 8080}), 0xc057faed78bc9913);
  EXPECT_NE(endpoint_id("a", {"b", 1}), endpoint_id("ab", {"", 1}));
  EXPECT_NE(endpoint_id("a", {"b", 1}), endpoint_id("a", {"b", 256}));
}

TEST(Session, CookiePathIsTheMatchedPath) {
  auto path = [](snapshot::PathMatchKind kind, std::string value) {
    snapshot::Match match{.path = {kind, std::move(value)}};
    return std::string(session_path(&match));
  };
  using K = snapshot::PathMatchKind;
  EXPECT_EQ(path(K::kPrefix, "/"), "/");
  EXPECT_EQ(path(K::kPrefix, "/shop/cart"), "/shop/cart");
  EXPECT_EQ(path(K::kExact, "/shop/"), "/shop");
  EXPECT_EQ(path(K::kRegex, "/p1/p2/[^/]+/p3"), "/p1/p2");
  EXPECT_EQ(path(K::kRegex, "^/p1/x.*"), "/p1");
  EXPECT_EQ(path(K::kRegex, "/p1/x"), "/p1/x");
  EXPECT_EQ(path(K::kRegex, "/abc?"), "/");
  EXPECT_EQ(path(K::kRegex, "(?i)/x"), "/");
  EXPECT_EQ(path(K::kRegex, ".*"), "/");
  EXPECT_EQ(path(K::kExact, "/a/b;Domain=evil"), "/a");
  EXPECT_EQ(session_path(nullptr), "/");
}

}  // namespace
}  // namespace gwanmun::filter
