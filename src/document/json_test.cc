// Strict JSON: what is read, what is refused and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "document/limits.h"
#include "document/parse.h"
#include "document/writer.h"

namespace gwanmun::document {
namespace {

using testing::HasSubstr;

std::string read(std::string_view text) {
  Parsed parsed = parse_json({text, 1});
  if (parsed.faults.empty()) return to_json(parsed.node);
  const Fault& fault = parsed.faults.front();
  return str_cat("fault ", fault.position.line, ":", fault.position.column, " ", fault.message);
}

TEST(Json, Values) {
  for (std::string_view same :
       {"null", "true", "false", "0", "-1", "9223372036854775807", "1.5", "[]", "{}", "\"\"",
        R"({"a":[1,{"b":"c"}],"d":null})", R"("\"\\\n")", "\"\xC3\xA9\xF0\x9F\x98\x80\""}) {
    EXPECT_EQ(read(same), same);
  }
  EXPECT_EQ(read(R"("\u00e9\ud83d\ude00\/\t")"), "\"\xC3\xA9\xF0\x9F\x98\x80/\\u0009\"");
  EXPECT_EQ(read("1.0"), "1");
  EXPECT_EQ(read("1e2"), "100");
  EXPECT_EQ(read(" \r\n\t[ 1 , 2 ] "), "[1,2]");
}

TEST(Json, RefusesWhatIsNotJson) {
  struct Case {
    std::string_view text;
    std::string_view fault;
  };
  for (const Case& c : {
           Case{"", "fault 1:1 JSON: the text ends where a value is missing"},
           {"{\"a\":1,}", "fault 1:8 JSON: expected a field name in quotes"},
           {"{\"a\" 1}", "fault 1:6 JSON: expected : after the field name"},
           {"{\"a\":1 \"b\":2}", "fault 1:8 JSON: expected , or }"},
           {"[1,]", "fault 1:4 JSON: expected a value"},
           {"[1\n 2]", "fault 2:2 JSON: expected , or ]"},
           {"{\"a\":1,\n\"a\":2}", "fault 2:1 the field \"a\" is here twice"},
           {"01", "a number may not start with 0"},
           {"1.", "expected a digit after the point"},
           {"1e", "expected a digit in the exponent"},
           {"1e999", "number too large"},
           {"\"a", "a quote is not closed"},
           {"\"\n\"", "control characters"},
           {"\"\\x\"", "no such escape"},
           {"\"\\ud800\"", "half of a surrogate pair"},
           {"\"\\udc00\"", "half of a surrogate pair"},
           {"\"\\ud800\\u0041\"", "half of a surrogate pair"},
           {"\"\\u12\"", "\\u needs four hexadecimal digits"},
           {"\"\xff\"", "the text is not UTF-8"},
           {"\"\xC0\x80\"", "the text is not UTF-8"},
           {"\"\xED\xA0\x80\"", "the text is not UTF-8"},
           {"tru", "expected a value"},
           {"// no", "expected a value"},
       }) {
    EXPECT_THAT(read(c.text), HasSubstr(c.fault)) << c.text;
  }
}

TEST(Json, DepthIsBoundedAtTheLimit) {
  auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
  };
  EXPECT_TRUE(parse_json({nested(kMaxDepth + 1), 1}).complete);
  EXPECT_FALSE(parse_json({nested(kMaxDepth + 2), 1}).complete);
  EXPECT_FALSE(parse_json({std::string(1'000'000, '['), 1}).complete);
}

}  // namespace
}  // namespace gwanmun::document
