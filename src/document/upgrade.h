// Older versions of Gateway API objects to the one this program works with, on the tree. Used by
// judge(). Says what it had to assume; never guesses silently.
#pragma once

#include <string_view>

#include "document/finding.h"
#include "document/kinds.h"
#include "document/node.h"

namespace gwanmun::document {

/// A version that was served once and is not in the CRDs any more, but whose objects can still be
/// read: `kind` may be a former name.
struct OldVersion {
  std::string_view group, version, kind;
  const Kind* now;
};
/// nullptr: never heard of.
const OldVersion* find_old_version(std::string_view group, std::string_view version,
                                   std::string_view kind);

/// Rewrites `object` from `version` to kind.version, apiVersion and kind included. Notes go to
/// `findings`. Nothing changes when it is that version already.
void upgrade(Node& object, const Kind& kind, std::string_view version, Findings& findings);

}  // namespace gwanmun::document
