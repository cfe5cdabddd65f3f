// YAML as Kubernetes reads it: scalars, structure, faults and their places, limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "document/limits.h"
#include "document/parse.h"
#include "document/scalar.h"
#include "document/writer.h"
#include "document/yaml_quick.h"

namespace gwanmun::document {
namespace {

using testing::HasSubstr;

std::string json_of(std::string_view yaml) {
  Parsed parsed = parse_yaml({yaml, 1});
  for (const Fault& fault : parsed.faults) {
    if (fault.severity != Severity::kError) continue;
    return str_cat("fault ", fault.position.line, ":", fault.position.column, " ", fault.message);
  }
  return to_json(parsed.node);
}

TEST(PlainScalar, MeansWhatKubernetesMakesOfIt) {
  struct Case {
    std::string_view text;
    std::string_view json;
  };
  for (const Case& c : {
           Case{"", "null"},
           {"~", "null"},
           {"null", "null"},
           {"Null", "null"},
           {"NULL", "null"},
           {"nULL", "\"nULL\""},
           // Only true and false are booleans.
           {"true", "true"},
           {"True", "true"},
           {"TRUE", "true"},
           {"false", "false"},
           {"tRUE", "\"tRUE\""},
           {"yes", "\"yes\""},
           {"no", "\"no\""},
           {"on", "\"on\""},
           {"off", "\"off\""},
           {"y", "\"y\""},
           {"n", "\"n\""},
           {"0", "0"},
           {"8080", "8080"},
           {"-1", "-1"},
           {"+12", "12"},
           {"8_080", "8080"},
           {"0x1F", "31"},
           {"-0x10", "-16"},
           {"0o14", "12"},
           {"0644", "420"},
           {"0b101", "5"},
           {"08", "8"},           // no octal digit: read as a decimal, as go-yaml does
           {"1:30", "\"1:30\""},  // no base 60
           {"190:20:30", "\"190:20:30\""},
           {"9223372036854775807", "9223372036854775807"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"0x", "\"0x\""},
           {"-", "\"-\""},
           {"+", "\"+\""},
           {".", "\".\""},
           {"1.2.3", "\"1.2.3\""},
           {"1.5", "1.5"},
           {".5", "0.5"},
           {"-1.5", "-1.5"},
           {"1e3", "1000"},
           {"1.0", "1"},
           {"8080.0", "8080"},
           {"1e", "\"1e\""},
           {"1e400", "\"1e400\""},
           {"2001-01-01", "\"2001-01-01\""},
           {"10.0.0.1", "\"10.0.0.1\""},
           {"1h", "\"1h\""},
           {".inf", "\".inf\""},
           {"v1", "\"v1\""},
       }) {
    EXPECT_EQ(to_json(plain_scalar(c.text)), c.json) << c.text;
  }
}

TEST(Yaml, Structure) {
  struct Case {
    std::string_view yaml;
    std::string_view json;
  };
  for (const Case& c : {
           Case{"a: 1\nb:\n- x\n- y: 2\n  z: 3\n", R"({"a":1,"b":["x",{"y":2,"z":3}]})"},
           {"a: 'yes'\nb: \"1\"\nc: \"true\"\n", R"({"a":"yes","b":"1","c":"true"})"},
           {"a: |\n  one\n  two\nb: >-\n  one\n  two\n", R"({"a":"one\ntwo\n","b":"one two"})"},
           {"{a: [1, 2], b: {}}", R"({"a":[1,2],"b":{}})"},
           {"a:\nb: ~\n", R"({"a":null,"b":null})"},
           {"a: b\r\nc: d\r\n", R"({"a":"b","c":"d"})"},
           {"a: x # comment\nb: x#y\n", R"({"a":"x","b":"x#y"})"},
           {"a: one\n  two\n", R"({"a":"one two"})"},
           {"1: a\ntrue: b\n'2': c\n", R"({"1":"a","true":"b","2":"c"})"},
           {"a: &x {p: 1}\nb: *x\nc: {<<: *x, q: 2}\nd: {<<: *x, p: 9}\n",
            R"({"a":{"p":1},"b":{"p":1},"c":{"q":2,"p":1},"d":{"p":9}})"},
           {"a: &x {p: 1}\nb: &y {r: 2}\nc: {<<: [*x, *y]}\n",
            R"({"a":{"p":1},"b":{"r":2},"c":{"p":1,"r":2}})"},
           {"a: !!str 5\nb: ! 6\nc: !!int 7\n", R"({"a":"5","b":"6","c":7})"},
           {"'<<': 1\n", R"({"<<":1})"},
       }) {
    EXPECT_EQ(json_of(c.yaml), c.json) << c.yaml;
  }
}

TEST(Yaml, FaultsNameThePlace) {
  struct Case {
    std::string_view yaml;
    std::string_view fault;
  };
  for (const Case& c : {
           Case{"a: b: c\n", "fault 1:5 YAML: mapping values are not allowed"},
           {"a:\n\tb: 1\n", "fault 2:1 YAML: found character that cannot start any token"},
           {"a: 1\na: 2\n", "fault 2:1 the field \"a\" is here twice"},
           {"a: [1, 2\nb: 3\n", "fault 2:2 YAML: did not find expected ',' or ']'"},
           {"a: \"x\n", "fault 2:1 YAML: found unexpected end of stream"},
           {"a: *nobody\n", "fault 1:4 *nobody refers to nothing"},
           {"a: &x [*x]\n", "fault 1:8 *x refers to nothing"},
           {"a: !!int x\n", "fault 1:4 the tag tag:yaml.org,2002:int does not fit"},
           {"a: !secret x\n", "fault 1:4 the tag !secret does not fit"},
           {"{a: 1}: 2\n", "fault 1:1 a field name must be a plain word"},
           {"~: 2\n", "fault 1:1 a field name is missing"},
           {"a: 1\n b: 2\n", "fault 2:3 YAML: mapping values are not allowed"},
           {"<<: 5\n", "fault 1:5 << needs a map"},
           {"a: \x01\n", "fault 1:4 YAML: control characters are not allowed"},
           {"a: \xff\n", "fault 1:4 YAML: invalid leading UTF-8 octet"},
           {"name: @shop\n", "fault 1:7 YAML: found character that cannot start any token"},
       }) {
    EXPECT_THAT(json_of(c.yaml), HasSubstr(c.fault)) << c.yaml;
  }
}

std::string places(const Node& node) {
  std::string out = str_cat(node.position().line, ":", node.position().column, " ");
  for (const Node& item : node.items()) out += places(item);
  for (const Node::Member& member : node.members()) {
    out += str_cat(member.key, "@", member.position.line, ":", member.position.column, " ",
                   places(member.value));
  }
  return out;
}

TEST(YamlQuick, ReadsTheUsualLikeLibyaml) {
  for (std::string_view yaml : {
           "a: 1\nb:\n- x\n- y: 2\n  z: 3\n",
           "a:\n  - x\n  -\n    b: c\n  - - 1\n    - 2\nd:\n",
           "---\n# comment\na: x # comment\n\n  # another\nb: 'q' # c\nc: \"w: e\"\n",
           "a: []\nb: {}\nc: [x, \"y\", 'z', 1]\nd: {e: f, g: [h, {i: j}]}\n",
           "a: |\n  one\n   two\n\n  three\nb: |-\n  x\n\nc: |+\n  y\n\n\n",
           "data:\n  tls.crt: |\n    -----BEGIN-----\n    abc\n    -----END-----\n  x: |\n\n    "
           "y\n",
           "- a: 1\n  b:\n  - c\n  - d\n  e: f\n- g\n- - h\n  - i: j\n    k: l\n",
           "a:\n  value\nb:\n  [x]\nc: http://x:80/y#z\nd: it's\ne: a, b\nf: -1\ng: -x\n",
           "app.kubernetes.io/name: x\na/b_c-d.e: z\n",
           "  a: 1\n  b: 2\n",
           "- |\n  x\n# c\n- w\n",
       }) {
    Piece piece{yaml, 3};
    auto quick = parse_yaml_quick(piece);
    ASSERT_TRUE(quick.has_value()) << yaml;
    Parsed full = parse_yaml_full(piece);
    EXPECT_EQ(to_json(quick->node), to_json(full.node)) << yaml;
    EXPECT_EQ(places(quick->node), places(full.node)) << yaml;
    EXPECT_EQ(quick->position.line, full.position.line);
  }
}

TEST(YamlQuick, GivesUpOnAllElse) {
  for (std::string_view yaml : {
           "a: b: c\n",
           "a:\n\tb: 1\n",
           "a: 1\na: 2\n",
           "a: [1, 2\n",
           "a: \"x\n",
           "a: *x\n",
           "a: &x y\n",
           "a: !!str 5\n",
           "? a\n: b\n",
           "a: one\n  two\n",
           "a: 'x'\n  y: z\n",
           "a: >\n  x\n",
           "a: |2\n  x\n",
           "a: \"\\n\"\n",
           "a: 'it''s'\n",
           "a: yes\n",
           "1: a\n",
           "true: a\n",
           "a: \xC3\xA9\n",
           "a: 1\n b: 2\n",
           "  a: 1\n b: 2\n",
           "a: 1\n- b\n",
           "- a\nb: 1\n",
           "a: @x\n",
           "a: %x\n",
           "a: x:\n",
           "\"a\": b\n",
           "<<: {a: b}\n",
           "a: [x,y]\n",
           "a: {b}\n",
           "a: {b: c: d}\n",
           "a: [b c]\n",
           "a: [*x]\n",
           "a: 'x'y\n",
           "a: 'x'#y\n",
           "text\n",
           "",
           "a: |\n x",
           "a: |\n    \n  x\n",
           "a: |\n  x\n y: z\n",
           "--- a: 1\n",
           "a\n",
       }) {
    EXPECT_FALSE(parse_yaml_quick({yaml, 1}).has_value()) << yaml;
  }
}

TEST(YamlQuick, DepthIsBoundedAtTheLimit) {
  auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    return text;
  };
  EXPECT_TRUE(parse_yaml_quick({nested(kMaxDepth + 1), 1}).has_value());
  EXPECT_FALSE(parse_yaml_quick({nested(kMaxDepth + 2), 1}).has_value());
  EXPECT_TRUE(parse_yaml_full({nested(kMaxDepth), 1}).complete);
}

TEST(Yaml, KeepsWhatStandsBeforeTheBreak) {
  Parsed parsed = parse_yaml({"kind: Gateway\nmetadata:\n  name: edge\nspec: [\n", 1});
  EXPECT_FALSE(parsed.complete);
  EXPECT_EQ(parsed.node.text("kind"), "Gateway");
  ASSERT_NE(parsed.node.at("metadata", "name"), nullptr);
  EXPECT_EQ(parsed.node.at("metadata", "name")->as_string(), "edge");
}

TEST(Yaml, PlacesCountFromTheFilesFirstLine) {
  Parsed parsed = parse_yaml({"a:\n  b: [x, 1]\n", 10});
  const Node* list = parsed.node.at("a", "b");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->position().line, 11);
  EXPECT_EQ(list->position().column, 6);
  EXPECT_EQ(list->items()[1].position().column, 10);
  EXPECT_EQ(parsed.node.find("a")->members()[0].position.column, 3);
}

TEST(Yaml, OldBooleansAreTextAndSaidSo) {
  Parsed parsed = parse_yaml({"a: yes\nb: 'no'\n", 1});
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.faults[0].severity, Severity::kWarning);
  EXPECT_EQ(parsed.faults[0].position.line, 1);
  EXPECT_TRUE(parsed.complete);
}

TEST(Yaml, DepthIsBoundedAtTheLimit) {
  auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += '[';
    for (int i = 0; i < levels; ++i) text += ']';
    return text;
  };
  EXPECT_TRUE(parse_yaml({nested(kMaxDepth + 1), 1}).complete);
  EXPECT_THAT(json_of(nested(kMaxDepth + 2)), HasSubstr("nested deeper than 100 levels"));
  EXPECT_THAT(json_of(nested(100'000)), HasSubstr("fault 1:"));
}

TEST(Yaml, AliasesAreBoundedAtTheLimit) {
  auto aliases = [](std::size_t count) {
    std::string text = "a: &x y\nb:\n";
    for (std::size_t i = 0; i < count; ++i) text += "- *x\n";
    return text;
  };
  EXPECT_TRUE(parse_yaml({aliases(kMaxAliasNodes - 1), 1}).complete);
  EXPECT_THAT(json_of(aliases(kMaxAliasNodes)), HasSubstr("anchors and aliases make more than"));
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    laughs += str_cat("a", i, ": &a", i, " [");
    for (int k = 0; k < 9; ++k) laughs += str_cat(k == 0 ? "*a" : ",*a", i - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(json_of(laughs), HasSubstr("anchors and aliases make more than"));
}

TEST(Yaml, WideMapsAreNotQuadratic) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += str_cat("key-", i, ": v\n");
  text += "key-77: again\n";
  EXPECT_THAT(json_of(text), HasSubstr("fault 100001:1 the field \"key-77\" is here twice"));
}

TEST(SplitDocuments, AtMarkersOnly) {
  auto lines = [](std::string_view text) {
    std::string out;
    for (const Piece& piece : split_documents(text)) {
      out += str_cat(piece.first_line, "+", piece.text.size(), " ");
    }
    return out;
  };
  EXPECT_EQ(lines(""), "");
  EXPECT_EQ(lines("# only a comment\n\n---\n# and another\n---\n"), "");
  EXPECT_EQ(lines("a: 1\n---\nb: 2\n"), "1+5 2+9 ");
  EXPECT_EQ(lines("---\na: 1\n--- # next\nb: 2\n...\nc: 3\n"), "1+9 3+16 6+5 ");
  EXPECT_EQ(lines("a: |\n  ---\n  x\n----\n"), "1+20 ");
  EXPECT_EQ(lines("--- {a: 1}\n---\tb\n"), "1+11 2+6 ");
  EXPECT_EQ(lines("%YAML 1.1\n---\na: 1\n"), "1+19 ");
  EXPECT_EQ(lines("a: 1\r\n---\r\nb: 2\r\n"), "1+6 2+11 ");
  EXPECT_EQ(lines("\xEF\xBB\xBF"
                  "a: 1\n"),
            "1+5 ");
}

TEST(ParsePiece, JsonStreamsAndFlowYaml) {
  auto all = [](std::string_view text) {
    std::string out;
    for (const Parsed& parsed : parse_piece({text, 1})) {
      out += parsed.complete ? to_json(parsed.node) : str_cat("!", parsed.faults.back().message);
      out += str_cat("@", parsed.position.line, " ");
    }
    return out;
  };
  EXPECT_EQ(all("{\"a\": 1}\n{\"b\": 2}\n"), "{\"a\":1}@1 {\"b\":2}@2 ");
  EXPECT_EQ(all("{a: 1}\n"), "{\"a\":1}@1 ");
  EXPECT_EQ(all("\n\t{\"a\":\t1}\n"), "{\"a\":1}@2 ");
  EXPECT_EQ(all("{\"a\": 1,\n \"b\": }\n"), "{\"a\":1,\"b\":null}@1 ");  // YAML, and good there
  EXPECT_THAT(all("{\"a\": 1,\n \"b\": ]\n"), HasSubstr("!JSON: expected a value@1"));
  EXPECT_EQ(all("# nothing\n"), "");
}

}  // namespace
}  // namespace gwanmun::document
