// Node: one value of a YAML or JSON document, with its place in the file. What the parsers make,
// what the schema checks and defaults edit, what the writers print, what api/ decodes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gwanmun::document {

/// Counted from 1; 0: made by us (a default), not in any file.
struct Position {
  int line = 0;
  int column = 0;
};

class Node {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kFloat, kString, kList, kMap };
  struct Member;

  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();
  static Node null();
  static Node boolean(bool value);
  static Node integer(std::int64_t value);
  static Node number(double value);
  static Node string(std::string value);
  static Node list();
  static Node list(std::vector<Node> items);
  static Node map();
  static Node map(std::vector<Member> members);

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_integer() const { return kind() == Kind::kInteger; }
  bool is_number() const { return is_integer() || kind() == Kind::kFloat; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_list() const { return kind() == Kind::kList; }
  bool is_map() const { return kind() == Kind::kMap; }

  /// Each gives the value, or the zero value when this is of another kind.
  bool as_bool() const;
  std::int64_t as_integer() const;
  double as_number() const;  // integers too
  const std::string& as_string() const;

  /// List items; empty for other kinds. To change them it must be a list (a null becomes one).
  const std::vector<Node>& items() const;
  std::vector<Node>& items();
  /// Map members in file order; empty for other kinds. Keys are unique (the parsers see to it).
  /// To change them it must be a map (a null becomes one).
  const std::vector<Member>& members() const;
  std::vector<Member>& members();

  /// The member's value, or nullptr when this is no map or has no such key.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  /// find() along a path: at("spec", "rules"); nullptr when a step is missing.
  template <class... Keys>
  const Node* at(std::string_view key, Keys... rest) const {
    const Node* next = find(key);
    if constexpr (sizeof...(rest) == 0) return next;
    else return next == nullptr ? nullptr : next->at(rest...);
  }
  /// The string at a key, or "" when it is missing or no string.
  std::string_view text(std::string_view key) const;
  /// Adds or replaces a member; makes a map of a null.
  Node& set(std::string key, Node value);
  /// Removes a member; false when there was none.
  bool erase(std::string_view key);

  Position position() const { return position_; }
  void set_position(Position position) { position_ = position; }

  /// Same value, whatever the places; maps compare without order.
  bool operator==(const Node& other) const;

 private:
  // In the order of Kind.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<Node>,
               std::vector<Member>>
      value_;
  Position position_;
};

struct Node::Member {
  std::string key;
  Position position;  // of the key
  Node value;
  bool operator==(const Member& other) const { return key == other.key && value == other.value; }
};

/// What the accessors of another kind give.
struct NoNodes {
  static inline const std::string text;
  static inline const std::vector<Node> items;
  static inline const std::vector<Node::Member> members;
};

inline Node::Node() = default;
inline Node::Node(const Node&) = default;
inline Node::Node(Node&&) noexcept = default;
inline Node& Node::operator=(const Node&) = default;
inline Node& Node::operator=(Node&&) noexcept = default;
inline Node::~Node() = default;

inline bool Node::as_bool() const {
  const bool* value = std::get_if<bool>(&value_);
  return value != nullptr && *value;
}
inline std::int64_t Node::as_integer() const {
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value == nullptr ? 0 : *value;
}
inline double Node::as_number() const {
  const double* value = std::get_if<double>(&value_);
  return value == nullptr ? static_cast<double>(as_integer()) : *value;
}
inline const std::string& Node::as_string() const {
  const std::string* value = std::get_if<std::string>(&value_);
  return value == nullptr ? NoNodes::text : *value;
}
inline const std::vector<Node>& Node::items() const {
  const auto* value = std::get_if<std::vector<Node>>(&value_);
  return value == nullptr ? NoNodes::items : *value;
}
inline const std::vector<Node::Member>& Node::members() const {
  const auto* value = std::get_if<std::vector<Member>>(&value_);
  return value == nullptr ? NoNodes::members : *value;
}
inline const Node* Node::find(std::string_view key) const {
  for (const Member& member : members()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

}  // namespace gwanmun::document
