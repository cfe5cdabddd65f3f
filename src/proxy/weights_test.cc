// Weights are exact within any full round, from whatever place the turns start.
#include "proxy/weights.h"

#include <gtest/gtest.h>

#include <vector>

namespace gwanmun::proxy {
namespace {

CompiledRule rule_with(const std::vector<std::uint32_t>& weights) {
  CompiledRule rule;
  for (std::uint32_t weight : weights) {
    CompiledBackend backend;
    backend.weight = weight;
    rule.backends.push_back(std::move(backend));
    rule.total_weight += weight;
  }
  return rule;
}

TEST(Turns, ExactInEveryRound) {
  const CompiledRule rule = rule_with({70, 30, 0, 1});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    upstream::Random random(seed);
    Turns turns;
    turns.reset(rule, random);
    for (int round = 0; round < 3; ++round) {
      std::vector<std::uint32_t> counts(4);
      for (int i = 0; i < 101; ++i)
        ++counts[static_cast<std::size_t>(turns.next(rule) - rule.backends.data())];
      EXPECT_EQ(counts, (std::vector<std::uint32_t>{70, 30, 0, 1})) << "seed " << seed;
    }
  }
}

TEST(Turns, StartsDiffer) {
  const CompiledRule rule = rule_with({1, 1, 1, 1});
  std::vector<bool> first(4);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    upstream::Random random(seed);
    Turns turns;
    turns.reset(rule, random);
    first[static_cast<std::size_t>(turns.next(rule) - rule.backends.data())] = true;
  }
  EXPECT_EQ(first, std::vector<bool>(4, true));
}

TEST(Turns, OneOrNone) {
  upstream::Random random(1);
  Turns turns;
  const CompiledRule one = rule_with({5});
  turns.reset(one, random);
  EXPECT_EQ(turns.next(one), &one.backends[0]);
  const CompiledRule none = rule_with({0, 0});
  turns.reset(none, random);
  EXPECT_EQ(turns.next(none), nullptr);
}

}  // namespace
}  // namespace gwanmun::proxy
