// Finding: something wrong inside one object, before it is known which file and object that is.
// What the checks of document/ make; load() turns them into Diagnostics.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "document/node.h"

namespace gwanmun::document {

struct Finding {
  Severity severity = Severity::kError;
  Position position;
  std::string path;     // "spec.rules[0].matches[1].path.value"
  std::string message;  // in the API server's words, where it has some
  std::string hint;
};

using Findings = std::vector<Finding>;

}  // namespace gwanmun::document
