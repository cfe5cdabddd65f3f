// Node to text: YAML as kubectl prints it, and JSON. Used by the CLI, `/config` and the golden
// tests. What they write, the parsers read back as the same tree.
#pragma once

#include <span>
#include <string>

#include "document/node.h"

namespace gwanmun::document {

/// Two spaces a level, lists at their key's level, block scalars for texts of several lines,
/// quotes only where a plain scalar would be read as something else. Ends with a newline.
std::string to_yaml(const Node& node);

/// Documents separated by `---` lines.
std::string to_yaml(std::span<const Node> documents);

enum class JsonStyle { kCompact, kIndented };

/// RFC 8259; indented: four spaces, as kubectl. No newline at the end.
std::string to_json(const Node& node, JsonStyle style = JsonStyle::kCompact);

}  // namespace gwanmun::document
