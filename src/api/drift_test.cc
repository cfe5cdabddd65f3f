// The field tables against the CRDs: every field of a schema is in its struct, and every field of a
// struct is in the schema, with the same type. A new version of the API shows here first.
#include <gtest/gtest.h>

#include <set>

#include "api/resource_set.h"
#include "base/text.h"
#include "document/schema.h"

namespace gwanmun::api {
namespace {

using document::Schema;

/// Fields of shared structs that one of the kinds does not have.
const std::set<std::string> kNotInEveryKind{
    "GRPCRoute.spec.rules[].filters[].requestRedirect",
    "GRPCRoute.spec.rules[].filters[].urlRewrite",
    "GRPCRoute.spec.rules[].filters[].cors",
    "GRPCRoute.spec.rules[].filters[].externalAuth",
    "GRPCRoute.spec.rules[].backendRefs[].filters[].requestRedirect",
    "GRPCRoute.spec.rules[].backendRefs[].filters[].urlRewrite",
    "GRPCRoute.spec.rules[].backendRefs[].filters[].cors",
    "GRPCRoute.spec.rules[].backendRefs[].filters[].externalAuth",
};

class Comparison {
 public:
  std::vector<std::string> differences;

  void of(const Schema& schema, const std::string& path, const std::string*) {
    expect(schema, Schema::Type::kString, path);
  }
  void of(const Schema& schema, const std::string& path, const bool*) {
    expect(schema, Schema::Type::kBoolean, path);
  }
  template <std::integral T>
  void of(const Schema& schema, const std::string& path, const T*) {
    expect(schema, Schema::Type::kInteger, path);
  }
  void of(const Schema& schema, const std::string& path, const Strings*) {
    if (schema.additional == nullptr) differences.push_back(path + ": is not a map in the CRD");
  }
  template <class T>
  void of(const Schema& schema, const std::string& path, const std::optional<T>*) {
    of(schema, path, static_cast<const T*>(nullptr));
  }
  template <class T>
  void of(const Schema& schema, const std::string& path, const std::vector<T>*) {
    if (schema.items == nullptr) differences.push_back(path + ": is not a list in the CRD");
    else of(*schema.items, path + "[]", static_cast<const T*>(nullptr));
  }
  template <Tabled T>
  void of(const Schema& schema, const std::string& path, const T*) {
    std::set<std::string, std::less<>> known;
    for_each_field<T>([&](const auto& field) {
      known.emplace(field.name);
      std::string here = str_cat(path, ".", field.name);
      const Schema* property = schema.find(field.name);
      using Member = typename std::remove_cvref_t<decltype(field)>::Type;
      if (property != nullptr) of(*property, here, static_cast<const Member*>(nullptr));
      else if (!kNotInEveryKind.contains(here)) differences.push_back(here + ": is not in the CRD");
    });
    for (const auto& property : schema.properties)
      if (!known.contains(property.name))
        differences.push_back(str_cat(path, ".", property.name, ": is not in the struct"));
  }

 private:
  void expect(const Schema& schema, Schema::Type type, const std::string& path) {
    if (schema.type != type && !schema.int_or_string)
      differences.push_back(path + ": has another type in the CRD");
  }
};

const Schema& schema_of(const char* group, const char* kind) {
  for (const char* version : {"v1", "v1beta1", "v1alpha1"})
    if (const Schema* found =
            document::find_schema(document::Channel::kExperimental, group, version, kind))
      return *found;
  ADD_FAILURE() << "no CRD of " << kind;
  std::abort();
}

template <class T, class StatusOf = void>
std::vector<std::string> drift() {
  Comparison comparison;
  const Schema& schema = schema_of(T::kGroup, T::kKind);
  using Spec = decltype(T::spec);
  comparison.of(*schema.find("spec"), str_cat(T::kKind, ".spec"),
                static_cast<const Spec*>(nullptr));
  if constexpr (!std::is_void_v<StatusOf>)
    comparison.of(*schema.find("status"), str_cat(T::kKind, ".status"),
                  static_cast<const StatusOf*>(nullptr));
  return comparison.differences;
}

const std::vector<std::string> kNone;

TEST(Drift, StructsAndCrdsHaveTheSameFields) {
  EXPECT_EQ((drift<GatewayClass, GatewayClassStatus>()), kNone);
  EXPECT_EQ((drift<Gateway, GatewayStatus>()), kNone);
  EXPECT_EQ((drift<ListenerSet, ListenerSetStatus>()), kNone);
  EXPECT_EQ((drift<HTTPRoute, RouteStatus>()), kNone);
  EXPECT_EQ((drift<GRPCRoute, RouteStatus>()), kNone);
  EXPECT_EQ((drift<TLSRoute, RouteStatus>()), kNone);
  EXPECT_EQ((drift<TCPRoute, RouteStatus>()), kNone);
  EXPECT_EQ((drift<UDPRoute, RouteStatus>()), kNone);
  EXPECT_EQ(drift<ReferenceGrant>(), kNone);
  EXPECT_EQ((drift<BackendTLSPolicy, PolicyStatus>()), kNone);
  EXPECT_EQ(drift<XBackend>(), kNone);
}

}  // namespace
}  // namespace gwanmun::api
