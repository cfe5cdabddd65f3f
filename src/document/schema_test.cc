// The schema check: types, bounds, defaults, unknown fields, places; the core kinds; old versions.
#include "document/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "document/kinds.h"
#include "document/limits.h"
#include "document/load.h"
#include "document/parse.h"
#include "document/upgrade.h"
#include "document/writer.h"

namespace gwanmun::document {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Node yaml(std::string_view text) { return parse_yaml({text, 1}).node; }

/// "line:column path: message (hint)" of each finding, then the object as it became.
std::string judged(std::string_view schema_text, std::string_view object_text) {
  auto schema = compile_schema(yaml(schema_text));
  if (!schema) return str_cat("compile: ", schema.error().message);
  Node object = yaml(object_text);
  Findings findings;
  check(*schema, object, "spec", findings);
  std::string out;
  for (const Finding& f : findings) {
    out += str_cat(f.position.line, ":", f.position.column, " ", f.path, ": ", f.message,
                   f.hint.empty() ? "" : " (" + f.hint + ")", "\n");
  }
  return out + to_json(object);
}

TEST(Schema, Values) {
  struct Case {
    std::string_view schema;
    std::string_view object;
    std::string_view outcome;
  };
  for (const Case& c : {
           Case{"{type: string}", "a", "\"a\""},
           {"{type: string}", "1",
            "1:1 spec: Invalid value: 1: must be a string (write \"1\" in quotes)\n1"},
           {"{type: integer}", "'1'",
            "1:1 spec: Invalid value: \"1\": must be an integer (without quotes)\n\"1\""},
           {"{type: integer}", "1.0", "1"},
           {"{type: integer}", "1.5", "1:1 spec: Invalid value: 1.5: must be an integer\n1.5"},
           {"{type: number}", "1", "1"},
           {"{type: boolean}", "on",
            "1:1 spec: Invalid value: \"on\": must be true or false (without quotes)\n\"on\""},
           {"{type: array, items: {type: integer}}", "{a: 1}",
            "1:1 spec: Invalid value: an object: must be a list (start each item with \"- "
            "\")\n{\"a\":1}"},
           {"{x-kubernetes-int-or-string: true}", "http", "\"http\""},
           {"{x-kubernetes-int-or-string: true}", "80", "80"},
           {"{x-kubernetes-int-or-string: true}", "true",
            "1:1 spec: Invalid value: true: must be an integer or a string\ntrue"},
           {"{type: integer, minimum: 1, maximum: 65535}", "0",
            "1:1 spec: Invalid value: 0: must be at least 1\n0"},
           {"{type: integer, minimum: 1, maximum: 65535}", "65536",
            "1:1 spec: Invalid value: 65536: must be at most 65535\n65536"},
           {"{type: integer, format: int32}", "2147483648",
            "1:1 spec: Invalid value: 2147483648: must be at most 2147483647\n2147483648"},
           {"{type: string, maxLength: 2}", "\xC3\xA9\xC3\xA9", "\"\xC3\xA9\xC3\xA9\""},
           {"{type: string, maxLength: 2}", "abc",
            "1:1 spec: Too long: may not be more than 2 characters, has 3\n\"abc\""},
           {"{type: string, minLength: 1}", "''",
            "1:1 spec: Invalid value: \"\": must have at least 1 characters\n\"\""},
           {"{type: string, pattern: '^[a-z]+$'}", "Shop",
            "1:1 spec: Invalid value: \"Shop\": must match '^[a-z]+$' (use lower case)\n\"Shop\""},
           {"{type: string, pattern: '^[a-z-]+$'}", "a_b",
            "1:1 spec: Invalid value: \"a_b\": must match '^[a-z-]+$' (for example "
            "\"a-b\")\n\"a_b\""},
           {"{type: string, enum: [Exact, PathPrefix]}", "Prefix",
            "1:1 spec: Unsupported value: \"Prefix\": supported values: \"Exact\", "
            "\"PathPrefix\" (did you mean \"PathPrefix\"?)\n\"Prefix\""},
           {"{type: string, enum: [Exact, PathPrefix]}", "exact",
            "1:1 spec: Unsupported value: \"exact\": supported values: \"Exact\", \"PathPrefix\" "
            "(did you mean \"Exact\"?)\n\"exact\""},
           {"{type: string, format: date-time}", "yesterday",
            "1:1 spec: Invalid value: \"yesterday\": must be of format date-time\n\"yesterday\""},
           {"{type: array, items: {type: string}, maxItems: 1}", "[a, b]",
            "1:1 spec: Too many: 2: must have at most 1 items\n[\"a\",\"b\"]"},
           {"{type: array, items: {type: string}, minItems: 1}", "[]",
            "1:1 spec: Invalid value: 0 items: must have at least 1\n[]"},
           {"{type: array, x-kubernetes-list-type: set, items: {type: string}}", "[a, b, a]",
            "1:8 spec[2]: Duplicate value: \"a\"\n[\"a\",\"b\",\"a\"]"},
           {"{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items: "
            "{type: object, properties: {name: {type: string}}}}",
            "[{name: a}, {name: a}]",
            "1:13 spec[1]: Duplicate value: name: \"a\"\n[{\"name\":\"a\"},{\"name\":\"a\"}]"},
           {"{type: string, nullable: true}", "null", "null"},
           {"{type: string}", "null", "1:1 spec: Invalid value: null: must be a string\nnull"},
       }) {
    EXPECT_EQ(judged(c.schema, c.object), c.outcome) << c.schema << " " << c.object;
  }
}

TEST(Schema, Objects) {
  constexpr std::string_view kSchema = R"(
type: object
required: [name]
properties:
  name: {type: string}
  weight: {type: integer, default: 1}
  match:
    type: object
    default: {}
    properties:
      type: {type: string, default: Exact}
  labels: {type: object, maxProperties: 2, additionalProperties: {type: string}}
  free: {type: object, x-kubernetes-preserve-unknown-fields: true}
)";
  struct Case {
    std::string_view object;
    std::string_view outcome;
  };
  for (
      const Case& c : {
          // Defaults of defaults.
          Case{"{name: a}", R"({"name":"a","match":{"type":"Exact"},"weight":1})"},
          // A null is as good as nothing, and then the default applies.
          {"{name: a, weight: null, labels: null}",
           R"({"name":"a","match":{"type":"Exact"},"weight":1})"},
          {"{name: a, labels: {x: y}, free: {any: [1]}}",
           R"({"name":"a","labels":{"x":"y"},"free":{"any":[1]},"match":{"type":"Exact"},"weight":1})"},
          {"{}", "1:1 spec.name: Required value\n{\"match\":{\"type\":\"Exact\"},\"weight\":1}"},
          {"{nam: a}",
           "1:1 spec.name: Required value\n1:2 spec.nam: unknown field (did you mean \"name\"?)\n"
           "{\"nam\":\"a\",\"match\":{\"type\":\"Exact\"},\"weight\":1}"},
          {"{name: a, labels: {x: 1}}",
           "1:23 spec.labels[x]: Invalid value: 1: must be a string (write \"1\" in quotes)\n"
           "{\"name\":\"a\",\"labels\":{\"x\":1},\"match\":{\"type\":\"Exact\"},\"weight\":1}"},
          {"{name: a, labels: {a: b, c: d, e: f}}",
           "1:19 spec.labels: Too many: 3: must have at most 2 properties\n"
           "{\"name\":\"a\",\"labels\":{\"a\":\"b\",\"c\":\"d\",\"e\":\"f\"},\"match\":{\"type\":"
           "\"Exact\"},\"weight\":1}"},
      }) {
    EXPECT_EQ(judged(kSchema, c.object), c.outcome) << c.object;
  }
}

TEST(Schema, RulesRunAfterDefaultsAndOnlyOnSoundObjects) {
  constexpr std::string_view kSchema = R"(
type: object
properties:
  a: {type: integer, default: 1}
  b: {type: integer}
x-kubernetes-validations:
- {rule: "self.a == 1", message: a must be 1}
- {rule: "self.b > 0"}
- {rule: "self.a < 5", messageExpression: "'not ' + 'below 5'", message: unused, fieldPath: .a}
- {rule: "self == oldSelf"}
)";
  EXPECT_THAT(judged(kSchema, "{b: 1}"), HasSubstr("{\"b\":1,\"a\":1}"));
  EXPECT_EQ(judged(kSchema, "{b: 1, a: 7}"),
            "1:1 spec: Invalid value: a must be 1\n1:1 spec.a: Invalid value: not below 5\n"
            "{\"b\":1,\"a\":7}");
  EXPECT_THAT(judged(kSchema, "{}"),
              HasSubstr("rule evaluation error: no such key: b (failed rule: self.b > 0)"));
  EXPECT_THAT(judged(kSchema, "{a: x}"), testing::Not(HasSubstr("rule")));
}

TEST(Schema, Alternatives) {
  constexpr std::string_view kOne =
      "{oneOf: [{properties: {t: {enum: [IP]}, v: {anyOf: [{format: ipv4}, {format: ipv6}]}}}, "
      "{properties: {t: {not: {enum: [IP]}}}}], type: object, properties: {t: {type: string}, v: "
      "{type: string}}}";
  EXPECT_EQ(judged(kOne, "{t: IP, v: 10.0.0.1}"), R"({"t":"IP","v":"10.0.0.1"})");
  EXPECT_EQ(judged(kOne, "{t: Name, v: a}"), R"({"t":"Name","v":"a"})");
  EXPECT_THAT(judged(kOne, "{t: IP, v: a}"),
              HasSubstr("must fit exactly one of the allowed forms"));
  EXPECT_THAT(judged("{allOf: [{minLength: 2}, {maxLength: 3}]}", "a"), HasSubstr("(allOf)"));
  EXPECT_EQ(judged("{allOf: [{minLength: 2}, {maxLength: 3}]}", "ab"), "\"ab\"");
}

TEST(Schema, FindingsAreBoundedAtTheLimit) {
  std::string list = "[";
  for (std::size_t i = 0; i < kMaxFindings + 10; ++i) list += "x,";
  list += "]";
  std::string out = judged("{type: array, items: {type: integer}}", list);
  EXPECT_EQ(static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')), kMaxFindings);
}

TEST(Schema, WhatItDoesNotKnowItRefusesToCompile) {
  EXPECT_THAT(judged("{type: text}", "a"), HasSubstr("compile: : unknown type text"));
  EXPECT_THAT(judged("{properties: {a: {multipleOf: 2}}}", "a"),
              HasSubstr("a: unknown keyword multipleOf"));
  EXPECT_THAT(judged("{x-kubernetes-new: 2}", "a"), HasSubstr("unknown keyword x-kubernetes-new"));
  EXPECT_THAT(judged("{pattern: '('}", "a"), HasSubstr("bad pattern"));
  EXPECT_THAT(judged("{x-kubernetes-validations: [{rule: 'self.'}]}", "a"),
              HasSubstr("expected a name"));
}

struct Loaded {
  std::vector<std::string> findings;
  std::vector<Object> objects;
};

Loaded loaded(std::string_view text, Channel channel = Channel::kExperimental) {
  LoadResult result = load(text, "f", {.channel = channel});
  Loaded out{{}, std::move(result.objects)};
  for (const Diagnostic& d : result.diagnostics) out.findings.push_back(to_string(d));
  return out;
}

TEST(CoreKinds, WhatKubectlPrintsIsAccepted) {
  Loaded result = loaded(R"(
apiVersion: v1
kind: Service
metadata:
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
  creationTimestamp: "2025-01-01T00:00:00Z"
  managedFields: [{manager: kubectl, operation: Update, fieldsV1: {"f:spec": {}}}]
  name: orders
  namespace: shop
  resourceVersion: "12"
  uid: 3f2f9b0e-0d7c-4d5b-9a51-0f8a6c1c9d11
spec:
  allocateLoadBalancerNodePorts: true
  clusterIP: 10.0.0.1
  clusterIPs: [10.0.0.1]
  externalTrafficPolicy: Cluster
  internalTrafficPolicy: Cluster
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
  ports:
  - {name: http, nodePort: 30080, port: 80, protocol: TCP, targetPort: web, appProtocol: kubernetes.io/h2c}
  selector: {app: orders}
  sessionAffinity: None
  type: LoadBalancer
status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: orders-abc
  namespace: shop
  labels: {kubernetes.io/service-name: orders}
  ownerReferences: [{apiVersion: v1, blockOwnerDeletion: true, controller: true, kind: Service, name: orders, uid: x}]
addressType: IPv4
endpoints:
- addresses: [10.1.0.4]
  conditions: {ready: true, serving: true, terminating: false}
  nodeName: node-1
  targetRef: {kind: Pod, name: orders-1, namespace: shop, uid: x}
  zone: a
ports: [{name: http, port: 8080, protocol: TCP}]
---
apiVersion: v1
kind: Secret
metadata: {name: cert}
type: kubernetes.io/tls
data: {tls.crt: YQ==, tls.key: Yg==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ca, creationTimestamp: null}
data: {ca.crt: x}
binaryData: {b: YQ==}
immutable: true
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}
spec: {finalizers: [kubernetes]}
status: {phase: Active}
)");
  EXPECT_THAT(result.findings, IsEmpty());
  ASSERT_EQ(result.objects.size(), 5u);
  for (const Object& object : result.objects) {
    EXPECT_TRUE(object.valid);
    EXPECT_EQ(object.node.find("status"), nullptr);
  }
  EXPECT_EQ(result.objects[2].node.at("metadata", "namespace")->as_string(), "default");
  EXPECT_EQ(result.objects[4].node.at("metadata", "namespace"), nullptr);
}

TEST(CoreKinds, Defaults) {
  Loaded result = loaded(
      "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {x: YQ==}, stringData: {x: bcd, "
      "y: \"\"}}\n");
  EXPECT_THAT(result.findings, IsEmpty());
  EXPECT_EQ(
      to_json(*result.objects[0].node.find("spec")),
      R"({"ports":[{"port":80,"protocol":"TCP"}],"sessionAffinity":"None","type":"ClusterIP"})");
  EXPECT_EQ(to_json(*result.objects[1].node.find("data")), R"({"x":"YmNk","y":""})");
  EXPECT_EQ(result.objects[1].node.find("stringData"), nullptr);
  EXPECT_EQ(result.objects[1].node.text("type"), "Opaque");
}

TEST(CoreKinds, Mistakes) {
  struct Case {
    std::string_view object;
    std::string_view finding;
  };
  for (const Case& c : {
           Case{"kind: Service, metadata: {name: a}, spec: {}",
                "spec.ports: Invalid value: a Service needs ports"},
           {"kind: Service, metadata: {name: a}", "spec: Required value"},
           {"kind: Service, metadata: {name: 1a}, spec: {ports: [{port: 80}]}",
            "metadata.name: Invalid value: a Service's name"},
           {"kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}, {port: 81}]}",
            "every port needs a name"},
           {"kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, targetport: 1}]}",
            "did you mean \"targetPort\"?"},
           {"kind: Service, metadata: {name: a}, spec: {type: ExternalName}", "needs externalName"},
           {"kind: Service, metadata: {name: a}, spec: {port: 80, ports: [{port: 80}]}",
            "spec.port: unknown field"},
           {"kind: Secret, metadata: {name: a}, data: {x: \"a b\"}",
            "data[x]: Invalid value: \"a b\": must be of format byte"},
           {"kind: Secret, metadata: {name: a}, type: kubernetes.io/tls, data: {tls.crt: YQ==}",
            "needs tls.crt and tls.key"},
           {"kind: ConfigMap, metadata: {name: a}, data: {x: 1}",
            "data[x]: Invalid value: 1: must be a string"},
           {"kind: ConfigMap, metadata: {name: a}, data: {\"a b\": c}", "a key is letters"},
           {"kind: Namespace, metadata: {name: a.b}", "a namespace's name"},
           {"kind: Namespace, metadata: {name: a, namespace: b}",
            "metadata.namespace: a Namespace belongs to no namespace"},
           {"kind: ConfigMap, metadata: {name: A_b}", "metadata.name: Invalid value: \"A_b\""},
           {"kind: ConfigMap, metadata: {name: A_b}", "(for example \"a-b\")"},
           {"kind: ConfigMap, metadata: {generateName: a-}", "metadata.name: Required value"},
           {"kind: ConfigMap, metadata: {name: a, namespace: A}",
            "metadata.namespace: Invalid value: \"A\""},
           {"kind: ConfigMap, metadata: {name: a, label: {a: b}}",
            "metadata.label: unknown field (did you mean \"labels\"?)"},
           {"kind: ConfigMap, metadata: {name: a, labels: {a: \"b c\"}}",
            "metadata.labels[a]: Invalid value"},
           {"kind: ConfigMap, metadata: {name: a, labels: {\"a/b/c\": b}}",
            "metadata.labels: Invalid value: a key is"},
           {"kind: ConfigMap", "metadata.name: Required value"},
       }) {
    Loaded result = loaded(str_cat("{apiVersion: v1, ", c.object, "}"));
    EXPECT_THAT(result.findings, testing::Contains(HasSubstr(c.finding))) << c.object;
    for (const Object& object : result.objects) EXPECT_FALSE(object.valid) << c.object;
  }
  auto slice = [](std::string_view body) {
    return loaded(
               str_cat(
                   "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, ",
                   body, "}"))
        .findings;
  };
  EXPECT_THAT(slice("addressType: IPv4, endpoints: [{addresses: [a.example]}]"),
              ElementsAre(HasSubstr("must be IP addresses")));
  EXPECT_THAT(slice("addressType: IPv4, endpoints: [{addresses: [\"::1\"]}]"),
              ElementsAre(HasSubstr("an address is IPv6")));
  EXPECT_THAT(slice("addressType: IPv6, endpoints: [{addresses: [127.0.0.1]}]"),
              ElementsAre(HasSubstr("an address is IPv4")));
  EXPECT_THAT(slice("addressType: IPv4, endpoints: null, ports: null"), IsEmpty());
  EXPECT_THAT(slice("endpoints: []"), ElementsAre(HasSubstr("addressType: Required value")));
}

std::string object_of(std::string_view api_version, std::string_view kind, std::string_view spec) {
  return str_cat("{apiVersion: ", api_version, ", kind: ", kind,
                 ", metadata: {name: a}, spec: ", spec, "}");
}

TEST(Upgrade, OldVersionsAreReadAsV1) {
  struct Case {
    std::string_view api_version;
    std::string_view kind;
    std::string_view spec;
    std::string_view finding;  // empty: none
  };
  constexpr std::string_view kBackend = "{rules: [{backendRefs: [{name: a, port: 1}]}]}";
  for (const Case& c : {
           Case{"gateway.networking.k8s.io/v1beta1", "HTTPRoute", "{}", ""},
           {"gateway.networking.k8s.io/v1beta1", "Gateway",
            "{gatewayClassName: a, listeners: [{name: a, port: 1, protocol: TCP}]}", ""},
           {"gateway.networking.k8s.io/v1beta1", "GatewayClass", "{controllerName: a.example/b}",
            ""},
           {"gateway.networking.k8s.io/v1beta1", "ReferenceGrant",
            "{from: [{group: a, kind: B, namespace: c}], to: [{group: a, kind: B}]}", ""},
           {"gateway.networking.k8s.io/v1alpha2", "ReferenceGrant",
            "{from: [{group: a, kind: B, namespace: c}], to: [{group: a, kind: B}]}",
            "warning: ReferenceGrant default/a: apiVersion: ReferenceGrant v1alpha2 is not served "
            "by the experimental channel any more"},
           {"gateway.networking.k8s.io/v1alpha2", "TLSRoute", kBackend,
            "note: TLSRoute default/a: spec.hostnames: TLSRoute v1 requires hostnames"},
           {"gateway.networking.k8s.io/v1alpha3", "TLSRoute",
            "{hostnames: [a.example], rules: [{backendRefs: [{name: a, port: 1}]}]}",
            "write apiVersion: gateway.networking.k8s.io/v1"},
           {"gateway.networking.k8s.io/v1alpha2", "TCPRoute", kBackend, "note: "},
           {"gateway.networking.k8s.io/v1alpha2", "UDPRoute", kBackend, "note: "},
           {"gateway.networking.k8s.io/v1alpha2", "GRPCRoute", "{}", "warning: "},
           {"gateway.networking.k8s.io/v1alpha3", "BackendTLSPolicy",
            "{targetRefs: [{group: \"\", kind: Service, name: a}], validation: {hostname: "
            "a.example, wellKnownCACertificates: System}}",
            "note: "},
           {"gateway.networking.k8s.io/v1alpha2", "BackendTLSPolicy",
            "{targetRef: {group: \"\", kind: Service, name: a}, tls: {hostname: a.example, "
            "caCertRefs: [{group: \"\", kind: ConfigMap, name: a}]}}",
            "read as targetRefs"},
           {"gateway.networking.x-k8s.io/v1alpha1", "XListenerSet",
            "{parentRef: {name: a}, listeners: [{name: a, port: 1, protocol: TCP}]}",
            "read as ListenerSet v1"},
       }) {
    Loaded result = loaded(object_of(c.api_version, c.kind, c.spec));
    ASSERT_EQ(result.objects.size(), 1u) << c.kind;
    const Object& object = result.objects[0];
    EXPECT_TRUE(object.valid) << c.kind << " " << testing::PrintToString(result.findings);
    EXPECT_EQ(object.api_version, "gateway.networking.k8s.io/v1");
    EXPECT_EQ(object.node.text("apiVersion"), object.api_version);
    EXPECT_EQ(object.node.text("kind"), object.kind);
    if (c.finding.empty()) EXPECT_THAT(result.findings, IsEmpty()) << c.kind;
    else EXPECT_THAT(result.findings, testing::Contains(HasSubstr(c.finding))) << c.kind;
  }
  Node policy =
      loaded(object_of("gateway.networking.k8s.io/v1alpha2", "BackendTLSPolicy",
                       "{targetRef: {group: \"\", kind: Service, name: a}, tls: {hostname: "
                       "a.example, wellKnownCACerts: System}}"))
          .objects[0]
          .node;
  EXPECT_EQ(to_json(*policy.find("spec")),
            R"({"targetRefs":[{"group":"","kind":"Service","name":"a"}],)"
            R"("validation":{"hostname":"a.example","wellKnownCACertificates":"System"}})");
}

TEST(Upgrade, VersionsTheChannelDoesNotServe) {
  Loaded result = loaded(object_of("gateway.networking.k8s.io/v1alpha2", "TCPRoute",
                                   "{rules: [{backendRefs: [{name: a, port: 1}]}]}"),
                         Channel::kStandard);
  EXPECT_THAT(
      result.findings,
      ElementsAre(HasSubstr("warning: TCPRoute default/a: apiVersion: TCPRoute v1alpha2 is not "
                            "served by the standard channel")));
  EXPECT_TRUE(result.objects.at(0).valid);
}

TEST(Upgrade, VersionsThatNeverWere) {
  EXPECT_THAT(
      loaded(object_of("gateway.networking.k8s.io/v2", "HTTPRoute", "{}")).findings,
      ElementsAre(HasSubstr("apiVersion: there is no version v2 of HTTPRoute; served: v1, v1beta1 "
                            "(write apiVersion: gateway.networking.k8s.io/v1)")));
  EXPECT_THAT(loaded(object_of("gateway.networking.x-k8s.io/v1alpha1", "XBackend", "{}"),
                     Channel::kStandard)
                  .findings,
              ElementsAre(HasSubstr("XBackend is not in the standard channel")));
  EXPECT_THAT(
      loaded("{apiVersion: v1beta1, kind: Service, metadata: {name: a}}").findings,
      ElementsAre(HasSubstr("no version v1beta1 of Service; served: v1 (write apiVersion: v1)")));
}

TEST(Upgrade, V1NeedsWhatTheAlphasDidNot) {
  EXPECT_THAT(loaded(object_of("gateway.networking.k8s.io/v1", "TLSRoute",
                               "{rules: [{backendRefs: [{name: a, port: 1}]}]}"))
                  .findings,
              ElementsAre(HasSubstr("error: TLSRoute default/a: spec.hostnames: Required value")));
}

}  // namespace
}  // namespace gwanmun::document
