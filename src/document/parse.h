// Text to trees: YAML as Kubernetes reads it, and strict JSON. Used by load() and by the schema
// store; knows nothing of kinds or schemas. Never throws; what is wrong becomes a Fault.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "document/node.h"

namespace gwanmun::document {

/// Something wrong with the text itself.
struct Fault {
  Severity severity = Severity::kError;
  Position position;
  std::string message;
  std::string hint;
};

/// One document. When it is broken, `node` holds what was read before the break.
struct Parsed {
  Node node;
  Position position;  // of its first content
  std::vector<Fault> faults;
  bool complete = true;  // false: broken off at the last fault
};

/// A document's text inside its file; `first_line` counts from 1.
struct Piece {
  std::string_view text;
  int first_line = 1;
};

/// Splits at the lines `---` and `...`, which end a YAML document wherever they stand (YAML 1.2
/// §9.1.4), so that one broken document leaves the others readable. Pieces of comments and blanks
/// only are left out.
std::vector<Piece> split_documents(std::string_view text);

/// The documents of one piece: one of YAML, or any number of JSON objects one after the other.
std::vector<Parsed> parse_piece(const Piece& piece);

/// One YAML document. Booleans are true and false only, no base-60 numbers; octal, hexadecimal and
/// null as Kubernetes has them; duplicate keys are faults; aliases and merge keys within limits.h.
Parsed parse_yaml(const Piece& piece);

/// One JSON value (RFC 8259) at the start of the text; `*used` gets the characters it took.
Parsed parse_json(const Piece& piece, std::size_t* used = nullptr);

}  // namespace gwanmun::document
