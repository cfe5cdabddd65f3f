// CEL, as much of it as the rules of the Gateway API's CRDs need: compiled once a rule, evaluated
// on Nodes. Used by the schema check. Unknown functions are refused when compiling; evaluation
// never throws, never runs long (limits.h), and changes nothing.
//
// There are: literals (also r"..." and triple quotes), fields (with Kubernetes' __name__ escapes),
// [index], lists, ?:, || && == != < <= > >= in + - * / % ! and unary -, has(), size, contains,
// startsWith, endsWith, matches, split, substring, duration, isIP, format.dns1123Label() and
// relatives with validate(), and the macros all, exists, exists_one, filter, map.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "document/node.h"

namespace gwanmun::document {

/// One compiled expression. Immutable: any thread may evaluate it.
class CelProgram {
 public:
  /// Fails with what is wrong and at which character.
  static Result<CelProgram> compile(std::string_view source);

  CelProgram(CelProgram&&) noexcept;
  CelProgram& operator=(CelProgram&&) noexcept;
  ~CelProgram();

  /// The value of a rule. `old_self` is null when there is no older object. As in CEL, a missing
  /// field is an error, and && || all exists pass over errors where the answer does not need them.
  Result<bool> evaluate(const Node& self, const Node* old_self = nullptr) const;
  /// The value of a messageExpression.
  Result<std::string> evaluate_text(const Node& self, const Node* old_self = nullptr) const;

  /// True when it speaks of oldSelf: a rule about a change, not to be judged on a new object.
  bool uses_old_self() const;

  struct Code;  // cel_code.h

 private:
  explicit CelProgram(std::unique_ptr<const Code> code);
  std::unique_ptr<const Code> code_;
};

}  // namespace gwanmun::document
