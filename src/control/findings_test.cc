// From manifests to findings: everything that keeps them from doing what they say is named, with
// its place; what is fine is not.
#include "control/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace gwanmun::control {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kGateway = R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: gw
spec:
  gatewayClassName: gwanmun
  listeners:
  - name: http
    port: 80
    protocol: HTTP
---
)";

struct FindingsTest : ::testing::Test {
  FindingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gwanmun-findings-XXXXXX");
    dir = ::mkdtemp(pattern.data());
  }
  ~FindingsTest() override { std::filesystem::remove_all(dir); }

  std::vector<std::string> find(const std::string& text) {
    std::ofstream(dir + "/a.yaml") << text;
    auto source = *FileSource::create({.paths = {dir}, .keep_nodes = true});
    source->refresh();
    auto result = translate::translate(source->resources(), translate::Settings::for_files());
    std::vector<std::string> out;
    for (const auto& d : findings(*source, result)) out.push_back(to_string(d));
    return out;
  }
  static std::string route(std::string_view parent, std::string_view rule) {
    return std::string(R"(apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop
spec:
  parentRefs:
  - )") + std::string(parent) +
           "\n  rules:\n  - " + std::string(rule) + "\n";
  }

  std::string dir;
};

constexpr std::string_view kRedirect =
    "filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]";

TEST_F(FindingsTest, NothingToSayAboutWhatWorks) {
  EXPECT_THAT(find(std::string(kGateway) + route("name: gw", kRedirect)), IsEmpty());
}

TEST_F(FindingsTest, AConditionIsFoundAtTheFieldItNames) {
  auto found = find(std::string(kGateway) +
                    route("name: gw", "backendRefs:\n    - name: none\n      port: 80"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], AllOf(HasSubstr("a.yaml:21:"), HasSubstr("HTTPRoute default/shop"),
                              HasSubstr("spec.rules[0].backendRefs[0]"),
                              HasSubstr("ResolvedRefs=False BackendNotFound")));
}

TEST_F(FindingsTest, ARouteWithoutAGatewaySaysWhichThereAre) {
  auto found = find(std::string(kGateway) + route("name: gv", kRedirect));
  EXPECT_THAT(found, ElementsAre(AllOf(HasSubstr("a.yaml:18:"), HasSubstr("spec.parentRefs[0]"),
                                       HasSubstr("there is no Gateway default/gv"),
                                       HasSubstr("did you mean \"gw\"?"))));
  found = find(std::string(kGateway) + route("{name: gw, namespace: infra}", kRedirect));
  EXPECT_THAT(found, ElementsAre(HasSubstr("there is default/gw: set namespace")));
}

TEST_F(FindingsTest, ARouteWithoutParents) {
  auto found = find(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
      "metadata:\n  name: alone\nspec: {}\n");
  EXPECT_THAT(found, ElementsAre(HasSubstr("has no parentRefs")));
}

TEST_F(FindingsTest, AnIgnoredGatewayAndItsRoutes) {
  std::string other(kGateway);
  other.replace(other.find("gwanmun"), 7, "nginx");
  auto found = find(other + route("name: gw", kRedirect));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0], AllOf(HasSubstr("a.yaml:6:"), HasSubstr("Gateway default/gw"),
                              HasSubstr("is ignored"), HasSubstr("--controller-name")));
  EXPECT_THAT(found[1], HasSubstr("Gateway default/gw is not served"));
}

TEST_F(FindingsTest, AListenerIsFoundByItsName) {
  std::string gateway(kGateway);
  gateway.replace(gateway.find("protocol: HTTP"), 14,
                  "protocol: HTTPS\n    tls: {certificateRefs: [{name: x}]}");
  auto found = find(gateway);
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0], AllOf(HasSubstr("spec.listeners[0]"), HasSubstr("ResolvedRefs=False")));
}

TEST_F(FindingsTest, NotesAreNoProblems) {
  EXPECT_FALSE(has_problems({{.severity = Severity::kNote, .message = "x"}}));
  EXPECT_TRUE(has_problems({{.severity = Severity::kWarning, .message = "x"}}));
}

}  // namespace
}  // namespace gwanmun::control
