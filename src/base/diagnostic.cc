#include "base/diagnostic.h"

#include "base/text.h"

namespace gwanmun {

std::string to_string(const Diagnostic& d) {
  std::string out;
  if (!d.file.empty()) {
    out += d.file;
    if (d.line > 0) out += str_cat(":", d.line);
    if (d.line > 0 && d.column > 0) out += str_cat(":", d.column);
    out += ": ";
  }
  out += d.severity == Severity::kError     ? "error: "
         : d.severity == Severity::kWarning ? "warning: "
                                            : "note: ";
  if (!d.object.empty()) out += d.object + ": ";
  if (!d.path.empty()) out += d.path + ": ";
  out += d.message;
  if (!d.hint.empty()) out += str_cat(" (", d.hint, ")");
  return out;
}

}  // namespace gwanmun
