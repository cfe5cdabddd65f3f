// Chains, and the filters that only edit: headers, URL rewriting, redirects, mirrors.
#include "proxy/filter/filter.h"

#include <gtest/gtest.h>

#include "proxy/filter/filter_for_test.h"
#include "proxy/filter/stage.h"

namespace gwanmun::filter {
namespace {

using namespace testing;  // NOLINT: the helpers
using snapshot::PathRewrite;
using snapshot::PathRewriteKind;

PathRewrite full(std::string path) { return {PathRewriteKind::kReplaceFullPath, std::move(path)}; }
PathRewrite prefix(std::string path) {
  return {PathRewriteKind::kReplacePrefixMatch, std::move(path)};
}

// ---- header modifiers ----

snapshot::RequestHeaderModifier request_edits(snapshot::HeaderModifier edits) {
  return {std::move(edits)};
}

TEST(HeaderModifier, SetsAddsAndRemoves) {
  TestChain chain(request_edits({.set = {{"x-set", "new"}, {"x-new", "1"}},
                                 .add = {{"x-add", "b"}, {"x-first", "1"}},
                                 .remove = {"x-gone", "user-agent"}}));
  TestExchange t("GET", "/",
                 {{"x-set", "old"},
                  {"x-gone", "1"},
                  {"x-add", "a"},
                  {"x-set", "older"},
                  {"user-agent", "curl"},
                  {"x-gone", "2"},
                  {"accept", "*/*"}});
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kContinue);
  EXPECT_EQ(lines(t.request.headers),
            "x-set: new\nx-add: a\naccept: */*\nx-new: 1\nx-add: b\nx-first: 1\n");
}

TEST(HeaderModifier, HostIsTheAuthority) {
  TestChain chain(request_edits(
      {.set = {{"host", "other.example.com"}}, .add = {{"host", "evil"}}, .remove = {"host"}}));
  TestExchange t;
  chain.chain.on_request(t.x);
  EXPECT_EQ(t.request.authority, "other.example.com");
  EXPECT_TRUE(t.request.headers.empty());
}

TEST(HeaderModifier, NeverTouchesFraming) {
  for (const char* name :
       {"content-length", "transfer-encoding", "connection", "upgrade", "te", "keep-alive",
        "proxy-connection", "http2-settings", "expect", ":path", ""}) {
    TestChain chain(request_edits({.set = {{name, "chunked"}}, .add = {{name, "5"}}}),
                    snapshot::ResponseHeaderModifier{{.set = {{name, "chunked"}}}});
    TestExchange t;
    chain.chain.on_request(t.x);
    chain.chain.on_response(t.x, t.response);
    EXPECT_TRUE(t.request.headers.empty()) << name;
    EXPECT_TRUE(t.response.headers.empty()) << name;
  }
}

TEST(HeaderModifier, ResponsesKeepSetCookieLinesApart) {
  TestChain chain(snapshot::ResponseHeaderModifier{
      {.set = {{"server", "x"}}, .add = {{"set-cookie", "b=2"}}, .remove = {"x-powered-by"}}});
  TestExchange t;
  t.response.headers.add("set-cookie", "a=1");
  t.response.headers.add("x-powered-by", "php");
  chain.chain.on_request(t.x);
  EXPECT_TRUE(t.request.headers.empty());
  chain.chain.on_response(t.x, t.response);
  EXPECT_EQ(lines(t.response.headers), "set-cookie: a=1\nserver: x\nset-cookie: b=2\n");
}

// ---- paths: the table of HTTPPathModifier.replacePrefixMatch ----

struct PathCase {
  std::string_view path;
  std::uint32_t prefix_length;
  std::string replacement;
  std::string_view result;
};

TEST(PathRewrite, ReplacesThePrefixAsTheSpecificationsTableSays) {
  const PathCase cases[] = {
      {"/foo/bar", 4, "/xyz", "/xyz/bar"},
      {"/foo/bar", 4, "/xyz/", "/xyz/bar"},
      {"/foo", 4, "/xyz", "/xyz"},
      {"/foo/", 4, "/xyz", "/xyz/"},
      {"/foo/bar", 4, "", "/bar"},
      {"/foo/", 4, "", "/"},
      {"/foo", 4, "", "/"},
      {"/foo/", 4, "/", "/"},
      {"/foo", 4, "/", "/"},
      {"/foo", 4, "/xyz/", "/xyz"},
      {"/foo/bar", 0, "/xyz", "/xyz/foo/bar"},  // the prefix "/"
      {"/", 0, "/xyz", "/xyz/"},
      {"/", 0, "/", "/"},
      {"/foo//bar", 4, "/x", "/x//bar"},
      {"/foo/bar", 4, "no-slash", "/no-slash/bar"},
      {"*", 0, "/xyz", "*"},
  };
  for (const PathCase& c : cases) {
    Arena arena;
    EXPECT_EQ(PathRewriter(prefix(c.replacement)).apply(c.path, c.prefix_length, arena), c.result)
        << c.path << " " << c.replacement;
  }
}

TEST(PathRewrite, WhatAPathCannotHoldIsEncoded) {
  EXPECT_EQ(clean_path("/a b?c#d\r\nx: y\xc3\xa9\""), "/a%20b%3Fc%23d%0D%0Ax:%20y%C3%A9%22");
  EXPECT_EQ(clean_path(""), "/");
  EXPECT_EQ(clean_path("a%2Fb"), "/a%2Fb");
}

TEST(UrlRewrite, ChangesHostAndPathAndKeepsTheQuery) {
  TestChain chain(snapshot::UrlRewrite{.hostname = "backend.local", .path = full("/one")});
  TestExchange t("GET", "/full/one/two?a=b");
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kContinue);
  EXPECT_EQ(t.request.authority, "backend.local");
  EXPECT_EQ(t.request.path, "/one");
  EXPECT_EQ(t.request.query, "a=b");
}

TEST(UrlRewrite, OfABackendGoesOnFromThatOfTheRule) {
  TestChain rule(snapshot::UrlRewrite{.path = prefix("/v1")});
  TestChain backend(snapshot::UrlRewrite{.path = prefix("/v2/x")});
  TestExchange t("GET", "/api/list", {}, 4);
  rule.chain.on_request(t.x);
  EXPECT_EQ(t.request.path, "/v1/list");
  t.x.restart();
  backend.chain.on_request(t.x);
  EXPECT_EQ(t.request.path, "/v2/x/list");
}

// ---- redirects ----

struct RedirectCase {
  std::string_view name;
  snapshot::RequestRedirect spec;
  std::uint16_t listener_port;
  std::string_view location;
};

TEST(Redirect, PortAndSchemeAsTheSpecificationSays) {
  using R = snapshot::RequestRedirect;
  const RedirectCase cases[] = {
      {"nothing on 80", R{}, 80, "http://shop.example.com/p"},
      {"nothing on 8080", R{}, 8080, "http://shop.example.com:8080/p"},
      {"port 80 on 8080", R{.port = 80}, 8080, "http://shop.example.com/p"},
      {"port 8080 on 80", R{.port = 8080}, 80, "http://shop.example.com:8080/p"},
      {"https on 80", R{.scheme = "https"}, 80, "https://shop.example.com/p"},
      {"https on 8080", R{.scheme = "https"}, 8080, "https://shop.example.com/p"},
      {"https 443", R{.scheme = "https", .port = 443}, 80, "https://shop.example.com/p"},
      {"https 8443", R{.scheme = "https", .port = 8443}, 80, "https://shop.example.com:8443/p"},
      {"https port 80", R{.scheme = "https", .port = 80}, 80, "https://shop.example.com:80/p"},
      {"http on 443", R{.scheme = "http"}, 443, "http://shop.example.com/p"},
      {"hostname", R{.hostname = "example.org"}, 80, "http://example.org/p"},
  };
  for (const RedirectCase& c : cases) {
    TestChain chain(c.spec);
    EXPECT_TRUE(chain.chain.redirects());
    TestExchange t("GET", "/p", {}, 0, c.listener_port);
    EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
    EXPECT_EQ(t.reply_header("location"), c.location) << c.name;
    EXPECT_EQ(t.x.reply.head.status, 302) << c.name;
  }
}

TEST(Redirect, OnATlsListenerTheSchemeIsTheRequests) {
  TestChain chain(snapshot::RequestRedirect{.hostname = "example.org"});
  TestExchange t("GET", "/", {}, 0, 443);
  t.request.scheme = "https";
  chain.chain.on_request(t.x);
  EXPECT_EQ(t.reply_header("location"), "https://example.org/");
}

TEST(Redirect, KeepsTheQueryAndTheStatusAsked) {
  for (int status : {301, 302, 303, 307, 308}) {
    TestChain chain(snapshot::RequestRedirect{.path = prefix("/new"), .status_code = status});
    TestExchange t("POST", "/old/lemon?", {}, 4);
    chain.chain.on_request(t.x);
    EXPECT_EQ(t.reply_header("location"), "http://shop.example.com/new/lemon?");
    EXPECT_EQ(t.x.reply.head.status, status);
    EXPECT_EQ(t.x.reply.head.body.kind, http::BodyLength::Kind::kNone);
  }
  TestChain chain(snapshot::RequestRedirect{.path = full("/replacement")});
  TestExchange t("GET", "/a/b?x=1&y=%2F");
  chain.chain.on_request(t.x);
  EXPECT_EQ(t.reply_header("location"), "http://shop.example.com/replacement?x=1&y=%2F");
}

TEST(Redirect, TakesThePortOffTheRequestsHost) {
  TestChain chain(snapshot::RequestRedirect{.scheme = "https"});
  auto location = [&](std::string_view authority) {
    TestExchange t("GET", "/x");
    t.request.authority = authority;
    chain.chain.on_request(t.x);
    return std::string(t.reply_header("location"));
  };
  EXPECT_EQ(location("shop.example.com:8080"), "https://shop.example.com/x");
  EXPECT_EQ(location("[2001:db8::1]:8080"), "https://[2001:db8::1]/x");
  EXPECT_EQ(location("[2001:db8::1]"), "https://[2001:db8::1]/x");
  EXPECT_EQ(location(""), "/x") << "HTTP/1.0 without Host";
}

// ---- mirrors ----

TEST(Mirror, AllNoneAndAFraction) {
  using M = snapshot::Mirror;
  auto count = [](M spec) {
    TestChain chain(spec);
    int sent = 0;
    for (int i = 0; i < 20'000; ++i) {
      TestExchange t;
      chain.chain.on_request(t.x);
      sent += static_cast<int>(t.x.mirrors().size());
    }
    return sent;
  };
  EXPECT_EQ(count({"a", 100, 100}), 20'000);
  EXPECT_EQ(count({"a", 0, 100}), 0);
  EXPECT_EQ(count({"a", 7, 5}), 20'000);
  EXPECT_NEAR(count({"a", 1, 5}), 4'000, 400);
  EXPECT_NEAR(count({"a", 1, 1'000}), 20, 20);
  EXPECT_EQ(count({"", 100, 100}), 0) << "no cluster";
}

TEST(Mirror, SeveralUpToTheLimit) {
  std::vector<snapshot::Filter> specs;
  for (std::size_t i = 0; i < kMaxMirrors + 1; ++i) {
    specs.emplace_back(snapshot::Mirror{.cluster = "shop/m" + std::to_string(i)});
  }
  ClusterIds clusters;
  Chain chain(specs, clusters);
  TestExchange t;
  chain.on_request(t.x);
  ASSERT_EQ(t.x.mirrors().size(), kMaxMirrors);
  EXPECT_EQ(t.x.mirrors()[0], clusters.find("shop/m0"));
  EXPECT_NE(t.x.mirrors()[0], t.x.mirrors()[1]);
}

// ---- chains ----

TEST(Chain, RunsInTheOrderOfTheManifest) {
  TestChain chain(request_edits({.set = {{"x-a", "1"}}}), snapshot::RequestRedirect{},
                  request_edits({.set = {{"x-b", "1"}}}));
  TestExchange t;
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
  EXPECT_EQ(lines(t.request.headers), "x-a: 1\n") << "what comes after a reply does not run";
}

TEST(Chain, ResponsesRunBackwards) {
  TestChain chain(snapshot::ResponseHeaderModifier{{.set = {{"x", "first"}}}},
                  snapshot::ResponseHeaderModifier{{.set = {{"x", "second"}}}});
  TestExchange t;
  chain.chain.on_response(t.x, t.response);
  EXPECT_EQ(lines(t.response.headers), "x: first\n");
}

TEST(Chain, EmptyDoesNothing) {
  Chain chain;
  TestExchange t;
  EXPECT_TRUE(chain.empty());
  EXPECT_FALSE(chain.redirects());
  EXPECT_EQ(chain.on_request(t.x), Verdict::kContinue);
}

}  // namespace
}  // namespace gwanmun::filter
