// Named text formats, at their limits.
#include "document/formats.h"

#include <gtest/gtest.h>

#include <string>

namespace gwanmun::document {
namespace {

TEST(Formats, GoodAndBad) {
  std::string label(63, 'a');
  std::string domain = label + "." + label + "." + label + "." + label;  // 255
  struct Case {
    std::string format;
    std::string text;
    bool good;
  };
  for (const Case& c : {
           Case{"dns1123Label", "a-1", true},
           {"dns1123Label", label, true},
           {"dns1123Label", label + "a", false},
           {"dns1123Label", "", false},
           {"dns1123Label", "-a", false},
           {"dns1123Label", "a-", false},
           {"dns1123Label", "A", false},
           {"dns1123Label", "a.b", false},
           {"dns1035Label", "a1", true},
           {"dns1035Label", "1a", false},
           {"dns1123Subdomain", "a.b-c.1", true},
           {"dns1123Subdomain", "a..b", false},
           {"dns1123Subdomain", "a.", false},
           {"dns1123Subdomain", domain.substr(0, 253), true},
           {"dns1123Subdomain", domain.substr(0, 254), false},
           {"qualifiedName", "a.b/C_d", true},
           {"qualifiedName", "a", true},
           {"qualifiedName", "a/", false},
           {"qualifiedName", "/a", false},
           {"qualifiedName", "A/b", false},
           {"qualifiedName", "a/b/c", false},
           {"labelValue", "", true},
           {"labelValue", "a_B.c-1", true},
           {"labelValue", "-a", false},
           {"labelValue", label + "a", false},
           {"ipv4", "255.255.255.255", true},
           {"ipv4", "256.0.0.1", false},
           {"ipv4", "1.2.3", false},
           {"ipv4", std::string("1.2.3.4\0x", 9), false},
           {"ipv4", "01.2.3.4", false},
           {"ipv6", "::1", true},
           {"ipv6", "2001:db8::1", true},
           {"ipv6", "1.2.3.4", false},
           {"ipv6", ":::", false},
           {"ipv6", "::ffff:1.2.3.4", true},
           {"ip", "::1", true},
           {"ip", "10.0.0.1", true},
           {"ip", "a", false},
           {"date-time", "2025-01-31T23:59:60Z", true},
           {"date-time", "2025-01-31T23:59:59.123+01:00", true},
           {"date-time", "2025-01-31", false},
           {"date-time", "2025-13-31T00:00:00Z", false},
           {"date-time", "2025-01-31T00:00:00", false},
           {"date-time", "2025-01-31T00:00:00.Z", false},
           {"date-time", "2025-01-31T00:00:00+24:00", false},
           {"byte", "", true},
           {"byte", "YQ==", true},
           {"byte", "YWI=", true},
           {"byte", "YWJj", true},
           {"byte", "YWJj\nYWJj\n", true},
           {"byte", "YQ=", false},
           {"byte", "Y===", false},
           {"byte", "Y=Q=", false},
           {"byte", "YW-j", false},
           {"no such format", "anything", true},
       }) {
    EXPECT_EQ(fits_format(c.format, c.text), c.good) << c.format << " " << c.text;
  }
}

TEST(Formats, Base64) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("a"), "YQ==");
  EXPECT_EQ(to_base64("ab"), "YWI=");
  EXPECT_EQ(to_base64("abc"), "YWJj");
  EXPECT_EQ(to_base64("\xff\xfe\xfd\xfc"), "//79/A==");
}

TEST(Formats, GoDurations) {
  EXPECT_EQ(parse_go_duration("0"), 0);
  EXPECT_EQ(parse_go_duration("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(parse_go_duration("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_go_duration("-250ms"), -250'000'000);
  EXPECT_EQ(parse_go_duration("3us"), 3'000);
  EXPECT_EQ(parse_go_duration(".5m"), 30'000'000'000);
  for (std::string_view bad :
       {"", "1", "s", "1d", "1 s", "1s1", "--1s", ".s", "1e3s", "9999999999h"}) {
    EXPECT_FALSE(parse_go_duration(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace gwanmun::document
