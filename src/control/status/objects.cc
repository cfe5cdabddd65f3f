// See objects.h.
#include "control/status/objects.h"

#include <utility>
#include <variant>

namespace gwanmun::control {

namespace {

using document::Node;

void carry_times(api::Conditions& next, const api::Conditions* before, const std::string& now) {
  for (auto& condition : next) {
    const auto* old = before == nullptr ? nullptr : api::find(*before, condition.type);
    bool same = old != nullptr && old->status == condition.status;
    condition.lastTransitionTime = same ? old->lastTransitionTime : now;
  }
}

/// Pairs the items of two lists by what identifies them.
template <class Item, class Same>
void carry_list(std::vector<Item>& next, const std::vector<Item>* before, const std::string& now,
                Same same) {
  for (auto& item : next) {
    const api::Conditions* old = nullptr;
    for (std::size_t i = 0; before != nullptr && i < before->size(); ++i)
      if (same((*before)[i], item)) old = &(*before)[i].conditions;
    carry_times(item.conditions, old, now);
  }
}

template <class T>
void carry(T& next, const T* before, const std::string& now) {
  if constexpr (requires { next.conditions; })
    carry_times(next.conditions, before ? &before->conditions : nullptr, now);
  if constexpr (requires { next.listeners; })
    carry_list(next.listeners, before ? &before->listeners : nullptr, now,
               [](const auto& a, const auto& b) { return a.name == b.name; });
  if constexpr (requires { next.parents; })
    carry_list(next.parents, before ? &before->parents : nullptr, now,
               [](const auto& a, const auto& b) { return a.parentRef == b.parentRef; });
  if constexpr (requires { next.ancestors; })
    carry_list(next.ancestors, before ? &before->ancestors : nullptr, now,
               [](const auto& a, const auto& b) { return a.ancestorRef == b.ancestorRef; });
}

Node identity(const api::ObjectRef& ref) {
  Node metadata = Node::map();
  metadata.set("name", Node::string(ref.name));
  if (!ref.ns.empty()) metadata.set("namespace", Node::string(ref.ns));
  Node out = Node::map();
  out.set("apiVersion", Node::string(std::string(api::kGatewayGroup) + "/v1"));
  out.set("kind", Node::string(ref.kind));
  out.set("metadata", std::move(metadata));
  return out;
}

}  // namespace

void StatusBook::update(const translate::Translation& result, const std::string& now) {
  auto before = std::exchange(statuses_, {});
  for (const auto& [ref, status] : result.statuses) statuses_.emplace(ref, *status);
  for (auto& [ref, status] : statuses_) {
    auto old = before.find(ref);
    std::visit(
        [&](auto& next) {
          using T = std::remove_reference_t<decltype(next)>;
          const T* was = old == before.end() ? nullptr : std::get_if<T>(&old->second);
          carry(next, was, now);
        },
        status);
  }
}

std::vector<Node> StatusBook::objects(
    const std::function<const Node*(const api::ObjectRef&)>& manifest) const {
  std::vector<Node> out;
  for (const auto& [ref, status] : statuses_) {
    const Node* written = manifest(ref);
    Node object = written == nullptr ? identity(ref) : *written;
    object.set("status", translate::encode(status));
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace gwanmun::control
