// Node's accessors; see node.h.
#include "document/node.h"

#include <algorithm>

namespace gwanmun::document {
namespace {

/// Where a mutable accessor of the wrong kind points: writes there go nowhere.
template <class T>
T& nowhere() {
  thread_local T empty;
  empty.clear();
  return empty;
}

}  // namespace

Node Node::null() { return {}; }

Node Node::boolean(bool value) {
  Node node;
  node.value_ = value;
  return node;
}

Node Node::integer(std::int64_t value) {
  Node node;
  node.value_ = value;
  return node;
}

Node Node::number(double value) {
  Node node;
  node.value_ = value;
  return node;
}

Node Node::string(std::string value) {
  Node node;
  node.value_ = std::move(value);
  return node;
}

Node Node::list() { return list({}); }

Node Node::list(std::vector<Node> items) {
  Node node;
  node.value_ = std::move(items);
  return node;
}

Node Node::map() { return map({}); }

Node Node::map(std::vector<Member> members) {
  Node node;
  node.value_ = std::move(members);
  return node;
}

std::vector<Node>& Node::items() {
  if (is_null()) value_.emplace<std::vector<Node>>();
  auto* value = std::get_if<std::vector<Node>>(&value_);
  return value == nullptr ? nowhere<std::vector<Node>>() : *value;
}

std::vector<Node::Member>& Node::members() {
  if (is_null()) value_.emplace<std::vector<Member>>();
  auto* value = std::get_if<std::vector<Member>>(&value_);
  return value == nullptr ? nowhere<std::vector<Member>>() : *value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

std::string_view Node::text(std::string_view key) const {
  const Node* node = find(key);
  return node == nullptr ? std::string_view() : std::string_view(node->as_string());
}

Node& Node::set(std::string key, Node value) {
  if (Node* node = find(key)) return *node = std::move(value);
  members().push_back({std::move(key), {}, std::move(value)});
  return members().back().value;
}

bool Node::erase(std::string_view key) {
  if (!is_map()) return false;
  return std::erase_if(members(), [&](const Member& member) { return member.key == key; }) > 0;
}

bool Node::operator==(const Node& other) const {
  if (kind() != other.kind()) return false;
  if (!is_map()) return value_ == other.value_;
  return members().size() == other.members().size() &&
         std::ranges::all_of(members(), [&](const Member& member) {
           const Node* twin = other.find(member.key);
           return twin != nullptr && member.value == *twin;
         });
}

}  // namespace gwanmun::document
