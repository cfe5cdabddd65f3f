#include "cli/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gwanmun::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct FlagsTest : ::testing::Test {
  FlagsTest() {
    flags.boolean({"watch", 'w', "Keep watching."}, watch);
    flags.choice({"output", 'o', "Output format."}, output, {"text", "json"});
    flags.list({"filename", 'f', "Files."}, files);
    flags.number({"workers", 0, "Threads."}, workers, 256);
    flags.duration({"grace-period", 0, "How long to drain."}, grace);
  }
  std::string error(std::vector<std::string> arguments) {
    auto result = flags.parse(arguments);
    return result ? "" : result.error().message;
  }

  FlagSet flags;
  bool watch = false;
  std::string output = "text";
  std::vector<std::string> files;
  std::uint32_t workers = 0;
  Milliseconds grace{30'000};
};

TEST_F(FlagsTest, EveryFormOfAValue) {
  auto rest = flags.parse(std::vector<std::string>{"a", "-ojson", "--filename", "x,y", "-f", "z",
                                                   "--workers=4", "-w", "--grace-period=1m5s", "-",
                                                   "--", "--not-an-option"});
  ASSERT_TRUE(rest.has_value()) << rest.error().message;
  EXPECT_THAT(*rest, ElementsAre("a", "-", "--not-an-option"));
  EXPECT_EQ(output, "json");
  EXPECT_THAT(files, ElementsAre("x", "y", "z"));
  EXPECT_EQ(workers, 4u);
  EXPECT_TRUE(watch);
  EXPECT_EQ(grace, Milliseconds(65'000));
}

TEST_F(FlagsTest, ABooleanMayBeSwitchedOff) {
  watch = true;
  ASSERT_EQ(error({"--watch=false"}), "");
  EXPECT_FALSE(watch);
  EXPECT_THAT(error({"--watch=maybe"}), HasSubstr("expected true or false"));
}

TEST_F(FlagsTest, ErrorsNameTheOptionAndTheWayOut) {
  EXPECT_EQ(error({"--outptu", "json"}), "unknown option --outptu, did you mean \"--output\"?");
  EXPECT_EQ(error({"--zzz"}), "unknown option --zzz");
  EXPECT_EQ(error({"-x"}), "unknown option -x");
  EXPECT_EQ(error({"--output"}), "option --output needs a value");
  EXPECT_EQ(error({"-o", "xml"}), "invalid value \"xml\" for -o: expected one of text, json");
  EXPECT_EQ(error({"--workers=257"}),
            "invalid value \"257\" for --workers: expected a number from 0 to 256");
  EXPECT_THAT(error({"--grace-period=soon"}), HasSubstr("expected a duration such as 30s"));
  EXPECT_THAT(error({"-f", "a,,b"}), HasSubstr("an empty value"));
}

TEST_F(FlagsTest, TheLimitItselfIsAllowed) { EXPECT_EQ(error({"--workers=256"}), ""); }

TEST_F(FlagsTest, GivenValuesReplaceTheDefaultsOfAList) {
  std::vector<std::string> names{"default"};
  flags.list({"name", 0, "Names."}, names);
  ASSERT_EQ(error({"--name=a", "--name=b"}), "");
  EXPECT_THAT(names, ElementsAre("a", "b"));
}

TEST_F(FlagsTest, HelpReadsLikeKubectl) {
  std::string help = flags.help();
  EXPECT_THAT(help, HasSubstr("Options:\n    -f, --filename=[]:\n        \tFiles.\n"));
  EXPECT_THAT(help, HasSubstr("        --grace-period=30s:\n"));
  EXPECT_LT(help.find("--output='text'"), help.find("--watch=false"));
}

}  // namespace
}  // namespace gwanmun::cli
