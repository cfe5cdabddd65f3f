// Node: one value of a YAML or JSON document, with its place in the file. What the parsers make,
// what the schema checks and defaults edit, what the writers print, what api/ decodes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_map() const { return kind_ == Kind::kMap; }

  /// Requires the kind, or gives the zero value.
  bool as_bool() const { return kind_ == Kind::kBool && integer_ != 0; }
  std::int64_t as_integer() const { return kind_ == Kind::kInteger ? integer_ : 0; }
  double as_number() const {
    return kind_ == Kind::kFloat ? number_ : static_cast<double>(as_integer());
  }
  const std::string& as_string() const { return text_; }

  /// List items; empty for other kinds.
  const std::vector<Node>& items() const { return items_; }
  std::vector<Node>& items() { return items_; }
  /// Map members in file order; empty for other kinds. Keys are unique (the parsers see to it).
  const std::vector<Member>& members() const { return members_; }
  std::vector<Member>& members() { return members_; }

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
  Kind kind_ = Kind::kNull;
  Position position_;
  std::int64_t integer_ = 0;
  double number_ = 0;
  std::string text_;
  std::vector<Node> items_;
  std::vector<Member> members_;
};

struct Node::Member {
  std::string key;
  Position position;  // of the key
  Node value;
  bool operator==(const Member& other) const { return key == other.key && value == other.value; }
};

inline Node::Node() = default;
inline Node::Node(const Node&) = default;
inline Node::Node(Node&&) noexcept = default;
inline Node& Node::operator=(const Node&) = default;
inline Node& Node::operator=(Node&&) noexcept = default;
inline Node::~Node() = default;

}  // namespace gwanmun::document
