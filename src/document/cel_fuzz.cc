// CEL on anything: the first line is a rule, the rest the object it is about. No crash, bounded
// time.
#include <string_view>

#include "document/cel.h"
#include "document/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gwanmun::document;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t end = text.find('\n');
  auto program = CelProgram::compile(text.substr(0, end));
  if (!program) return 0;
  Node self = end == text.npos ? Node() : parse_yaml({text.substr(end + 1), 1}).node;
  (void)program->evaluate(self, &self);
  (void)program->evaluate_text(self);
  return 0;
}
