// Diagnostic: one finding about a user's file, with the place and a way out. Made by document/,
// api/ and control/; printed by cli/. Never thrown, never logged from inside a library.
#pragma once

#include <string>
#include <vector>

namespace gwanmun {

enum class Severity { kError, kWarning, kNote };

/// `file:line:column: path: message (hint)`. Line and column count from 1; 0 means unknown.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;
  int line = 0;
  int column = 0;
  std::string object;   // "HTTPRoute shop/orders", when the finding is about one object
  std::string path;     // field path: "spec.rules[0].matches[1].path.value"
  std::string message;  // what is wrong and what was expected
  std::string hint;     // what to write instead, "did you mean ..."; may be empty
};

using Diagnostics = std::vector<Diagnostic>;

/// One line, as compilers print it; `error:` or `warning:` after the place.
std::string to_string(const Diagnostic& diagnostic);

}  // namespace gwanmun
