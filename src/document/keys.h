// KeyIndex: finds a map's member by key while the map is being built, without becoming quadratic
// in wide maps. Used by the parsers for duplicate keys.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "document/node.h"

namespace gwanmun::document {

class KeyIndex {
 public:
  /// The member with this key among `members`, which were only ever appended to since the last
  /// call; or nullptr.
  const Node::Member* find(const std::vector<Node::Member>& members, std::string_view key) {
    if (members.size() <= kScan) {
      for (const Node::Member& member : members) {
        if (member.key == key) return &member;
      }
      return nullptr;
    }
    for (; indexed_ < members.size(); ++indexed_) {
      by_hash_.emplace(std::hash<std::string_view>()(members[indexed_].key), indexed_);
    }
    auto [at, end] = by_hash_.equal_range(std::hash<std::string_view>()(key));
    for (; at != end; ++at) {
      if (members[at->second].key == key) return &members[at->second];
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kScan = 24;  // below: comparing all is cheaper than a table
  std::size_t indexed_ = 0;
  std::unordered_multimap<std::size_t, std::size_t> by_hash_;
};

}  // namespace gwanmun::document
