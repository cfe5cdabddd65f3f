// What the writers print, and that the parsers read it back.
#include "document/writer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "document/parse.h"

namespace gwanmun::document {
namespace {

Node yaml(std::string_view text) { return parse_yaml({text, 1}).node; }

TEST(WriteYaml, LooksLikeKubectl) {
  std::string_view text =
      "apiVersion: v1\n"
      "kind: Service\n"
      "metadata:\n"
      "  labels: {}\n"
      "  name: orders\n"
      "spec:\n"
      "  clusterIP: null\n"
      "  list:\n"
      "  - - 1\n"
      "    - 2\n"
      "  - []\n"
      "  ports:\n"
      "  - name: http\n"
      "    port: 80\n"
      "    targetPort: 8080\n"
      "  ready: true\n"
      "  share: 0.5\n"
      "  text: |\n"
      "    one\n"
      "\n"
      "    two\n";
  EXPECT_EQ(to_yaml(yaml(text)), text);
}

TEST(WriteYaml, QuotesOnlyWhatNeedsIt) {
  struct Case {
    std::string_view text;
    std::string_view yaml;
  };
  for (const Case& c : {
           Case{"plain", "plain\n"},
           {"/api/v1", "/api/v1\n"},
           {"a b", "a b\n"},
           {"a:b", "a:b\n"},
           {"a#b", "a#b\n"},
           {"it's", "it's\n"},
           {"-x", "-x\n"},
           {"", "\"\"\n"},
           {"1", "\"1\"\n"},
           {"true", "\"true\"\n"},
           {"null", "\"null\"\n"},
           {"~", "\"~\"\n"},
           {"yes", "\"yes\"\n"},
           {"1.5", "\"1.5\"\n"},
           {"0x1f", "\"0x1f\"\n"},
           {"a: b", "\"a: b\"\n"},
           {"a #b", "\"a #b\"\n"},
           {"- x", "\"- x\"\n"},
           {"*.example.com", "\"*.example.com\"\n"},
           {"a:", "\"a:\"\n"},
           {" a", "\" a\"\n"},
           {"---", "\"---\"\n"},
           {"a\"b", "a\"b\n"},
           {"\"a", "\"\\\"a\"\n"},
           {"a\tb", "\"a\\u0009b\"\n"},
           {"\xC2\x85", "\"\\u0085\"\n"},
           {"\xE2\x80\xA8", "\"\\u2028\"\n"},
           {"\xEF\xBB\xBF", "\"\\ufeff\"\n"},
       }) {
    EXPECT_EQ(to_yaml(Node::string(std::string(c.text))), c.yaml);
  }
}

TEST(WriteYaml, EveryTextComesBack) {
  std::mt19937 random(7);
  std::string_view alphabet[] = {"a",
                                 "b",
                                 " ",
                                 "\n",
                                 ":",
                                 "#",
                                 "-",
                                 "'",
                                 "\"",
                                 "\\",
                                 "|",
                                 "1",
                                 "0",
                                 ".",
                                 "e",
                                 "{",
                                 "]",
                                 ",",
                                 "&",
                                 "*",
                                 "!",
                                 "%",
                                 "@",
                                 "\t",
                                 "~",
                                 "=",
                                 "<",
                                 "?",
                                 "y",
                                 "x",
                                 "\xC3\xA9",
                                 "\xC2\x85",
                                 "\xE2\x80\xA9",
                                 "\xF0\x9F\x98\x80",
                                 "\xEF\xBB\xBF",
                                 "\r"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 7; n > 0; --n) text += alphabet[random() % std::size(alphabet)];
    Node node = Node::map();
    node.set("list", Node::list({Node::string(text), Node::map({{text, {}, Node::string(text)}})}));
    Parsed back = parse_yaml({to_yaml(node), 1});
    ASSERT_TRUE(back.complete) << to_yaml(node);
    ASSERT_EQ(back.node, node) << to_yaml(node);
    ASSERT_EQ(parse_json({to_json(node, JsonStyle::kIndented), 1}).node, node);
  }
}

TEST(WriteYaml, WholeFloatsStayFloats) {
  Node node = yaml("002586186282766473448");  // no octal, and beyond 2^53
  EXPECT_EQ(node.kind(), Node::Kind::kFloat);
  EXPECT_EQ(yaml(to_yaml(node)), node);
  EXPECT_EQ(parse_json({to_json(node), 1}).node, node);
}

TEST(WriteYaml, SeveralDocuments) {
  Node documents[] = {yaml("a: 1"), yaml("b: 2")};
  EXPECT_EQ(to_yaml(documents), "a: 1\n---\nb: 2\n");
}

TEST(WriteJson, CompactAndIndented) {
  Node node = yaml("a: [1, {b: c}]\nd: {}\n");
  EXPECT_EQ(to_json(node), R"({"a":[1,{"b":"c"}],"d":{}})");
  EXPECT_EQ(to_json(node, JsonStyle::kIndented),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": \"c\"\n        }\n    ],\n"
            "    \"d\": {}\n}");
}

}  // namespace
}  // namespace gwanmun::document
