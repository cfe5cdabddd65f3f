// Keeping a ResourceSet, and the small functions of meta.h.
#include "api/resource_set.h"

#include <algorithm>

#include "base/text.h"

namespace gwanmun::api {

ObjectRef ref_of(const Resource& resource) {
  return std::visit(
      [](const auto& object) {
        return ObjectRef{object->kKind, object->metadata.namespace_, object->metadata.name};
      },
      resource);
}

bool put(ResourceSet& set, Resource resource) {
  return std::visit(
      [&]<class T>(std::shared_ptr<const T>& object) {
        auto& slot = set.of<T>()[object->metadata.key()];
        if (slot != nullptr && *slot == *object) return false;
        slot = std::move(object);
        return true;
      },
      resource);
}

bool remove(ResourceSet& set, const ObjectRef& ref) {
  bool removed = false;
  set.for_each_kind([&]<class T>(ResourceSet::Of<T>& objects) {
    if (ref.kind == T::kKind) removed = objects.erase(ref.key()) > 0;
  });
  return removed;
}

Result<void> add(ResourceSet& set, const document::Node& object) {
  GW_TRY(Resource resource, decode(object));
  put(set, std::move(resource));
  return {};
}

std::string to_string(const ObjectKey& key) {
  return key.ns.empty() ? key.name : str_cat(key.ns, "/", key.name);
}
std::string to_string(const ObjectRef& ref) { return str_cat(ref.kind, " ", to_string(ref.key())); }

const Condition* find(const Conditions& conditions, std::string_view type) {
  auto at = std::ranges::find(conditions, type, &Condition::type);
  return at == conditions.end() ? nullptr : &*at;
}

bool matches(const LabelSelector& selector, const Strings& labels) {
  for (const auto& [key, value] : selector.matchLabels) {
    auto at = labels.find(key);
    if (at == labels.end() || at->second != value) return false;
  }
  for (const auto& [key, op, values] : selector.matchExpressions) {
    auto at = labels.find(key);
    bool there = at != labels.end();
    bool listed = there && std::ranges::find(values, at->second) != values.end();
    if (op == "In" && listed) continue;
    if (op == "NotIn" && !listed) continue;
    if (op == "Exists" && there) continue;
    if (op == "DoesNotExist" && !there) continue;
    return false;
  }
  return true;
}

}  // namespace gwanmun::api
