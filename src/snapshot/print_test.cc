#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot/snapshot.h"

namespace gwanmun::snapshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Snapshot example() {
  auto rule = std::make_shared<Rule>();
  rule->origin = {"HTTPRoute", "shop", "orders", "rule[0]", 1};
  rule->matches = {{.path = {PathMatchKind::kPrefix, "/api"}, .headers = {{"x-v", "2", false}}}};
  rule->filters = {UrlRewrite{.path = PathRewrite{PathRewriteKind::kReplacePrefixMatch, ""}}};
  rule->backends = {{.cluster = "shop/orders:80", .weight = 9}};
  auto route = std::make_shared<Route>();
  route->origin = {"HTTPRoute", "shop", "orders", "", 1};
  route->rules = {rule};
  auto listener = std::make_shared<Listener>();
  listener->origin = {"Gateway", "infra", "web", "https", 1};
  listener->port = 443;
  listener->protocol = Protocol::kHttps;
  listener->tls = ListenerTls{};
  listener->tls->certificates = {std::make_shared<Certificate>(
      Certificate{{"Secret", "infra", "tls", "", 1}, "CHAIN", "PRIVATE"})};
  listener->hosts["a.example.com"] = {route};
  listener->hosts["*.example.com"] = {route};
  Snapshot snapshot{.version = 3, .listeners = {listener}};
  auto cluster = std::make_shared<Cluster>();
  cluster->name = "shop/orders:80";
  cluster->origin = {"Service", "shop", "orders", "", 1};
  cluster->endpoints = {{"10.0.0.1", 8080}, {"fd00::1", 8080}};
  snapshot.clusters["shop/orders:80"] = cluster;
  return snapshot;
}

TEST(Print, ShowsEachRouteOnceAndNoPrivateKey) {
  std::string yaml = to_yaml(example());
  EXPECT_THAT(yaml, HasSubstr("Gateway/infra/web/https"));
  EXPECT_THAT(yaml, HasSubstr("Secret/infra/tls"));
  EXPECT_THAT(yaml, HasSubstr("[fd00::1]:8080"));
  EXPECT_THAT(yaml, Not(HasSubstr("PRIVATE")));
  auto first = yaml.find("name: rule[0]");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(yaml.find("name: rule[0]", first + 1), std::string::npos);
}

TEST(Print, AnEmptyReplacementIsShown) {
  EXPECT_THAT(to_json(example()), HasSubstr(R"("path":{"prefix":""})"));
}

TEST(Compare, LooksThroughPointers) {
  EXPECT_EQ(*example().listeners[0], *example().listeners[0]);
  auto other = example();
  auto changed = std::make_shared<Listener>(*other.listeners[0]);
  auto rule = std::make_shared<Rule>(*changed->hosts["a.example.com"][0]->rules[0]);
  rule->backends[0].weight = 1;
  auto route = std::make_shared<Route>(*changed->hosts["a.example.com"][0]);
  route->rules = {rule};
  changed->hosts["a.example.com"] = {route};
  EXPECT_FALSE(*changed == *example().listeners[0]);
}

}  // namespace
}  // namespace gwanmun::snapshot
