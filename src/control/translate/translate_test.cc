// What golden cases cannot show: that one bad object changes only its own answers, that a
// translation on top of another gives the same as one from nothing, and what it shares.
#include "control/translate/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "control/translate/testing.h"

namespace gwanmun::translate {
namespace {

using ::testing::HasSubstr;

std::string gateway(const std::string& name, int port, const std::string& more = "") {
  return str_cat(
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: "
      "{namespace: infra, name: ",
      name, "}\nspec:\n  gatewayClassName: gwanmun\n  listeners:\n  - name: http\n    port: ", port,
      "\n    protocol: HTTP\n    allowedRoutes: {namespaces: {from: All}}\n", more);
}
std::string service(const std::string& name) {
  return str_cat("---\napiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: ", name,
                 "}\nspec: {ports: [{port: 80}]}\n---\napiVersion: discovery.k8s.io/v1\nkind: "
                 "EndpointSlice\nmetadata: {namespace: shop, name: ",
                 name, "-1, labels: {kubernetes.io/service-name: ", name,
                 "}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints: [{addresses: "
                 "[127.0.0.1]}]\n");
}
/// A route on host NAME.example.com, with `rules` in flow style.
std::string route(const std::string& name, const std::string& rules,
                  const std::string& kind = "HTTPRoute") {
  return str_cat("---\napiVersion: gateway.networking.k8s.io/v1\nkind: ", kind,
                 "\nmetadata: {namespace: shop, name: ", name,
                 "}\nspec:\n  parentRefs: [{namespace: infra, name: web}]\n  hostnames: ['", name,
                 ".example.com']\n  rules: ", rules, "\n");
}
std::string to_service(const std::string& name) {
  return str_cat("[{backendRefs: [{name: ", name, ", port: 80}]}]");
}

struct Damage {
  const char* name;
  std::string objects;             // added to a good set of objects
  std::set<api::ObjectRef> blame;  // objects whose answers and statuses may change
};

std::vector<Damage> damages() {
  auto own = [](const char* name, const std::string& rules, const char* kind = "HTTPRoute") {
    return Damage{name, route("bad", rules, kind), {{kind, "shop", "bad"}}};
  };
  std::string https =
      "  - name: https\n    port: 8443\n    protocol: HTTPS\n    tls: "
      "{certificateRefs: [{name: bad}]}\n";
  std::set<api::ObjectRef> bad_gateway{{"Gateway", "infra", "bad"}};
  return {
      own("bad path regex",
          "[{matches: [{path: {type: RegularExpression, value: '/a('}}], backendRefs: [{name: a, "
          "port: 80}]}]"),
      own("bad header regex",
          "[{matches: [{headers: [{type: RegularExpression, name: x, value: '['}]}], backendRefs: "
          "[{name: a, port: 80}]}]"),
      own("bad method regex",
          "[{matches: [{method: {type: RegularExpression, service: '('}}], backendRefs: [{name: a, "
          "port: 80}]}]",
          "GRPCRoute"),
      own("unknown backend kind",
          "[{backendRefs: [{group: example.com, kind: Thing, name: a, port: 80}]}]"),
      own("missing backend", "[{backendRefs: [{name: missing, port: 80}]}]"),
      own("forbidden reference", "[{backendRefs: [{name: a, namespace: infra, port: 80}]}]"),
      own("unknown filter",
          "[{filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: X, name: x}}],"
          " backendRefs: [{name: a, port: 80}]}]"),
      own("bad header name",
          "[{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: "
          "Content-Length, value: '1'}]}}], backendRefs: [{name: a, port: 80}]}]"),
      {"missing Secret", gateway("bad", 8081, https), bad_gateway},
      {"malformed certificate",
       gateway("bad", 8081, https) + "---\napiVersion: v1\nkind: Secret\nmetadata: {namespace: "
                                     "infra, name: bad}\ndata: {tls.crt: YQ==, tls.key: YQ==}\n",
       bad_gateway},
      {"a port that is taken", gateway("zzz", 8080), {{"Gateway", "infra", "zzz"}}},
      {"a conflict in its own listeners",
       gateway("bad", 8081,
               "  - {name: tls, port: 8081, protocol: HTTPS, tls: {certificateRefs: "
               "[{name: x}]}}\n"),
       bad_gateway},
      {"unknown parameters",
       gateway("bad", 8081) +
           "  infrastructure: {parametersRef: {group: example.com, kind: X, name: x}}\n",
       bad_gateway},
      {"a ListenerSet nobody allows",
       "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {namespace: "
       "shop, name: bad}\nspec: {parentRef: {namespace: infra, name: web}, listeners: [{name: a, "
       "port: 8080, protocol: HTTP}]}\n",
       {{"ListenerSet", "shop", "bad"}}},
  };
}

class BlastRadius : public testing::TestWithParam<Damage> {};

TEST_P(BlastRadius, OnlyTheBadObjectsAnswersChange) {
  std::string good = gateway("web", 8080) + service("a") + service("b") +
                     route("one", to_service("a")) + route("two", to_service("b")) +
                     route("rpc", to_service("a"), "GRPCRoute");
  api::ResourceSet resources;
  ASSERT_EQ(add_yaml(resources, good), "");
  Settings settings = Settings::for_files();
  Translation before = translate(resources, settings);
  ASSERT_EQ(add_yaml(resources, GetParam().objects), "");
  Translation after = translate(resources, settings);

  for (const auto& [ref, status] : before.statuses) {
    ASSERT_TRUE(after.statuses.contains(ref)) << to_string(ref);
    if (ref.kind == "Gateway") continue;  // attachedRoutes counts the new route
    EXPECT_EQ(describe(*after.statuses.at(ref)), describe(*status)) << to_string(ref);
  }
  bool told = false;
  for (const auto& ref : GetParam().blame) {
    auto status = after.statuses.find(ref);
    ASSERT_TRUE(status != after.statuses.end()) << to_string(ref) << " has no status";
    told |= describe(*status->second).find("=False") != std::string::npos ||
            describe(*status->second).find("PartiallyInvalid=True") != std::string::npos;
  }
  EXPECT_TRUE(told) << "no condition names the damage";
  for (const auto& [name, cluster] : before.snapshot->clusters)
    EXPECT_EQ(*after.snapshot->clusters.at(name), *cluster);
  const auto& old = *before.snapshot->listeners.at(0);
  for (const auto& listener : after.snapshot->listeners) {
    if (listener->origin != old.origin) continue;
    for (const auto& [host, routes] : old.hosts) {
      ASSERT_TRUE(listener->hosts.contains(host)) << host;
      EXPECT_EQ(*listener->hosts.at(host)[0], *routes[0]) << host;
    }
    return;
  }
  FAIL() << "the good listener is gone";
}

INSTANTIATE_TEST_SUITE_P(Translate, BlastRadius, testing::ValuesIn(damages()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           for (char& c : name)
                             if (c == ' ') c = '_';
                           return name;
                         });

/// A rule that cannot work stays in its place and answers 500; it never lets its requests through.
TEST(Translate, ABadFilterTurnsItsRuleInto500) {
  api::ResourceSet resources;
  add_yaml(resources,
           gateway("web", 8080) + service("a") +
               route("bad",
                     "[{filters: [{type: ExtensionRef, extensionRef: {group: e.com, kind: "
                     "X, name: x}}], backendRefs: [{name: a, port: 80}]}]"));
  auto result = translate(resources, Settings::for_files());
  const auto& rule =
      *result.snapshot->listeners.at(0)->hosts.at("bad.example.com").at(0)->rules.at(0);
  EXPECT_EQ(rule.status, 500);
  EXPECT_THAT(rule.reason, HasSubstr("e.com/X x"));
}

/// Objects of a small world that tests change at random.
std::string random_world(std::mt19937& random) {
  auto pick = [&](std::initializer_list<const char*> of) {
    return std::string(of.begin()[random() % of.size()]);
  };
  std::string out = gateway("web", 8080) + gateway("two", 8081);
  for (const char* name : {"a", "b", "c"})
    if (random() % 4 != 0) out += service(name);
  for (const char* name : {"r1", "r2", "r3", "r4", "r5"}) {
    if (random() % 5 == 0) continue;
    std::string rules =
        str_cat("[{matches: [{path: {type: ", pick({"PathPrefix", "RegularExpression"}),
                ", value: ", pick({"/a", "/b", "'/c('"}),
                "}}], backendRefs: [{name: ", pick({"a", "b", "c"}),
                ", port: 80, weight: ", random() % 3, "}]}]");
    std::string text = route(name, rules);
    if (random() % 2 == 0) {
      auto host = text.find(str_cat(name, ".example.com"));
      text.replace(host, 2, pick({"x", "*", "y"}));
    }
    if (random() % 3 == 0) text.replace(text.find("name: web"), 9, "name: two");
    if (random() % 4 == 0) text.replace(text.find("port: 80,"), 9, "namespace: infra, port: 80,");
    out += text;
  }
  if (random() % 3 == 0)
    out +=
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: "
        "{namespace: infra, name: g}\nspec: {from: [{group: gateway.networking.k8s.io, kind: "
        "HTTPRoute, namespace: shop}], to: [{group: '', kind: Service}]}\n";
  return out;
}

/// Keeps pointers of objects that did not change, as a source does.
void become(api::ResourceSet& resources, const std::string& yaml) {
  api::ResourceSet next;
  ASSERT_EQ(add_yaml(next, yaml), "");
  next.for_each_kind([&]<class T>(api::ResourceSet::Of<T>& objects) {
    for (auto& [key, object] : objects) {
      auto old = resources.of<T>().find(key);
      if (old != resources.of<T>().end() && *old->second == *object) object = old->second;
    }
  });
  resources = std::move(next);
}

TEST(Translate, OnTopOfAnotherGivesTheSameAsFromNothing) {
  std::mt19937 random(7);
  api::ResourceSet resources;
  Settings settings = Settings::for_files();
  Translation last;
  for (int round = 0; round < 200; ++round) {
    become(resources, random_world(random));
    if (random() % 20 == 0) settings.unavailable_ports[8081] = "in use";
    if (random() % 20 == 0) settings.unavailable_ports.clear();
    Translation next = translate(resources, settings, round == 0 ? nullptr : &last);
    Translation fresh = translate(resources, settings);
    snapshot::Snapshot same = *next.snapshot;
    same.version = fresh.snapshot->version;
    next.snapshot = std::make_shared<const snapshot::Snapshot>(same);
    ASSERT_EQ(describe(next), describe(fresh)) << "round " << round;
    last = std::move(next);
  }
}

TEST(Translate, SharesWhatDidNotChange) {
  api::ResourceSet resources;
  ASSERT_EQ(add_yaml(resources, gateway("web", 8080) + gateway("two", 8081) + service("a") +
                                    service("b") + route("one", to_service("a")) +
                                    route("two", to_service("b"))),
            "");
  Settings settings = Settings::for_files();
  Translation first = translate(resources, settings);
  ASSERT_EQ(add_yaml(resources, route("two", "[{backendRefs: [{name: b, port: 80, weight: 2}]}]")),
            "");
  Translation second = translate(resources, settings, &first);
  EXPECT_EQ(second.snapshot->version, first.snapshot->version + 1);
  EXPECT_EQ(second.snapshot->clusters.at("shop/a:80"), first.snapshot->clusters.at("shop/a:80"));
  auto find = [](const Translation& t, const char* host) {
    for (const auto& listener : t.snapshot->listeners)
      if (listener->hosts.contains(host)) return listener->hosts.at(host).at(0);
    return std::shared_ptr<const snapshot::Route>();
  };
  EXPECT_EQ(find(second, "one.example.com"), find(first, "one.example.com"));
  EXPECT_NE(find(second, "two.example.com"), find(first, "two.example.com"));
  EXPECT_EQ(second.snapshot->listeners.at(0), first.snapshot->listeners.at(0))
      << "the Gateway without routes is the same object";
  EXPECT_EQ(second.statuses.at({"HTTPRoute", "shop", "one"}),
            first.statuses.at({"HTTPRoute", "shop", "one"}));
}

/// Endpoints change without touching a single rule.
TEST(Translate, EndpointsChangeTheirClusterOnly) {
  api::ResourceSet resources;
  ASSERT_EQ(
      add_yaml(resources, gateway("web", 8080) + service("a") + route("one", to_service("a"))), "");
  Settings settings = Settings::for_files();
  Translation first = translate(resources, settings);
  std::string moved = service("a");
  moved.replace(moved.find("127.0.0.1"), 9, "127.0.0.2");
  ASSERT_EQ(add_yaml(resources, moved), "");
  Translation second = translate(resources, settings, &first);
  EXPECT_EQ(second.snapshot->listeners.at(0), first.snapshot->listeners.at(0));
  EXPECT_EQ(second.snapshot->clusters.at("shop/a:80")->endpoints.at(0).address, "127.0.0.2");
}

}  // namespace
}  // namespace gwanmun::translate
