#include <gtest/gtest.h>

#include "base/arena.h"
#include "base/diagnostic.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/text.h"

namespace gwanmun {
namespace {

TEST(Text, ClosestFindsATypoAndNothingElse) {
  constexpr std::string_view kFields[] = {"hostnames", "parentRefs", "rules"};
  EXPECT_EQ(closest("hostname", kFields), "hostnames");
  EXPECT_EQ(closest("parentrefs", kFields), "parentRefs");
  EXPECT_EQ(closest("backend", kFields), "");
  EXPECT_EQ(did_you_mean("ruels", kFields), "did you mean \"rules\"?");
  EXPECT_EQ(did_you_mean("timeout", kFields), "");
}

TEST(Text, ParseUintTakesDigitsOnly) {
  EXPECT_EQ(parse_uint("0"), 0u);
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  for (auto bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"})
    EXPECT_FALSE(parse_uint(bad)) << bad;
}

TEST(Text, SplitKeepsEmptyPieces) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(str_cat("a", 1, 'c', std::string("d"), -2), "a1cd-2");
}

TEST(Duration, FollowsGep2257) {
  EXPECT_EQ(parse_duration("1h30m"), Milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("0s"), Milliseconds(0));
  EXPECT_EQ(parse_duration("500ms"), Milliseconds(500));
  for (auto bad : {"", "1", "1.5s", "-1s", "1d", "100000s", "1h1m1s1ms1h", "s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(to_string(Milliseconds(5'400'250)), "1h30m250ms");
}

TEST(Arena, HandsOutAndFreesManySizes) {
  Arena arena;
  for (std::size_t size = 1; size < 10'000; size += 333) {
    std::string text(size, 'x');
    EXPECT_EQ(arena.copy(text), text);
  }
  EXPECT_EQ(arena.concat("a", std::string("bc"), std::string_view("d")), "abcd");
  EXPECT_GT(arena.footprint(), 0u);
  arena.reset();
  EXPECT_EQ(arena.footprint(), 0u);
}

TEST(Diagnostic, PrintsPlacePathAndHint) {
  Diagnostic d{.file = "a.yaml",
               .line = 3,
               .column = 7,
               .path = "spec.x",
               .message = "unknown field",
               .hint = "did you mean \"y\"?"};
  EXPECT_EQ(to_string(d), "a.yaml:3:7: error: spec.x: unknown field (did you mean \"y\"?)");
}

TEST(Log, EscapesJson) {
  std::string out;
  log::append_json_escaped(out, "a\"b\\c\n\x01");
  EXPECT_EQ(out, "a\\\"b\\\\c\\n\\u0001");
}

}  // namespace
}  // namespace gwanmun
