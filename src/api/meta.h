// What every Kubernetes object has: metadata, label selectors, conditions, and the keys objects
// are found by. Used by all of api/ and control/.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/fields.h"

namespace gwanmun::api {

using Strings = std::map<std::string, std::string>;

/// Identity within one kind; `ns` is empty for cluster-scoped kinds.
struct ObjectKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};

/// Identity among all kinds this program knows (their kind names are unique).
struct ObjectRef {
  std::string kind;
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectRef&) const = default;
  ObjectKey key() const { return {ns, name}; }
};
/// "HTTPRoute shop/orders", "GatewayClass gwanmun".
std::string to_string(const ObjectRef& ref);
/// "shop/orders", or the name alone when there is no namespace.
std::string to_string(const ObjectKey& key);

struct ObjectMeta {
  std::string name;
  std::string namespace_;
  std::string uid;
  std::string creationTimestamp;  // RFC 3339, UTC: compares as text
  std::string deletionTimestamp;
  std::int64_t generation = 1;  // as the API server starts; files may omit it
  Strings labels;
  Strings annotations;

  ObjectKey key() const { return {namespace_, name}; }
  bool operator==(const ObjectMeta&) const = default;
  static constexpr auto fields() {
    using T = ObjectMeta;
    return std::tuple(Field("name", &T::name), Field("namespace", &T::namespace_),
                      Field("uid", &T::uid), Field("creationTimestamp", &T::creationTimestamp),
                      Field("deletionTimestamp", &T::deletionTimestamp),
                      Field("generation", &T::generation), Field("labels", &T::labels),
                      Field("annotations", &T::annotations));
  }
};

struct LabelSelectorRequirement {
  std::string key;
  std::string operator_;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
  static constexpr auto fields() {
    using T = LabelSelectorRequirement;
    return std::tuple(Field("key", &T::key), Field("operator", &T::operator_),
                      Field("values", &T::values));
  }
};

struct LabelSelector {
  Strings matchLabels;
  std::vector<LabelSelectorRequirement> matchExpressions;
  bool operator==(const LabelSelector&) const = default;
  static constexpr auto fields() {
    using T = LabelSelector;
    return std::tuple(Field("matchLabels", &T::matchLabels),
                      Field("matchExpressions", &T::matchExpressions));
  }
};
/// As the API server selects: all parts must hold; an empty selector matches everything; an
/// operator that is not known matches nothing.
bool matches(const LabelSelector& selector, const Strings& labels);

/// metav1.Condition. `lastTransitionTime` is left empty by translation, which knows no clock; who
/// reports the status fills it in when `status` changes.
struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::int64_t observedGeneration = 0;
  std::string lastTransitionTime;
  std::string reason;
  std::string message;
  bool is_true() const { return status == "True"; }
  bool operator==(const Condition&) const = default;
  static constexpr auto fields() {
    using T = Condition;
    return std::tuple(Field("type", &T::type), Field("status", &T::status),
                      Field("observedGeneration", &T::observedGeneration),
                      Field("lastTransitionTime", &T::lastTransitionTime),
                      Field("reason", &T::reason), Field("message", &T::message));
  }
};
using Conditions = std::vector<Condition>;
/// The condition of that type, or nullptr.
const Condition* find(const Conditions& conditions, std::string_view type);

inline constexpr const char* kGatewayGroup = "gateway.networking.k8s.io";

}  // namespace gwanmun::api
