// What a plain (unquoted) YAML scalar means. One place, used by the parsers to read and by the
// writer to know what needs quotes.
#pragma once

#include <string_view>

#include "document/node.h"

namespace gwanmun::document {

/// null (empty, ~, null), boolean (true and false only), integer (decimal, 0x, 0o, 0 and 0b
/// prefixes, _ between digits), number, or else a string. Spelling variants as in Kubernetes: True,
/// TRUE, Null, NULL. Numbers without a fraction become integers, as on their way through JSON.
Node plain_scalar(std::string_view text);

/// True for the words YAML 1.1 readers, kubectl's among them, take for booleans although this one
/// reads them as text: yes, no, on, off, y, n.
bool is_old_boolean(std::string_view text);

/// A number without a fraction within 2^53 as an integer, anything else as it is.
Node number_node(double value);

}  // namespace gwanmun::document
