#include <gtest/gtest.h>

#include "api/resource_set.h"

namespace gwanmun::api {
namespace {

using document::Node;

Node object(std::string version, std::string kind, std::string ns, std::string name) {
  Node meta = Node::map();
  if (!ns.empty()) meta.set("namespace", Node::string(ns));
  meta.set("name", Node::string(name));
  Node out = Node::map();
  out.set("apiVersion", Node::string(version));
  out.set("kind", Node::string(kind));
  out.set("metadata", meta);
  return out;
}
Node strings(std::vector<std::string> values) {
  Node out = Node::list();
  for (auto& value : values) out.items().push_back(Node::string(value));
  return out;
}
Node http_route() {
  Node ref = Node::map();
  ref.set("name", Node::string("orders"));
  ref.set("port", Node::integer(80));
  ref.set("weight", Node::integer(3));
  Node rule = Node::map();
  rule.set("backendRefs", Node::list({ref}));
  Node spec = Node::map();
  spec.set("hostnames", strings({"a.example.com"}));
  spec.set("rules", Node::list({rule}));
  Node out = object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "orders");
  out.set("spec", spec);
  return out;
}

TEST(Decode, ReadsTheFieldsOfARouteIncludingInheritedOnes) {
  auto decoded = decode(http_route());
  ASSERT_TRUE(decoded) << decoded.error().message;
  const auto& route = *std::get<std::shared_ptr<const HTTPRoute>>(*decoded);
  EXPECT_EQ(to_string(ref_of(*decoded)), "HTTPRoute shop/orders");
  EXPECT_EQ(route.metadata.generation, 1);
  EXPECT_EQ(route.spec.hostnames, std::vector<std::string>{"a.example.com"});
  ASSERT_EQ(route.spec.rules.size(), 1u);
  EXPECT_EQ(route.spec.rules[0].backendRefs[0].port, 80);
  EXPECT_EQ(route.spec.rules[0].backendRefs[0].weight, 3);
}

TEST(Decode, NamesTheFieldOfAWrongType) {
  Node route = http_route();
  route.find("spec")
      ->find("rules")
      ->items()[0]
      .find("backendRefs")
      ->items()[0]
      .set("port", Node::string("80"));
  auto decoded = decode(route);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().message, "spec.rules[0].backendRefs[0].port: expected an integer");
}

TEST(Decode, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(decode(Node::null()));
  EXPECT_FALSE(decode(Node::list()));
  EXPECT_FALSE(decode(object("apps/v1", "Deployment", "shop", "orders")));
  EXPECT_FALSE(decode(object("example.com/v1", "HTTPRoute", "shop", "orders")));
  EXPECT_EQ(decode(object("v1", "Namespace", "", "")).error().message, "metadata.name: required");
}

TEST(Decode, RemovesBase64FromSecrets) {
  for (auto [text, plain] : std::vector<std::pair<std::string, std::string>>{
           {"aGVsbG8=", "hello"}, {"aGVsbG8h", "hello!"}, {"aGVs\nbA==", "hell"}, {"", ""}}) {
    Node data = Node::map();
    data.set("key", Node::string(text));
    Node secret = object("v1", "Secret", "shop", "tls");
    secret.set("data", data);
    auto decoded = decode(secret);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(std::get<std::shared_ptr<const Secret>>(*decoded)->data.at("key"), plain);
  }
  for (std::string bad : {"aGVsbG8", "a", "====", "aGV$", "aG=s"}) {
    Node data = Node::map();
    data.set("key", Node::string(bad));
    Node secret = object("v1", "Secret", "shop", "tls");
    secret.set("data", data);
    EXPECT_FALSE(decode(secret)) << bad;
  }
}

TEST(ResourceSet, PutSaysWhetherAnythingChanged) {
  ResourceSet set;
  auto route = decode(http_route());
  EXPECT_TRUE(put(set, *route));
  EXPECT_FALSE(put(set, *decode(http_route())));
  Node other = http_route();
  other.find("metadata")->set("generation", Node::integer(2));
  EXPECT_TRUE(put(set, *decode(other)));
  EXPECT_TRUE(remove(set, {"HTTPRoute", "shop", "orders"}));
  EXPECT_FALSE(remove(set, {"HTTPRoute", "shop", "orders"}));
  EXPECT_TRUE(set.http_routes.empty());
}

TEST(LabelSelector, AllPartsMustHold) {
  Strings labels{{"team", "a"}, {"tier", "web"}};
  EXPECT_TRUE(matches({}, labels));
  EXPECT_TRUE(matches({{{"team", "a"}}, {}}, labels));
  EXPECT_FALSE(matches({{{"team", "b"}}, {}}, labels));
  EXPECT_TRUE(matches({{}, {{"team", "In", {"a", "b"}}, {"x", "DoesNotExist", {}}}}, labels));
  EXPECT_TRUE(matches({{}, {{"x", "NotIn", {"a"}}, {"tier", "Exists", {}}}}, labels));
  EXPECT_FALSE(matches({{}, {{"team", "NotIn", {"a"}}}}, labels));
  EXPECT_FALSE(matches({{}, {{"team", "Near", {"a"}}}}, labels));
}

TEST(Encode, LeavesEmptyFieldsOut) {
  GatewayStatus status;
  status.listeners.push_back({.name = "http", .attachedRoutes = 0});
  status.conditions.push_back({.type = "Accepted", .status = "True", .observedGeneration = 3});
  Node node = encode(status);
  EXPECT_EQ(node.find("addresses"), nullptr);
  EXPECT_EQ(node.find("attachedListenerSets"), nullptr);
  EXPECT_EQ(node.find("listeners")->items()[0].find("attachedRoutes")->as_integer(), 0);
  EXPECT_EQ(node.find("conditions")->items()[0].find("observedGeneration")->as_integer(), 3);
  EXPECT_EQ(node.find("conditions")->items()[0].find("message"), nullptr);
}

}  // namespace
}  // namespace gwanmun::api
