// load(): which documents become objects, what is said about the others, the cache.
#include "document/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/text.h"
#include "document/kinds.h"
#include "document/limits.h"

namespace gwanmun::document {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kRoute = R"(apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: orders
  namespace: shop
spec:
  rules:
  - backendRefs:
    - name: orders
      port: 80
)";

std::string named(const Object& object) {
  return str_cat(object.api_version, " ", object.kind, " ", object.ns, "/", object.name,
                 object.valid ? "" : " invalid", object.unchanged ? " unchanged" : "");
}

std::vector<std::string> names(const LoadResult& result) {
  std::vector<std::string> out;
  for (const Object& object : result.objects) out.push_back(named(object));
  return out;
}

std::vector<std::string> findings(const LoadResult& result) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : result.diagnostics) out.push_back(to_string(diagnostic));
  return out;
}

TEST(Load, SeveralDocumentsListsAndJson) {
  LoadResult result = load(str_cat(kRoute, "---\n",
                                   R"(apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: ca}}
---
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json", "namespace": "x"}}
)"),
                           "f.yaml");
  EXPECT_THAT(findings(result), IsEmpty());
  EXPECT_THAT(names(result),
              ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders",
                          "v1 Namespace /shop", "v1 ConfigMap default/ca", "v1 ConfigMap x/json"));
  EXPECT_EQ(result.objects[1].position.line, 15);
  EXPECT_FALSE(result.incomplete);
}

TEST(Load, OneBrokenDocumentCostsOnlyItself) {
  LoadResult result =
      load(str_cat("kind: [\n---\n", kRoute, "---\n", kRoute, "    x: b: c\n"), "f.yaml");
  EXPECT_THAT(names(result),
              ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders",
                          "gateway.networking.k8s.io/v1 HTTPRoute shop/orders invalid"));
  EXPECT_THAT(findings(result),
              ElementsAre(HasSubstr("f.yaml:2:1: error: YAML: did not find"),
                          HasSubstr("f.yaml:24:9: error: HTTPRoute shop/orders: YAML: mapping")));
  EXPECT_TRUE(result.incomplete);
}

TEST(Load, WhatIsNoObjectOfOurs) {
  struct Case {
    std::string_view yaml;
    std::string_view finding;  // empty: none
  };
  for (const Case& c : {
           Case{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
                "note: Deployment default/a: Deployment (apps/v1) is not used by Gwanmun"},
           {"apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\n", "note: "},
           {"apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XMesh\nmetadata: {name: a}\n",
            "warning: XMesh default/a: XMesh"},
           {"apiVersion: gateway.networking.k8s.io/v1\nkind: HttpRoute\nmetadata: {name: a}\n",
            "there is no kind HttpRoute in gateway.networking.k8s.io/v1 (did you mean "
            "\"HTTPRoute\"?)"},
           {"apiVersion: v1\nkind: HTTPRoute\nmetadata: {name: a}\n",
            "(write apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute)"},
           {"apiVersion: gateway.networking.k8s.oi/v1\nkind: Gateway\nmetadata: {name: a}\n",
            "(write apiVersion: gateway.networking.k8s.io/v1, kind: Gateway)"},
           {"apiVersion: v1\nkind: Endpointslice\nmetadata: {name: a}\n",
            "did you mean \"EndpointSlice\"?"},
           {"kind: Gateway\n", "apiVersion is missing"},
           {"apiVersion: v1\n", "kind is missing"},
           {"a: 1\n", "apiVersion and kind are missing"},
           {"- 1\n", "expected an object with apiVersion and kind, found a list"},
           {"just words\n", "found a text"},
       }) {
    LoadResult result = load(c.yaml, "f.yaml");
    EXPECT_THAT(result.objects, IsEmpty()) << c.yaml;
    EXPECT_THAT(findings(result), ElementsAre(HasSubstr(c.finding))) << c.yaml;
  }
}

TEST(Kinds, KubernetesOwnAreNoTypos) {
  for (std::string_view kind : {"Binding",
                                "ComponentStatus",
                                "ConfigMaps",
                                "Endpoints",
                                "Event",
                                "LimitRange",
                                "Node",
                                "PersistentVolume",
                                "PersistentVolumeClaim",
                                "Pod",
                                "PodTemplate",
                                "ReplicationController",
                                "ResourceQuota",
                                "ServiceAccount",
                                "Deployment",
                                "DaemonSet",
                                "StatefulSet",
                                "ReplicaSet",
                                "Job",
                                "CronJob",
                                "Ingress",
                                "IngressClass",
                                "NetworkPolicy",
                                "Lease",
                                "Role",
                                "RoleBinding",
                                "ClusterRole",
                                "StorageClass",
                                "PodDisruptionBudget",
                                "IPAddress",
                                "ServiceCIDR"}) {
    if (kind == "ConfigMaps") {
      EXPECT_EQ(judge_stranger("v1", kind).what, Stranger::kWrongKind);
      continue;
    }
    for (std::string_view version : {"v1", "networking.k8s.io/v1", "apps/v1"}) {
      EXPECT_EQ(judge_stranger(version, kind).what, Stranger::kIgnored) << version << " " << kind;
    }
  }
}

TEST(LoadCache, ReadsOnlyWhatChanged) {
  LoadCache cache;
  LoadOptions options{.cache = &cache};
  std::string second = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
  std::string broken = "apiVersion: v1\nkind: [\n";
  LoadResult first = load(str_cat(kRoute, "---\n", second, "---\n", broken), "f.yaml", options);
  EXPECT_THAT(names(first), ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders",
                                        "v1 ConfigMap default/b"));
  EXPECT_FALSE(first.objects[0].node.is_null());

  // Two lines more before everything, and one document changed.
  second += "data: {x: z}\n";
  LoadResult again =
      load(str_cat("# one\n# two\n", "---\n", kRoute, "---\n", second, "---\n", broken), "f.yaml",
           options);
  LoadResult fresh =
      load(str_cat("# one\n# two\n", "---\n", kRoute, "---\n", second, "---\n", broken), "f.yaml");
  EXPECT_EQ(findings(again), findings(fresh));
  EXPECT_TRUE(again.incomplete);

  LoadResult third = load(str_cat("# one\n", "---\n", kRoute, "---\n", second, "---\n", broken),
                          "f.yaml", options);
  EXPECT_THAT(names(third),
              ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders unchanged",
                          "v1 ConfigMap default/b unchanged"));
  EXPECT_EQ(third.objects[1].position.line, 14);
  EXPECT_EQ(third.diagnostics[0].line, 21);
  EXPECT_TRUE(third.objects[0].node.is_null());
  EXPECT_EQ(third.objects[0].fingerprint, again.objects[0].fingerprint);

  cache.clear();
  LoadResult cleared = load(kRoute, "f.yaml", options);
  EXPECT_THAT(names(cleared), ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders"));
}

TEST(LoadCache, TheSameTextTwiceIsReadTwice) {
  LoadCache cache;
  LoadResult result = load(str_cat(kRoute, "---\n", kRoute), "f.yaml", {.cache = &cache});
  // The documents differ by their first line, so add a third that equals the second.
  result = load(str_cat("---\n", kRoute, "---\n", kRoute), "f.yaml", {.cache = &cache});
  EXPECT_THAT(names(result),
              ElementsAre("gateway.networking.k8s.io/v1 HTTPRoute shop/orders unchanged",
                          "gateway.networking.k8s.io/v1 HTTPRoute shop/orders"));
}

TEST(Load, FilesAreBounded) {
  // Untouched memory: only the size is looked at.
  std::unique_ptr<char[]> text(new char[kMaxFileSize + 1]);
  LoadResult result = load({text.get(), kMaxFileSize + 1}, "f.yaml");
  EXPECT_THAT(findings(result), ElementsAre(HasSubstr("the file is too large")));
  EXPECT_TRUE(result.incomplete);
}

TEST(LoadCache, DocumentsAreBoundedAtTheLimit) {
  std::string two = str_cat(kRoute, "---\n", kRoute);
  std::string three = str_cat(two, "---\n# more\n", kRoute);
  LoadCache cache(2);
  LoadOptions options{.cache = &cache};
  load(two, "f.yaml", options);
  EXPECT_TRUE(load(two, "f.yaml", options).objects.at(0).unchanged);
  EXPECT_FALSE(load(three, "f.yaml", options).objects.at(0).unchanged);  // one more: all are read
  EXPECT_FALSE(load(three, "f.yaml", options).objects.at(0).unchanged);
  EXPECT_FALSE(load(two, "f.yaml", options).objects.at(0).unchanged);
}

TEST(Load, RefusesUtf16) {
  LoadResult result = load(std::string_view("\xFF\xFE"
                                            "a\0",
                                            4),
                           "f.yaml");
  EXPECT_THAT(findings(result), ElementsAre(HasSubstr("UTF-16")));
  EXPECT_TRUE(result.incomplete);
}

}  // namespace
}  // namespace gwanmun::document
