// See index.h.
#include "control/translate/index.h"

#include <algorithm>

#include "base/text.h"

namespace gwanmun::translate {

namespace {

constexpr const char* kNamespaceLabel = "kubernetes.io/metadata.name";

/// "a/x" against "b/y" without building either text.
int compare_names(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  std::size_t shared = std::min(a.namespace_.size(), b.namespace_.size());
  if (int c = a.namespace_.compare(0, shared, b.namespace_, 0, shared); c != 0) return c;
  if (a.namespace_.size() == b.namespace_.size()) return a.name.compare(b.name);
  return str_cat(a.namespace_, "/", a.name).compare(str_cat(b.namespace_, "/", b.name));
}

bool names(const api::ReferenceGrantTo& to, const Referent& target) {
  return to.group == target.group && to.kind == target.kind &&
         (!to.name || to.name->empty() || *to.name == target.name);
}

}  // namespace

bool older(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  if (a.creationTimestamp != b.creationTimestamp) {
    if (a.creationTimestamp.empty() || b.creationTimestamp.empty())
      return b.creationTimestamp.empty();
    return a.creationTimestamp < b.creationTimestamp;
  }
  return compare_names(a, b) < 0;
}

Index::Index(const api::ResourceSet& resources, const Settings& settings)
    : resources_(resources), settings_(settings) {
  for (const auto& [key, grant] : resources.reference_grants)
    grants_[key.ns].push_back(grant.get());

  for (const auto& [key, policy] : resources.backend_tls_policies)
    for (const auto& target : policy->spec.targetRefs)
      policies_[{target.kind, key.ns, target.name}].push_back(policy.get());
  for (auto& [target, list] : policies_)
    std::ranges::sort(list, [](auto* a, auto* b) { return older(a->metadata, b->metadata); });
}

bool Index::permits(const Referrer& from, const Referent& to) const {
  if (from.ns == to.ns) return true;
  auto grants = grants_.find(to.ns);
  if (grants == grants_.end()) return false;
  return std::ranges::any_of(grants->second, [&](const api::ReferenceGrant* grant) {
    return std::ranges::any_of(grant->spec.from,
                               [&](const auto& f) {
                                 return f.group == api::kGatewayGroup && f.kind == from.kind &&
                                        f.namespace_ == from.ns;
                               }) &&
           std::ranges::any_of(grant->spec.to, [&](const auto& t) { return names(t, to); });
  });
}

const std::vector<const api::EndpointSlice*>& Index::slices(const api::ObjectKey& service) const {
  static const std::vector<const api::EndpointSlice*> kNone;
  if (slices_.empty()) {
    slices_.reserve(resources_.endpoint_slices.size());
    for (const auto& [key, slice] : resources_.endpoint_slices) {
      auto label = slice->metadata.labels.find(api::EndpointSlice::kServiceLabel);
      if (label != slice->metadata.labels.end())
        slices_[str_cat(key.ns, "/", label->second)].push_back(slice.get());
    }
  }
  auto at = slices_.find(str_cat(service.ns, "/", service.name));
  return at == slices_.end() ? kNone : at->second;
}

const std::vector<const api::BackendTLSPolicy*>& Index::policies(
    const api::ObjectRef& target) const {
  static const std::vector<const api::BackendTLSPolicy*> kNone;
  auto at = policies_.find(target);
  return at == policies_.end() ? kNone : at->second;
}

bool Index::selects(const api::LabelSelector& selector, const std::string& ns) const {
  auto at = resources_.namespaces.find({"", ns});
  if (at == resources_.namespaces.end() && !settings_.implied_namespaces) return false;
  api::Strings labels;
  if (at != resources_.namespaces.end()) labels = at->second->metadata.labels;
  if (settings_.implied_namespaces) labels.emplace(kNamespaceLabel, ns);
  return api::matches(selector, labels);
}

std::string grant_hint(const Referrer& from, const Referent& to) {
  return str_cat("add a ReferenceGrant in namespace ", to.ns,
                 " with from {group: ", api::kGatewayGroup, ", kind: ", from.kind,
                 ", namespace: ", from.ns, "} and to {group: \"", to.group, "\", kind: ", to.kind,
                 ", name: ", to.name, "}");
}

}  // namespace gwanmun::translate
