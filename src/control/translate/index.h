// What one translation looks up often, built once: grants by target, EndpointSlices by Service,
// policies by target, labels of namespaces.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/resource_set.h"
#include "control/translate/translate.h"

namespace gwanmun::translate {

/// The side of a reference that a ReferenceGrant names: who refers, or what is referred to.
struct Referrer {
  const char* kind;  // of the Gateway API's group
  std::string ns;
};
struct Referent {
  std::string group;
  std::string kind;
  std::string ns;
  std::string name;
};

class Index {
 public:
  Index(const api::ResourceSet& resources, const Settings& settings);

  /// Same namespace, or a ReferenceGrant in the target's namespace allows it (GEP-709).
  bool permits(const Referrer& from, const Referent& to) const;

  /// Indexed when first asked for: most changes ask for none.
  const std::vector<const api::EndpointSlice*>& slices(const api::ObjectKey& service) const;
  /// BackendTLSPolicies that target the Service or XBackend, oldest first.
  const std::vector<const api::BackendTLSPolicy*>& policies(const api::ObjectRef& target) const;

  /// The namespace exists and its labels fit.
  bool selects(const api::LabelSelector& selector, const std::string& ns) const;

 private:
  const api::ResourceSet& resources_;
  const Settings& settings_;
  std::map<std::string, std::vector<const api::ReferenceGrant*>, std::less<>> grants_;
  mutable std::unordered_map<std::string, std::vector<const api::EndpointSlice*>> slices_;
  std::map<api::ObjectRef, std::vector<const api::BackendTLSPolicy*>> policies_;
};

/// What to write so that a reference is allowed: "add a ReferenceGrant in namespace b that allows
/// HTTPRoute of namespace a to refer to Service orders".
std::string grant_hint(const Referrer& from, const Referent& to);

/// The order of precedence between objects: the oldest first, then by "namespace/name"; objects
/// whose age nobody knows (files) come after those with one.
bool older(const api::ObjectMeta& a, const api::ObjectMeta& b);

}  // namespace gwanmun::translate
