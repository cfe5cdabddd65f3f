// The quick reader: YAML as kubectl prints it and people mostly write it, several times faster
// than libyaml. Gives up on everything else, mistakes included, so that libyaml decides. Used by
// parse_yaml() only; a fuzzer holds the two against each other.
#pragma once

#include <optional>

#include "document/parse.h"

namespace gwanmun::document {

/// Block maps and lists, plain and quoted one-line scalars, literal blocks, empty [] and {},
/// one-line flow lists and maps of simple scalars, comments; printable ASCII only. The same tree
/// with the same places as parse_yaml_full(), or nothing.
std::optional<Parsed> parse_yaml_quick(const Piece& piece);

/// The same document by libyaml.
Parsed parse_yaml_full(const Piece& piece);

}  // namespace gwanmun::document
