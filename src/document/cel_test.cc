// CEL: what expressions mean, how errors travel, what does not compile, limits.
#include "document/cel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "document/limits.h"
#include "document/parse.h"

namespace gwanmun::document {
namespace {

using testing::HasSubstr;

std::string answer(std::string_view rule, std::string_view self = "null",
                   const Node* old_self = nullptr) {
  auto program = CelProgram::compile(rule);
  if (!program) return str_cat("compile: ", program.error().message);
  Node node = parse_yaml({self, 1}).node;
  auto value = program->evaluate(node, old_self);
  if (!value) return str_cat("error: ", value.error().message);
  return *value ? "true" : "false";
}

TEST(Cel, Expressions) {
  constexpr std::string_view kSelf =
      "{a: 1, s: text, l: [1, 2, 3], m: {x: {y: true}, namespace: ns, a-b: 2}, e: [], n: null, "
      "f: 1.5, u: \"h\xC3\xA9llo\"}";
  struct Case {
    std::string_view rule;
    std::string_view answer;
  };
  for (const Case& c : {
           // Literals and operators, by precedence.
           Case{"true", "true"},
           {"1 + 2 * 3 == 7", "true"},
           {"(1 + 2) * 3 == 9", "true"},
           {"7 / 2 == 3 && 7 % 2 == 1", "true"},
           {"-7 / 2 == -3", "true"},
           {"1 - 1 - 1 == -1", "true"},
           {"1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", "true"},
           {"1 != 2", "true"},
           {"!false", "true"},
           {"!!true", "true"},
           {"true || false && false", "true"},
           {"0x1F == 31", "true"},
           {"1.5 + 1.5 == 3.0", "true"},
           {"1.0 == 1", "true"},
           {"'a' + 'b' == \"ab\"", "true"},
           {"'a' < 'b'", "true"},
           {"true ? false : true", "false"},
           {"false ? 1 == 2 : true", "true"},
           {"r'\\d' == '\\\\d'", "true"},
           {"\"\"\"a\"b\"\"\" == 'a\"b'", "true"},
           {"r\"\"\"^\\.$\"\"\" == '^\\\\.$'", "true"},
           {"'\\u00e9' == '\xC3\xA9'", "true"},
           {"'\\n' == '\\x0a'", "true"},
           {"null == null", "true"},
           {"'1' == 1", "false"},
           {"[1, 2] == [1, 2]", "true"},
           {"[1] == [2]", "false"},
           {"2 in [1, 2]", "true"},
           {"!(3 in [1, 2])", "true"},
           {"'x' in self.m", "true"},
           {"'q' in self.m", "false"},
           // Fields.
           {"self.a == 1", "true"},
           {"self.m.x.y", "true"},
           {"self.m['x'].y", "true"},
           {"self.l[0] == 1", "true"},
           {"self.m.__namespace__ == 'ns'", "true"},
           {"self.m.a__dash__b == 2", "true"},
           {"has(self.a)", "true"},
           {"has(self.q)", "false"},
           {"has(self.m.x.q)", "false"},
           {"has(self.n)", "true"},
           {"self.n == null", "true"},
           {"self.f > 1.0", "true"},
           {"self == self", "true"},
           // Functions.
           {"size(self.l) == 3 && self.l.size() == 3", "true"},
           {"size(self.u) == 5", "true"},
           {"size(self.m) == 3", "true"},
           {"self.s.contains('ex')", "true"},
           {"self.s.startsWith('te') && self.s.endsWith('xt')", "true"},
           {"self.s.matches('^t.*t$')", "true"},
           {"self.s.matches('ex')", "true"},
           {"matches(self.s, 'x$')", "false"},
           {"'a/b'.split('/')[1] == 'b'", "true"},
           {"'a'.split('/').size() == 1", "true"},
           {"''.split('/').size() == 1", "true"},
           {"'abc'.split('') == ['a', 'b', 'c']", "true"},
           {"'a,b,c'.split(',', 2) == ['a', 'b,c']", "true"},
           {"'a,b'.split(',', 0).size() == 0", "true"},
           {"'a,'.split(',') == ['a', '']", "true"},
           {"self.u.substring(2) == 'llo' && self.u.substring(1, 2) == '\xC3\xA9'", "true"},
           {"duration('1m') == duration('60s') && duration('1500ms') > duration('1s')", "true"},
           {"duration('1h30m') == duration('1.5h')", "true"},
           {"duration('-1s') < duration('0')", "true"},
           {"isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0') && !isIP('a')", "true"},
           {"format.dns1123Label().validate('a-b') == null", "true"},
           {"format.dns1123Label().validate('a.b') == null", "false"},
           // Macros.
           {"self.l.all(x, x > 0)", "true"},
           {"self.l.all(x, x > 1)", "false"},
           {"self.l.exists(x, x == 2)", "true"},
           {"self.l.exists_one(x, x > 1)", "false"},
           {"self.l.exists_one(x, x > 2)", "true"},
           {"self.l.filter(x, x > 1) == [2, 3]", "true"},
           {"self.l.map(x, x * 2) == [2, 4, 6]", "true"},
           {"self.l.map(x, x > 1, x * 2) == [4, 6]", "true"},
           {"self.e.all(x, false) && !self.e.exists(x, true)", "true"},
           {"self.m.all(key, key.size() > 0)", "true"},
           {"self.m.exists(k, k == 'x')", "true"},
           {"self.l.all(x, self.l.exists_one(y, y == x))", "true"},
           {"self.l.all(self, self > 0)", "true"},  // a variable hides the outer name
       }) {
    EXPECT_EQ(answer(c.rule, kSelf), c.answer) << c.rule;
  }
}

TEST(Cel, ErrorsAreAbsorbedWhereTheAnswerIsDecided) {
  constexpr std::string_view kSelf = "{l: [1, a, 3], a: 1}";
  struct Case {
    std::string_view rule;
    std::string_view answer;
  };
  for (const Case& c : {
           Case{"self.q == 1", "error: no such key: q"},
           {"self.q == 1 || true", "true"},
           {"true || self.q == 1", "true"},
           {"self.q == 1 && false", "false"},
           {"false && self.q == 1", "false"},
           {"self.q == 1 || false", "error: no such key: q"},
           {"self.q == 1 && true", "error: no such key: q"},
           {"!(self.q == 1)", "error: no such key: q"},
           {"self.q == 1 ? true : true", "error: no such key: q"},
           {"true ? true : self.q", "true"},
           {"has(self.q.r)", "error: no such key: q"},
           {"self.l.exists(x, x > 2)", "true"},  // 'a' > 2 is an error in between
           {"self.l.all(x, x > 1)", "false"},
           {"self.l.all(x, x > 0)", "error: no such overload"},
           {"self.l.exists(x, x > 5)", "error: no such overload"},
           {"self.l.exists_one(x, x > 2)", "error: no such overload"},
           {"self.l.filter(x, x > 2).size() == 1", "error: no such overload"},
           {"self.l[3] == 1", "error: index out of bounds"},
           {"self.l[-1] == 1", "error: index out of bounds"},
           {"1 / 0 == 1", "error: division by zero"},
           {"9223372036854775807 + 1 == 0", "error: integer overflow"},
           {"'abc'.substring(4) == ''", "error: index out of range"},
           {"'abc'.substring(2, 1) == ''", "error: index out of range"},
           {"duration('soon') == duration('1s')", "error: bad duration"},
           {"self.a", "error: the rule gives no boolean"},
           {"self.a && true", "error: no such overload"},
           {"!self.a", "error: no such overload"},
           {"self.a.b", "error: no such overload"},
           {"size(1) == 1", "error: no such overload"},
           {"self.a.all(x, true)", "error: no such overload"},
           {"oldSelf == self", "error: there is no oldSelf"},
       }) {
    EXPECT_EQ(answer(c.rule, kSelf), c.answer) << c.rule;
  }
}

TEST(Cel, WhatDoesNotCompileSaysWhere) {
  struct Case {
    std::string_view rule;
    std::string_view message;
  };
  for (const Case& c : {
           Case{"", "ends too early"},
           {"self.", "expected a name at 5"},
           {"(true", "expected ) at 5"},
           {"true true", "unexpected text at 5"},
           {"other == 1", "unknown name other at 0"},
           {"self.frob()", "unknown function frob() with 1 arguments at 9"},
           {"self.size(1)", "unknown function size() with 2 arguments"},
           {"contains(self, 'a')", "unknown function"},
           {"has(self)", "has() takes a field"},
           {"'abc", "does not end"},
           {"'a\nb'", "does not end on its line"},
           {"'\\q'", "no such escape"},
           {"self # 1", "unexpected character at 5"},
           {"self.matches(self)", "literal pattern"},
           {"self.matches('(')", "bad pattern"},
           {"self.all(x, x, x)", "only map()"},
           {"format.ipv9().validate(self) == null", "unknown format"},
           {"1 ? 2", "expected :"},
           {"99999999999999999999 == 1", "number too large"},
       }) {
    EXPECT_THAT(answer(c.rule), HasSubstr(c.message)) << c.rule;
    EXPECT_THAT(answer(c.rule), HasSubstr("compile: ")) << c.rule;
  }
}

TEST(Cel, TransitionRulesSeeTheOldObject) {
  auto program = CelProgram::compile("self == oldSelf");
  ASSERT_TRUE(program.has_value());
  EXPECT_TRUE(program->uses_old_self());
  Node same = Node::integer(1);
  Node old = Node::integer(2);
  EXPECT_TRUE(*program->evaluate(Node::integer(1), &same));
  EXPECT_FALSE(*program->evaluate(Node::integer(1), &old));
  EXPECT_FALSE(CelProgram::compile("self == 1")->uses_old_self());
}

TEST(Cel, MessageExpressions) {
  auto program = CelProgram::compile("'no ' + self.name");
  Node self = parse_yaml({"{name: way}", 1}).node;
  EXPECT_EQ(*program->evaluate_text(self), "no way");
  EXPECT_FALSE(CelProgram::compile("1")->evaluate_text(self).has_value());
}

TEST(Cel, SizeOfARuleIsBoundedAtTheLimit) {
  std::string rule = "true";
  EXPECT_EQ(answer(rule + std::string(kMaxCelLength - rule.size(), ' ')), "true");
  EXPECT_THAT(answer(rule + std::string(kMaxCelLength - rule.size() + 1, ' ')),
              HasSubstr("more than 16384 characters"));
  auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '(') + "true" +
           std::string(static_cast<std::size_t>(depth), ')');
  };
  EXPECT_EQ(answer(nested(kMaxCelDepth - 1)), "true");
  EXPECT_THAT(answer(nested(kMaxCelDepth)), HasSubstr("nested too deeply"));
  auto chain = [](std::size_t expressions) {  // n operands and n - 1 operators
    std::string text = "true";
    for (std::size_t i = 1; i < expressions / 2 + 1; ++i) text += "||true";
    return text;
  };
  EXPECT_EQ(answer(chain(kMaxCelExpressions - 1)), "true");
  EXPECT_THAT(answer(chain(kMaxCelExpressions + 1)), HasSubstr("the rule is too long"));
}

TEST(Cel, StepsAreBounded) {
  std::string list = "[0";
  for (int i = 1; i < 300; ++i) list += str_cat(",", i);
  list += "]";
  EXPECT_EQ(answer("self.all(x, self.exists_one(y, y == x))", list), "true");
  EXPECT_THAT(answer("self.all(x, self.all(y, self.all(z, x + y + z >= 0)))", list),
              HasSubstr("too many steps"));
}

}  // namespace
}  // namespace gwanmun::document
