// Every CEL rule of both channels: that it compiles, and what it refuses (testdata/rules.yaml).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "base/text.h"
#include "document/kinds.h"
#include "document/load.h"
#include "document/parse.h"
#include "document/schema.h"

namespace gwanmun::document {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  std::string text;
  std::vector<std::string> refusals;
  bool accepted = false;
  Channel channel = Channel::kExperimental;
};

std::string api_version_of(std::string_view kind) {
  for (const Kind& known : kinds()) {
    if (known.kind == kind) return join_api_version(known.group, known.version);
  }
  return {};
}

std::vector<Case> read_cases() {
  std::ifstream file(std::string(SOURCE_DIR) + "/src/document/testdata/rules.yaml");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<Case> cases;
  for (const Piece& piece : split_documents(text)) {
    Case c;
    std::string body;
    for (std::string_view line : split(piece.text, '\n')) {
      if (line.starts_with("# refused: ")) c.refusals.emplace_back(line.substr(11));
      else if (line.starts_with("# accepted: ")) c.accepted = true;
      else if (line == "# channel: standard") c.channel = Channel::kStandard;
      else if (line != "---") body += str_cat(line, "\n");
    }
    if (std::size_t at = body.find("LONG/"); at != body.npos) {
      std::string prefix(260, 'a');
      for (; at != body.npos; at = body.find("LONG/")) body.replace(at, 4, prefix);
    }
    std::string kind(parse_yaml({body, 1}).node.text("kind"));
    c.text = str_cat("apiVersion: ", api_version_of(kind), "\nmetadata: {name: x}\n", body);
    cases.push_back(std::move(c));
  }
  return cases;
}

std::vector<std::string> findings(const Case& c) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : load(c.text, "f.yaml", {.channel = c.channel}).diagnostics) {
    out.push_back(str_cat(diagnostic.path, ": ", diagnostic.message));
  }
  return out;
}

TEST(Rules, RefuseWhatTheyAreThereFor) {
  std::vector<Case> cases = read_cases();
  ASSERT_GT(cases.size(), 50u);
  for (const Case& c : cases) {
    std::vector<std::string> found = findings(c);
    if (c.accepted) EXPECT_THAT(found, IsEmpty()) << c.text;
    for (const std::string& refusal : c.refusals) {
      EXPECT_THAT(found, Contains(HasSubstr(refusal))) << c.text;
    }
    // And nothing else: a finding no line speaks of is one too many.
    for (const std::string& finding : found) {
      bool expected = c.accepted;
      for (const std::string& refusal : c.refusals) expected |= finding.contains(refusal);
      EXPECT_TRUE(expected) << finding << "\n" << c.text;
    }
  }
}

void collect(const Schema& schema, std::set<std::string>& messages, std::size_t& count) {
  for (const Schema::Rule& rule : schema.rules) {
    ++count;
    if (!rule.program.uses_old_self()) messages.insert(rule.message);
  }
  for (const Schema::Property& property : schema.properties) {
    std::set<std::string> unused;
    collect(property.schema, property.name == "status" ? unused : messages, count);
  }
  if (schema.items != nullptr) collect(*schema.items, messages, count);
  if (schema.additional != nullptr) collect(*schema.additional, messages, count);
}

TEST(Rules, EachOfBothChannelsCompilesAndIsCounted) {
  struct Count {
    std::string_view kind;
    std::size_t standard;
    std::size_t experimental;
  };
  for (const Count& c : {Count{"Gateway", 16, 16},
                         {"ListenerSet", 7, 7},
                         {"HTTPRoute", 89, 106},
                         {"GRPCRoute", 33, 36},
                         {"TLSRoute", 6, 6},
                         {"TCPRoute", 3, 3},
                         {"UDPRoute", 3, 3},
                         {"BackendTLSPolicy", 8, 8},
                         {"GatewayClass", 1, 1}}) {
    for (Channel channel : {Channel::kStandard, Channel::kExperimental}) {
      const Schema* schema = find_schema(channel, kGatewayGroup, "v1", c.kind);
      ASSERT_NE(schema, nullptr) << c.kind;
      std::set<std::string> messages;
      std::size_t count = 0;
      collect(*schema, messages, count);
      EXPECT_EQ(count, channel == Channel::kStandard ? c.standard : c.experimental) << c.kind;
    }
  }
  for (Channel channel : {Channel::kStandard, Channel::kExperimental}) {
    for (const SchemaVersion& row : schema_versions(channel)) {
      EXPECT_NE(find_schema(channel, row.group, row.version, row.kind), nullptr)
          << row.kind << " " << row.version;
    }
  }
}

TEST(Rules, EachIsRefusedByACase) {
  std::set<std::string> messages;
  std::size_t count = 0;
  for (Channel channel : {Channel::kStandard, Channel::kExperimental}) {
    for (const Kind& kind : kinds()) {
      const Schema* schema = find_schema(channel, kind.group, kind.version, kind.kind);
      bool gateway_api = kind.group == kGatewayGroup || kind.group == kExperimentalGroup;
      if (schema != nullptr && gateway_api) collect(*schema, messages, count);
    }
  }
  EXPECT_GT(messages.size(), 80u);
  for (const Case& c : read_cases()) {
    for (const std::string& finding : findings(c)) {
      std::erase_if(messages,
                    [&](const std::string& message) { return finding.contains(message); });
    }
  }
  // An enum refuses first.
  messages.erase("type must be one of ['Exact', 'PathPrefix', 'RegularExpression']");
  // Needs more than 128 matches: the next test.
  std::erase_if(messages,
                [](const std::string& message) { return message.starts_with("While 16"); });
  EXPECT_THAT(messages, IsEmpty());
}

TEST(Rules, CountMatchesAcrossAllRules) {
  auto route = [](std::string_view kind, std::initializer_list<int> matches) {
    std::string text = str_cat("kind: ", kind, "\napiVersion: gateway.networking.k8s.io/v1\n",
                               "metadata: {name: x}\nspec:\n  rules:\n");
    int header = 0;
    for (int count : matches) {
      text += "  - matches:\n";
      for (; count > 0; --count) {
        text += str_cat("    - headers: [{name: a, value: v", header++, "}]\n");
      }
    }
    return findings({text, {}, false, Channel::kExperimental});
  };
  for (std::string_view kind : {"HTTPRoute", "GRPCRoute"}) {
    EXPECT_THAT(route(kind, {64, 64}), IsEmpty()) << kind;
    EXPECT_THAT(route(kind, {64, 64, 1}),
                Contains(HasSubstr("spec.rules: Invalid value: While 16 rules")))
        << kind;
    EXPECT_THAT(route(kind, {65}), Contains(HasSubstr("spec.rules[0].matches: Too many: 65")));
  }
}

}  // namespace
}  // namespace gwanmun::document
