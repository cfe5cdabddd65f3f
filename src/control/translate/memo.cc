// See memo.h.
#include "control/translate/memo.h"

#include <algorithm>

namespace gwanmun::translate {

namespace {

/// Calls visit(object) for each old and new object that is not the same in both; both are in order
/// of their keys.
template <class T, class Visitor>
void compare(const Memo::List<T>& before, const api::ResourceSet::Of<T>& now, Visitor&& visit) {
  auto old = before.begin();
  for (const auto& [key, object] : now) {
    while (old != before.end() && *old != object && (*old)->metadata.key() < key) visit(**old++);
    if (old == before.end()) {
      visit(*object);
    } else if (*old == object) {
      ++old;
    } else {
      if ((*old)->metadata.key() == key) visit(**old++);
      visit(*object);
    }
  }
  for (; old != before.end(); ++old) visit(**old);
}

template <class T>
Memo::List<T> list(const api::ResourceSet::Of<T>& objects) {
  Memo::List<T> out;
  out.reserve(objects.size());
  for (const auto& [key, object] : objects) out.push_back(object);
  return out;
}

template <class T>
api::ObjectRef ref_of(const T& object) {
  return {T::kKind, object.metadata.namespace_, object.metadata.name};
}

}  // namespace

Changes find_changes(const Memo* before, const api::ResourceSet& resources,
                     const Settings& settings) {
  Changes out;
  if (before == nullptr || before->settings != settings) return out;
  out.everything = false;
  compare(before->services, resources.services,
          [&](const auto& service) { out.backends.insert(ref_of(service)); });
  compare(before->x_backends, resources.x_backends,
          [&](const auto& backend) { out.backends.insert(ref_of(backend)); });
  compare(before->backend_tls_policies, resources.backend_tls_policies, [&](const auto& policy) {
    for (const auto& target : policy.spec.targetRefs)
      out.backends.insert({target.kind, policy.metadata.namespace_, target.name});
  });
  compare(before->endpoint_slices, resources.endpoint_slices, [&](const auto& slice) {
    auto label = slice.metadata.labels.find(api::EndpointSlice::kServiceLabel);
    if (label != slice.metadata.labels.end())
      out.endpoints.insert({"Service", slice.metadata.namespace_, label->second});
  });
  compare(before->reference_grants, resources.reference_grants,
          [&](const auto&) { out.grants = true; });
  auto same = []<class T>(const Memo::List<T>& old, const api::ResourceSet::Of<T>& now) {
    return std::ranges::equal(old, now, {}, {}, [](const auto& entry) { return entry.second; });
  };
  out.topology = out.grants || !same(before->gateway_classes, resources.gateway_classes) ||
                 !same(before->gateways, resources.gateways) ||
                 !same(before->listener_sets, resources.listener_sets) ||
                 !same(before->namespaces, resources.namespaces) ||
                 !same(before->secret_objects, resources.secrets) ||
                 !same(before->config_maps, resources.config_maps);
  return out;
}

void remember(Memo& memo, const api::ResourceSet& resources, const Settings& settings) {
  memo.settings = settings;
  memo.services = list(resources.services);
  memo.endpoint_slices = list(resources.endpoint_slices);
  memo.x_backends = list(resources.x_backends);
  memo.reference_grants = list(resources.reference_grants);
  memo.backend_tls_policies = list(resources.backend_tls_policies);
  memo.gateway_classes = list(resources.gateway_classes);
  memo.gateways = list(resources.gateways);
  memo.listener_sets = list(resources.listener_sets);
  memo.namespaces = list(resources.namespaces);
  memo.secret_objects = list(resources.secrets);
  memo.config_maps = list(resources.config_maps);
}

}  // namespace gwanmun::translate
