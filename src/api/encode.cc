// From a typed status to its document::Node, by the field tables. Called by who shows or writes
// statuses.
#include "api/resource_set.h"

namespace gwanmun::api {
namespace {

using document::Node;

Node write(const std::string& value) { return Node::string(value); }
template <std::integral T>
Node write(T value) {
  return Node::integer(value);
}
template <Tabled T>
Node write(const T& value);
template <class T>
Node write(const std::vector<T>& values) {
  Node out = Node::list();
  for (const T& value : values) out.items().push_back(write(value));
  return out;
}

template <class T>
bool is_empty(const T&) {
  return false;
}
bool is_empty(const std::string& value) { return value.empty(); }
template <class T>
bool is_empty(const std::vector<T>& values) {
  return values.empty();
}
/// What an optional field holds counts as it is, an empty group included.
template <class T>
bool is_empty(const std::optional<T>& value) {
  return !value.has_value();
}
template <class T>
Node write(const std::optional<T>& value) {
  return write(*value);
}

template <Tabled T>
Node write(const T& value) {
  Node out = Node::map();
  for_each_field<T>([&](const auto& field) {
    const auto& member = value.*(field.member);
    if (!is_empty(member)) out.set(std::string(field.name), write(member));
  });
  return out;
}

}  // namespace

document::Node encode(const GatewayClassStatus& status) { return write(status); }
document::Node encode(const GatewayStatus& status) { return write(status); }
document::Node encode(const ListenerSetStatus& status) { return write(status); }
document::Node encode(const RouteStatus& status) { return write(status); }
document::Node encode(const PolicyStatus& status) { return write(status); }

}  // namespace gwanmun::api
