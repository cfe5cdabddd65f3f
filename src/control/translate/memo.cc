// See memo.h.
#include "control/translate/memo.h"

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
  return out;
}

void remember(Memo& memo, const api::ResourceSet& resources, const Settings& settings) {
  memo.settings = settings;
  memo.services = list(resources.services);
  memo.endpoint_slices = list(resources.endpoint_slices);
  memo.x_backends = list(resources.x_backends);
  memo.reference_grants = list(resources.reference_grants);
  memo.backend_tls_policies = list(resources.backend_tls_policies);
}

}  // namespace gwanmun::translate
