#include "control/translate/hostnames.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gwanmun::translate {
namespace {

TEST(Hostnames, CoversFollowsTheSpecification) {
  EXPECT_TRUE(covers("*.example.com", "a.example.com"));
  EXPECT_TRUE(covers("*.example.com", "a.b.example.com"));
  EXPECT_TRUE(covers("*.example.com", "*.b.example.com"));
  EXPECT_TRUE(covers("*.example.com", "*.example.com"));
  EXPECT_FALSE(covers("*.example.com", "example.com"));
  EXPECT_FALSE(covers("*.example.com", "aexample.com"));
  EXPECT_FALSE(covers("*.b.example.com", "*.example.com"));
  EXPECT_FALSE(covers("a.example.com", "*.example.com"));
  EXPECT_TRUE(covers("", "*.example.com"));
  EXPECT_FALSE(covers("*.example.com", ""));
}

TEST(Hostnames, IntersectGivesTheNarrower) {
  EXPECT_EQ(intersect("", "a.example.com"), "a.example.com");
  EXPECT_EQ(intersect("a.example.com", ""), "a.example.com");
  EXPECT_EQ(intersect("", ""), "*");
  EXPECT_EQ(intersect("*.example.com", "a.example.com"), "a.example.com");
  EXPECT_EQ(intersect("a.example.com", "*.example.com"), "a.example.com");
  EXPECT_EQ(intersect("*.example.com", "*.b.example.com"), "*.b.example.com");
  EXPECT_EQ(intersect("*.example.com", "example.com"), std::nullopt);
}

TEST(Hostnames, NormalIsLowerCaseWithoutATrailingDot) {
  EXPECT_EQ(normal_host("A.Example.COM."), "a.example.com");
}

/// The set against the pairwise definition, on names that are often near each other.
TEST(HostSet, AgreesWithThePairwiseDefinition) {
  std::mt19937 random(20260101);
  const std::vector<std::string> labels{"a", "b", "ab", "a-b"};
  auto host = [&] {
    std::string out = random() % 3 == 0 ? "*" : labels[random() % labels.size()];
    for (unsigned i = random() % 3; i > 0; --i) out += "." + labels[random() % labels.size()];
    return out + ".c";
  };
  for (int round = 0; round < 3000; ++round) {
    HostSet set;
    std::vector<std::string> names;
    for (unsigned i = random() % 4; i > 0; --i) names.push_back(random() % 20 == 0 ? "" : host());
    for (const auto& name : names) set.add(name);
    std::string wanted = random() % 20 == 0 ? "" : host();
    bool any = false, other = false;
    for (const auto& name : names) {
      bool shared = intersect(name, wanted).has_value();
      any |= shared;
      other |= shared && name != wanted;
    }
    ASSERT_EQ(set.intersects(wanted), any) << wanted << " round " << round;
    ASSERT_EQ(set.overlaps_other(wanted), other) << wanted << " round " << round;
  }
}

}  // namespace
}  // namespace gwanmun::translate
