// judge(): one object against the API: its version, metadata, schema, rules; then into the shape
// load() promises. Used by load() only.
#pragma once

#include <string_view>

#include "document/finding.h"
#include "document/kinds.h"
#include "document/load.h"
#include "document/node.h"

namespace gwanmun::document {

/// The kind an object is read as: one of kinds(), under its present or a former name; or nullptr.
const Kind* kind_of(const GroupVersion& given, std::string_view kind);

/// Defaults, checks and upgrades `object` in place. False: findings has an error, and the object
/// must not be served.
bool judge(Node& object, const Kind& kind, Channel channel, Findings& findings);

}  // namespace gwanmun::document
