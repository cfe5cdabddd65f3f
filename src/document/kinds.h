// Which kinds there are: the ones this program reads, the ones of Kubernetes it leaves alone, and
// what a misspelt one was meant to be. Used by load().
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gwanmun::document {

inline constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
inline constexpr std::string_view kExperimentalGroup = "gateway.networking.x-k8s.io";

/// A kind load() hands on.
struct Kind {
  std::string_view group;  // empty: the core group
  std::string_view kind;
  std::string_view version;  // the one objects are upgraded to
  bool namespaced = true;
};

/// "gateway.networking.k8s.io/v1" in two; the group is empty for "v1".
struct GroupVersion {
  std::string_view group;
  std::string_view version;
};
GroupVersion split_api_version(std::string_view api_version);
std::string join_api_version(std::string_view group, std::string_view version);

/// All kinds load() hands on.
std::span<const Kind> kinds();
/// nullptr: not one of them.
const Kind* find_kind(std::string_view group, std::string_view kind);

/// What to do with an object of a kind load() does not hand on.
enum class Stranger {
  kIgnored,     // a kind of Kubernetes or of somebody's operator: none of our business
  kNotServed,   // a Gateway API kind this program knows and does not act on
  kWrongGroup,  // one of ours under another group: apiVersion is wrong
  kWrongKind,   // our group, and no such kind; or a near miss of one of ours
};
struct StrangerVerdict {
  Stranger what = Stranger::kIgnored;
  std::string hint;
};
StrangerVerdict judge_stranger(std::string_view api_version, std::string_view kind);

}  // namespace gwanmun::document
