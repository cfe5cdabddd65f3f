// The rules of the Gateway API for choosing a route, one test for each.
#include "proxy/router.h"

#include <gtest/gtest.h>

#include "proxy/router_for_test.h"
#include "proxy/router_host.h"
#include "proxy/router_table.h"

namespace gwanmun::proxy {
namespace {

using namespace testing;  // NOLINT: the builders

/// A Router for one listener without hostname and one route for any host.
std::shared_ptr<const Router> route_all(
    std::vector<std::pair<std::string, std::vector<Match>>> rules,
    snapshot::RouteKind kind = snapshot::RouteKind::kHttp) {
  std::vector<std::shared_ptr<const snapshot::Rule>> made;
  for (auto& [name, matches] : rules) made.push_back(make_rule(name, std::move(matches)));
  return Router::compile(
      make_snapshot({make_listener("http", "", {{"*", {make_route(0, std::move(made), kind)}}})}),
      nullptr);
}

std::string get(const Router& router, std::string_view target, std::string_view host = "x") {
  TestRequest request(host, target);
  return served_by(router, request.head);
}

TEST(RouterPath, ExactComparesEverything) {
  auto router = route_all({{"exact", {exact("/abc")}}});
  EXPECT_EQ(get(*router, "/abc"), "exact");
  EXPECT_EQ(get(*router, "/abc?x=1"), "exact");
  EXPECT_EQ(get(*router, "/abc/"), "404");
  EXPECT_EQ(get(*router, "/Abc"), "404");
  EXPECT_EQ(get(*router, "/abcd"), "404");
}

TEST(RouterPath, PrefixCoversWholeSegments) {
  auto router = route_all({{"prefix", {prefix("/abc")}}});
  EXPECT_EQ(get(*router, "/abc"), "prefix");
  EXPECT_EQ(get(*router, "/abc/"), "prefix");
  EXPECT_EQ(get(*router, "/abc/def"), "prefix");
  EXPECT_EQ(get(*router, "/abcd"), "404");
  EXPECT_EQ(get(*router, "/"), "404");
}

TEST(RouterPath, RootCoversEverything) {
  auto router = route_all({{"root", {prefix("/")}}});
  EXPECT_EQ(get(*router, "/"), "root");
  EXPECT_EQ(get(*router, "/a/b"), "root");
  EXPECT_EQ(get(*router, "*"), "root");
}

TEST(RouterPath, RegularExpressionsMatchTheWholePath) {
  auto router = route_all({{"regex", {regex("/v[0-9]+/.*")}}, {"rest", {prefix("/")}}});
  EXPECT_EQ(get(*router, "/v12/x"), "regex");
  EXPECT_EQ(get(*router, "/a/v12/x"), "rest");
  EXPECT_EQ(get(*router, "/v12"), "rest");
}

TEST(RouterPath, ValuesAreComparedInTheFormRequestsAreNormalisedTo) {
  auto router = route_all({{"exact", {exact("/%7euser/%2f")}}, {"prefix", {prefix("/a%2db")}}});
  EXPECT_EQ(get(*router, "/~user/%2F"), "exact");
  EXPECT_EQ(get(*router, "/a-b/c"), "prefix");
}

TEST(RouterPrecedence, ExactThenExpressionThenLongestPrefix) {
  auto router = route_all({{"root", {prefix("/")}},
                           {"a", {prefix("/a")}},
                           {"ab", {prefix("/a/b")}},
                           {"regex", {regex("/a/b/[0-9]+")}},
                           {"longer regex", {regex("/a/b/[0-9]+[0-9]")}},
                           {"exact", {exact("/a/b/77")}}});
  EXPECT_EQ(get(*router, "/a/b/77"), "exact");
  EXPECT_EQ(get(*router, "/a/b/78"), "longer regex");
  EXPECT_EQ(get(*router, "/a/b/7"), "regex");
  EXPECT_EQ(get(*router, "/a/b/x"), "ab");
  EXPECT_EQ(get(*router, "/a/bc"), "a");
  EXPECT_EQ(get(*router, "/b"), "root");
}

TEST(RouterPrecedence, AShorterPathServesWhatTheLongerDoesNotMatch) {
  auto router = route_all({{"long", {with_header(prefix("/a/b"), "x", "1")}},
                           {"exact", {with_method(exact("/a/b/c"), "POST")}},
                           {"short", {prefix("/a")}}});
  EXPECT_EQ(get(*router, "/a/b/c"), "short");
  TestRequest request("x", "/a/b/c");
  EXPECT_EQ(served_by(*router, request.header("x", "1").head), "long");
}

TEST(RouterPrecedence, MethodThenHeadersThenQuery) {
  auto router = route_all({{"plain", {prefix("/")}},
                           {"query", {with_query(with_query(prefix("/"), "a", "1"), "b", "1")}},
                           {"header", {with_header(prefix("/"), "h", "1")}},
                           {"headers", {with_header(with_header(prefix("/"), "h", "1"), "i", "1")}},
                           {"method", {with_method(prefix("/"), "PUT")}}});
  auto ask = [&](std::string_view method, bool h, bool i) {
    TestRequest request("x", "/?a=1&b=1", method);
    if (h) request.header("h", "1");
    if (i) request.header("i", "1");
    return served_by(*router, request.head);
  };
  EXPECT_EQ(ask("PUT", true, true), "method");
  EXPECT_EQ(ask("GET", true, true), "headers");
  EXPECT_EQ(ask("GET", true, false), "header");
  EXPECT_EQ(ask("GET", false, true), "query");
  EXPECT_EQ(get(*router, "/"), "plain");
}

TEST(RouterPrecedence, TiesGoToTheOlderRouteThenTheFirstRule) {
  auto younger = make_route(1, {make_rule("younger", {prefix("/a")})});
  auto older = make_route(0, {make_rule("older 0", {prefix("/b"), prefix("/a")}),
                              make_rule("older 1", {prefix("/a")})});
  auto router = Router::compile(
      make_snapshot({make_listener("http", "", {{"*", {younger, older}}})}), nullptr);
  EXPECT_EQ(get(*router, "/a"), "older 0");
}

TEST(RouterMethod, IsCaseSensitiveAndHeadIsNotGet) {
  auto router = route_all({{"get", {with_method(prefix("/"), "GET")}}});
  TestRequest lower("x", "/", "get"), head("x", "/", "HEAD");
  EXPECT_EQ(get(*router, "/"), "get");
  EXPECT_EQ(served_by(*router, lower.head), "404");
  EXPECT_EQ(served_by(*router, head.head), "404");
}

TEST(RouterHeaders, CompareTheWholeValue) {
  auto router = route_all({{"exact", {with_header(prefix("/"), "x-version", "two")}},
                           {"regex", {with_header(prefix("/"), "x-tag", "v[0-9]+", true)}},
                           {"agent", {with_header(prefix("/"), "user-agent", "curl")}}});
  auto ask = [&](std::string_view name, std::string_view value) {
    TestRequest request("x");
    return served_by(*router, request.header(name, value).head);
  };
  EXPECT_EQ(ask("x-version", "two"), "exact");
  EXPECT_EQ(ask("x-version", "Two"), "404");
  EXPECT_EQ(ask("x-version", "two "), "404");
  EXPECT_EQ(ask("x-tag", "v12"), "regex");
  EXPECT_EQ(ask("x-tag", "av12"), "404");
  EXPECT_EQ(ask("user-agent", "curl"), "agent");
  EXPECT_EQ(ask("accept", "curl"), "404");
}

TEST(RouterHeaders, ARepeatedHeaderIsOneValue) {
  auto router = route_all({{"both", {with_header(prefix("/"), "x", "a, b")}},
                           {"first", {with_header(prefix("/"), "x", "a")}}});
  TestRequest request("x");
  request.header("x", "a").header("y", "1").header("x", "b");
  EXPECT_EQ(served_by(*router, request.head), "both");
}

TEST(RouterQuery, FirstValueDecodedNamesExact) {
  auto router = route_all({{"q", {with_query(prefix("/"), "a b", "x&y")}},
                           {"r", {with_query(prefix("/"), "n", "[0-9]+", true)}}});
  EXPECT_EQ(get(*router, "/?a%20b=x%26y"), "q");
  EXPECT_EQ(get(*router, "/?z&a+b=x%26y&a+b=2"), "q");
  EXPECT_EQ(get(*router, "/?a+b=2&a+b=x%26y"), "404");
  EXPECT_EQ(get(*router, "/?A+b=x%26y"), "404");
  EXPECT_EQ(get(*router, "/?n=12"), "r");
  EXPECT_EQ(get(*router, "/?n=12x"), "404");
  EXPECT_EQ(get(*router, "/?n=%"), "404");
  EXPECT_EQ(get(*router, "/?n"), "404");
  EXPECT_EQ(get(*router, "/"), "404");
}

TEST(RouterQuery, ParametersBeyondTheLimitAreNotRead) {
  auto router = route_all({{"q", {with_query(prefix("/"), "last", "1")}}});
  std::string fill = "/?";
  for (std::uint32_t i = 0; i + 1 < kMaxParameters; ++i) fill += "a=1&";
  EXPECT_EQ(get(*router, fill + "last=1"), "q");
  EXPECT_EQ(get(*router, fill + "a=1&last=1"), "404");
}

TEST(RouterHosts, MostSpecificFirstAndBackToLessSpecific) {
  auto rule = [](std::string name, std::string path) {
    return make_route(0, {make_rule(std::move(name), {prefix(std::move(path))})});
  };
  auto router =
      Router::compile(make_snapshot({make_listener("http", "",
                                                   {{"a.example.com", {rule("exact", "/only")}},
                                                    {"*.example.com", {rule("wildcard", "/")}},
                                                    {"*.b.example.com", {rule("longer", "/")}},
                                                    {"*", {rule("any", "/")}}})}),
                      nullptr);
  EXPECT_EQ(get(*router, "/only", "a.example.com"), "exact");
  EXPECT_EQ(get(*router, "/only", "A.Example.com:8080"), "exact");
  EXPECT_EQ(get(*router, "/only", "a.example.com."), "exact");
  EXPECT_EQ(get(*router, "/else", "a.example.com"), "wildcard");
  EXPECT_EQ(get(*router, "/", "x.y.example.com"), "wildcard");
  EXPECT_EQ(get(*router, "/", "x.b.example.com"), "longer");
  EXPECT_EQ(get(*router, "/", "b.example.com"), "wildcard");
  EXPECT_EQ(get(*router, "/", "example.com"), "any");
  EXPECT_EQ(get(*router, "/", ".example.com"), "any");
  EXPECT_EQ(get(*router, "/", "[::1]:80"), "any");
  EXPECT_EQ(get(*router, "/", ""), "any");
  EXPECT_EQ(get(*router, "/", std::string(254, 'a')), "any");
}

TEST(RouterListeners, AreIsolatedFromEachOther) {
  auto rule = [](std::string name) {
    return make_route(0, {make_rule(std::move(name), {prefix("/")})});
  };
  auto router = Router::compile(
      make_snapshot({make_listener("any", "", {{"*", {rule("any")}}}),
                     make_listener("wildcard", "*.example.com", {{"x.example.com", {rule("x")}}}),
                     make_listener("exact", "a.example.com", {})}),
      nullptr);
  EXPECT_EQ(get(*router, "/", "other.org"), "any");
  EXPECT_EQ(get(*router, "/", "x.example.com"), "x");
  EXPECT_EQ(get(*router, "/", "y.example.com"), "404");
  EXPECT_EQ(get(*router, "/", "a.example.com"), "404");
  const PortRouter* port = router->port("", 80);
  EXPECT_EQ(port->listener_for("a.example.com")->spec->origin.section, "exact");
  EXPECT_EQ(port->listener_for("q.a.example.com")->spec->origin.section, "wildcard");
  EXPECT_EQ(port->listener_for("")->spec->origin.section, "any");
  EXPECT_EQ(router->port("", 81), nullptr);
}

TEST(RouterListeners, WithTheSameHostnameShareThePort) {
  auto router = Router::compile(
      make_snapshot(
          {make_listener("one", "", {{"*", {make_route(0, {make_rule("a", {prefix("/a")})})}}}),
           make_listener("two", "", {{"*", {make_route(0, {make_rule("b", {prefix("/b")})})}}})}),
      nullptr);
  EXPECT_EQ(get(*router, "/a"), "a");
  EXPECT_EQ(get(*router, "/b"), "b");
  EXPECT_EQ(get(*router, "/c"), "404");
  // Whatever serves it, a request is not misdirected within one hostname.
  for (std::string_view target : {"/a", "/b", "/c"}) {
    TestRequest request("x", target);
    const PortRouter* port = router->port("", 80);
    EXPECT_EQ(port->match(request.head).listener, port->listener_for("x"));
  }
}

TEST(RouterGrpc, ServicesBeforeExpressionsBeforeTheRest) {
  auto router = route_all({{"rest", {prefix("/")}},
                           {"any service", {regex("/[^/]+/Get")}},
                           {"service", {prefix("/shop.Orders")}},
                           {"method", {exact("/shop.Orders/Get")}}},
                          snapshot::RouteKind::kGrpc);
  EXPECT_EQ(get(*router, "/shop.Orders/Get"), "method");
  EXPECT_EQ(get(*router, "/shop.Orders/List"), "service");
  EXPECT_EQ(get(*router, "/shop.Carts/Get"), "any service");
  EXPECT_EQ(get(*router, "/shop.Carts/List"), "rest");
}

TEST(RouterGrpc, TheServiceWinsOverAnExpressionThatMatchesToo) {
  auto router =
      route_all({{"regex", {regex("/shop\\.Orders/.*")}}, {"service", {prefix("/shop.Orders")}}},
                snapshot::RouteKind::kGrpc);
  EXPECT_EQ(get(*router, "/shop.Orders/Get"), "service");
}

TEST(RouterMany, HeadersTellThousandsApart) {
  std::vector<std::pair<std::string, std::vector<Match>>> rules;
  for (int i = 0; i < 2000; ++i) {
    Match match = with_header(prefix("/"), "x-env", "prod");
    rules.push_back({str_cat(i), {with_header(match, "x-tenant", str_cat("t", i))}});
  }
  rules.push_back({"expression", {with_header(prefix("/"), "x-tenant", "t.*", true)}});
  rules.push_back({"query", {with_query(prefix("/"), "tenant", "t1")}});
  rules.push_back({"rest", {prefix("/")}});
  auto router = route_all(std::move(rules));
  auto ask = [&](std::string_view env, std::string_view tenant, std::string_view target = "/") {
    TestRequest request("x", target);
    return served_by(*router, request.header("x-env", env).header("x-tenant", tenant).head);
  };
  EXPECT_EQ(ask("prod", "t1234"), "1234");
  EXPECT_EQ(ask("test", "t1234"), "expression");
  EXPECT_EQ(ask("prod", "u1"), "rest");
  EXPECT_EQ(ask("prod", "u1", "/?tenant=t1"), "query");
  EXPECT_EQ(ask("prod", "t7", "/?tenant=t1"), "7");
}

TEST(RouterMany, NamesTellThousandsApart) {
  std::vector<std::pair<std::string, std::vector<Match>>> rules;
  for (int i = 0; i < 500; ++i) {
    rules.push_back({str_cat("h", i), {with_header(prefix("/"), str_cat("x-", i), "1")}});
    rules.push_back({str_cat("q", i), {with_query(prefix("/"), str_cat("q", i), "1")}});
  }
  auto router = route_all(std::move(rules));
  TestRequest one("x"), two("x"), query("x", "/?q3=0&q77=1");
  EXPECT_EQ(served_by(*router, one.header("accept", "1").header("x-77", "1").head), "h77");
  EXPECT_EQ(served_by(*router, two.header("x-77", "1").header("x-12", "1").head), "h12");
  EXPECT_EQ(served_by(*router, query.head), "q77");
}

TEST(RouterMany, ExpressionsRunAsASet) {
  std::vector<std::pair<std::string, std::vector<Match>>> rules;
  for (int i = 0; i < 300; ++i) {
    rules.push_back({str_cat(i), {regex(str_cat("/p", i, "/[a-z]+"))}});
  }
  rules.push_back({"broken", {regex("/p1/[a-")}});  // cannot come from translation; matches nothing
  rules.push_back({"with header", {with_header(regex("/p7/[a-z]+"), "h", "1")}});
  auto router = route_all(std::move(rules));
  EXPECT_EQ(get(*router, "/p299/abc"), "299");
  EXPECT_EQ(get(*router, "/p1/x"), "1");
  EXPECT_EQ(get(*router, "/p1/1"), "404");
  TestRequest request("x", "/p7/x");
  EXPECT_EQ(served_by(*router, request.header("h", "1").head), "with header");
}

TEST(RouterMany, PrefixesFromTheLongest) {
  std::vector<std::pair<std::string, std::vector<Match>>> rules;
  std::string path;
  for (int i = 0; i < 60; ++i) {
    path += str_cat("/s", i);
    rules.push_back({path, {prefix(path)}});
    rules.push_back({path + "=", {exact(path)}});
  }
  auto router = route_all(std::move(rules));
  EXPECT_EQ(get(*router, path + "/x"), path);
  EXPECT_EQ(get(*router, path), path + "=");
  EXPECT_EQ(get(*router, "/s0/s1/s2x"), "/s0/s1");
  EXPECT_EQ(get(*router, "/s0x"), "404");
  EXPECT_EQ(get(*router, "/s0/" + std::string(16000, '/')), "/s0");
}

TEST(RouterResult, SaysHowMuchOfThePathThePrefixCovers) {
  auto router = route_all({{"p", {prefix("/foo")}}, {"e", {exact("/bar")}}, {"r", {prefix("/")}}});
  auto covered = [&](std::string_view target) {
    TestRequest request("x", target);
    return router->port("", 80)->match(request.head).prefix_length;
  };
  EXPECT_EQ(covered("/foo/bar"), 4U);
  EXPECT_EQ(covered("/bar"), 0U);
  EXPECT_EQ(covered("/x"), 0U);
}

TEST(RouterResult, NothingIsNeverNull) {
  auto router = Router::compile(make_snapshot({make_listener("http", "a.b", {})}), nullptr);
  TestRequest inside("a.b"), outside("c.d");
  RouteMatch match = router->port("", 80)->match(inside.head);
  EXPECT_EQ(match.rule, &router->not_found());
  EXPECT_EQ(match.rule->status, 404);
  EXPECT_NE(match.listener, nullptr);
  EXPECT_EQ(router->port("", 80)->match(outside.head).listener, nullptr);
  EXPECT_EQ(router->port("", 80)->match(outside.head).rule->status, 404);
}

TEST(RouterCompile, RulesThatCannotWorkAnswer500) {
  auto empty = std::make_shared<snapshot::Rule>();
  empty->origin.section = "empty";
  empty->matches = {exact("/empty")};
  auto zero = std::make_shared<snapshot::Rule>(*empty);
  zero->matches = {exact("/zero")};
  zero->backends = {{.cluster = "a/b:1", .weight = 0}};
  auto filter = std::make_shared<snapshot::Rule>(*zero);
  filter->matches = {exact("/filter")};
  filter->backends[0].weight = 1;
  filter->status = 501;
  filter->filters = {snapshot::RequestRedirect{}};
  auto router = Router::compile(
      make_snapshot({make_listener("http", "", {{"*", {make_route(0, {empty, zero, filter})}}})}),
      nullptr);
  auto status = [&](std::string_view target) {
    TestRequest request("x", target);
    return router->port("", 80)->match(request.head).rule->status;
  };
  EXPECT_EQ(status("/empty"), 500);
  EXPECT_EQ(status("/zero"), 500);
  EXPECT_EQ(status("/filter"), 501);
  TestRequest request("x", "/filter");
  EXPECT_TRUE(router->port("", 80)->match(request.head).rule->filters.empty())
      << "no other filter may answer in place of the unknown one";
}

TEST(RouterTable, FindsWhatWasPutInAndNothingElse) {
  StringTable table;
  EXPECT_EQ(table.find(""), StringTable::kNone);
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(i == 0 ? "" : str_cat("key-", i));
  for (std::uint32_t i = 0; i < keys.size(); ++i) EXPECT_EQ(table.insert(keys[i], i), i);
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(table.find(std::string(keys[i])), i);
    EXPECT_EQ(table.insert(keys[i], 77), i) << "the first value stays";
  }
  EXPECT_EQ(table.size(), keys.size());
  EXPECT_EQ(table.find("key-3000"), StringTable::kNone);
  EXPECT_EQ(table.find("key-"), StringTable::kNone);
}

class RouterUpdate : public ::testing::Test {
 protected:
  using Routes = std::vector<std::shared_ptr<const snapshot::Route>>;
  std::shared_ptr<const snapshot::Route> a = make_route(0, {make_rule("a", {prefix("/")})});
  std::shared_ptr<const snapshot::Route> b = make_route(1, {make_rule("b", {prefix("/")})});
  std::shared_ptr<const snapshot::Route> c = make_route(2, {make_rule("c", {prefix("/")})});

  static std::shared_ptr<const Router> make(snapshot::HostTable hosts, const Router* previous) {
    return Router::compile(make_snapshot({make_listener("http", "", std::move(hosts))}), previous);
  }
  static const CompiledRule* rule(const Router& router, std::string_view host) {
    TestRequest request(host);
    return router.port("", 80)->match(request.head).rule;
  }
};

TEST_F(RouterUpdate, KeepsRulesAndIdsOfWhatDidNotChange) {
  auto one = make({{"a", {a}}, {"b", {b}}}, nullptr);
  auto two = make({{"b", {b}}, {"c", {c}}}, one.get());
  EXPECT_EQ(rule(*two, "b"), rule(*one, "b"));
  EXPECT_EQ(rule(*two, "a")->status, 404);
  EXPECT_EQ(rule(*two, "c")->id, rule(*one, "a")->id) << "a free slot is used again";
  EXPECT_EQ(two->rules()[rule(*two, "c")->id].get(), rule(*two, "c"));
  EXPECT_EQ(&two->not_found(), two->rules()[0].get());
}

TEST_F(RouterUpdate, KeepsARuleWhoseHostGainsAnotherRoute) {
  auto one = make({{"a", {a}}, {"b", {b}}}, nullptr);
  auto two = make({{"a", {a, c}}, {"b", {b}}}, one.get());
  EXPECT_EQ(rule(*two, "a"), rule(*one, "a"));
  EXPECT_EQ(rule(*two, "b"), rule(*one, "b"));
  EXPECT_EQ(two->rule_slots(), 4U);
}

TEST_F(RouterUpdate, SharesAListenerThatIsTheSameObject) {
  auto listener = make_listener("http", "", {{"a", {a}}});
  auto one = Router::compile(make_snapshot({listener}), nullptr);
  auto two = Router::compile(make_snapshot({listener}, 2), one.get());
  EXPECT_EQ(one->ports()[0]->listeners()[0], two->ports()[0]->listeners()[0]);
  one.reset();
  EXPECT_EQ(served_by(*two, TestRequest("a").head), "a");
}

TEST_F(RouterUpdate, OutlivesThePreviousRouterAndSnapshot) {
  auto router = make({{"a", {a}}, {"b", {b}}}, nullptr);
  for (int i = 0; i < 20; ++i) {
    auto route = make_route(3, {make_rule(str_cat("r", i), {prefix("/")})});
    router = make({{"a", {a}}, {"b", {b}}, {"x", {route}}}, router.get());
    EXPECT_EQ(served_by(*router, TestRequest("x").head), str_cat("r", i));
    EXPECT_EQ(served_by(*router, TestRequest("a").head), "a");
  }
  EXPECT_LE(router->rule_slots(), 5U);
}

TEST_F(RouterUpdate, AClusterIdNeverMeansAnotherCluster) {
  auto one = make({{"a", {a}}}, nullptr);
  filter::ClusterId id = one->cluster_id("shop/a:80");
  auto two = make({{"b", {b}}}, one.get());
  EXPECT_EQ(two->clusters()[id], nullptr);
  auto three = make({{"c", {c}}, {"a", {a}}}, two.get());
  ASSERT_NE(three->clusters()[id], nullptr);
  EXPECT_EQ(three->clusters()[id]->name, "shop/a:80");
  EXPECT_EQ(rule(*three, "a")->backends[0].cluster, id);
}

TEST_F(RouterUpdate, ForgetsNamesWhenMostAreGone) {
  std::shared_ptr<const Router> router;
  for (int i = 0; i < 3000; ++i) {
    auto route = make_route(0, {make_rule(str_cat("r", i), {prefix("/")})});
    router = make({{"*", {route}}}, router.get());
  }
  EXPECT_LE(router->clusters().size(), 1100U);
  EXPECT_EQ(served_by(*router, TestRequest("x").head), "r2999");
}

}  // namespace
}  // namespace gwanmun::proxy
