// Ejection: after enough failures in a row, longer each time, forgotten with one success.
#include "proxy/upstream/health.h"

#include <gtest/gtest.h>

namespace gwanmun::upstream {
namespace {

TEST(Health, ConnectFailuresEject) {
  const Limits limits;
  Health health;
  EXPECT_FALSE(health.record(Outcome::kConnectFailed, 1'000, limits));
  EXPECT_TRUE(health.available(1'000));
  EXPECT_TRUE(health.record(Outcome::kConnectFailed, 1'000, limits));
  EXPECT_FALSE(health.available(1'499));
  EXPECT_TRUE(health.available(1'500));
  // Still down when tried again: twice as long, at the first failure.
  EXPECT_TRUE(health.record(Outcome::kConnectFailed, 1'500, limits));
  EXPECT_FALSE(health.available(2'499));
  EXPECT_TRUE(health.available(2'500));
}

TEST(Health, OtherFailuresNeedMore) {
  const Limits limits;
  Health health;
  for (std::uint32_t i = 1; i < limits.eject_after_failures; ++i)
    EXPECT_FALSE(health.record(Outcome::kFailed, 0, limits));
  EXPECT_TRUE(health.record(Outcome::kFailed, 0, limits));
}

TEST(Health, SuccessForgets) {
  const Limits limits;
  Health health;
  health.record(Outcome::kConnectFailed, 0, limits);
  health.record(Outcome::kAnswered, 0, limits);
  EXPECT_FALSE(health.record(Outcome::kConnectFailed, 0, limits));
  EXPECT_TRUE(health.record(Outcome::kConnectFailed, 0, limits));
  health.record(Outcome::kAnswered, 0, limits);  // one that was under way
  EXPECT_TRUE(health.available(0));
}

TEST(Health, EjectionIsBounded) {
  const Limits limits;
  Health health;
  std::uint64_t now = 0;
  for (int i = 0; i < 100; ++i) {
    health.record(Outcome::kConnectFailed, now, limits);
    while (!health.available(now)) now += 100;
  }
  health.record(Outcome::kConnectFailed, now, limits);
  EXPECT_FALSE(health.available(now));
  EXPECT_TRUE(health.available(now + static_cast<std::uint64_t>(limits.longest_ejection.count())));
}

TEST(Health, OurOwnReasonsSayNothing) {
  const Limits limits;
  Health health;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.record(Outcome::kAbandoned, 0, limits));
  EXPECT_TRUE(health.available(0));
}

}  // namespace
}  // namespace gwanmun::upstream
