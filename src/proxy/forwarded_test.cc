// Who the client is: what untrusted peers claim is gone, what trusted ones say is appended to.
#include "proxy/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gwanmun::proxy {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class ForwardedTest : public testing::Test {
 protected:
  /// The client, and the fields that go on except the request id.
  std::pair<std::string, Fields> apply(const Fields& in, bool trusted,
                                       std::string_view peer = "10.0.0.1") {
    http::RequestHead head(arena_);
    head.scheme = "https";
    head.authority = "shop.example.com:8443";
    for (const auto& [name, value] : in) head.headers.add(arena_.copy(name), arena_.copy(value));
    const Forwarded out = apply_forwarding({peer, trusted, proxies_, 4, 16}, head, random_);
    id_ = out.request_id;
    Fields fields;
    for (const http::Field& field : head.headers)
      if (field.name != "x-request-id") fields.emplace_back(field.name, field.value);
    return {std::string(out.client), fields};
  }

  Arena arena_;
  upstream::Random random_{1};
  std::vector<net::Cidr> proxies_{*net::Cidr::parse("10.0.0.0/8")};
  std::string id_;
};

TEST_F(ForwardedTest, ClaimsOfStrangersAreReplaced) {
  const auto [client, fields] = apply({{"x-forwarded-for", "1.1.1.1"},
                                       {"accept", "*/*"},
                                       {"forwarded", "for=1.1.1.1"},
                                       {"x-real-ip", "1.1.1.1"},
                                       {"x-forwarded-proto", "ftp"},
                                       {"x-forwarded-host", "evil"},
                                       {"x-forwarded-port", "1"},
                                       {"x-forwarded-prefix", "/admin"}},
                                      false, "192.0.2.7");
  EXPECT_EQ(client, "192.0.2.7");
  EXPECT_EQ(fields, (Fields{{"accept", "*/*"},
                            {"x-forwarded-for", "192.0.2.7"},
                            {"x-forwarded-proto", "https"},
                            {"x-forwarded-host", "shop.example.com:8443"}}));
}

TEST_F(ForwardedTest, TheRightmostUntrustedHopIsTheClient) {
  const auto [client, fields] =
      apply({{"x-forwarded-for", "6.6.6.6, 203.0.113.9"}, {"x-forwarded-for", "10.1.1.1"}}, true);
  EXPECT_EQ(client, "203.0.113.9");
  EXPECT_EQ(fields[0], (std::pair<std::string, std::string>(
                           "x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.1.1, 10.0.0.1")));
}

TEST_F(ForwardedTest, HopsWithPortsAndBrackets) {
  EXPECT_EQ(apply({{"x-forwarded-for", "[2001:db8::1]:443"}}, true).first, "2001:db8::1");
  EXPECT_EQ(apply({{"x-forwarded-for", "198.51.100.2:1234"}}, true).first, "198.51.100.2");
}

TEST_F(ForwardedTest, NothingLeftOfNonsenseIsBelieved) {
  EXPECT_EQ(apply({{"x-forwarded-for", "203.0.113.9, unknown"}}, true).first, "10.0.0.1");
}

TEST_F(ForwardedTest, HopsAreBounded) {
  // The limit is 4: the fifth hop from the right is not looked at.
  EXPECT_EQ(apply({{"x-forwarded-for", "203.0.113.9, 10.0.0.5, 10.0.0.4, 10.0.0.3"}}, true).first,
            "203.0.113.9");
  EXPECT_EQ(
      apply({{"x-forwarded-for", "203.0.113.9, 10.0.0.6, 10.0.0.5, 10.0.0.4, 10.0.0.3"}}, true)
          .first,
      "10.0.0.6");
}

TEST_F(ForwardedTest, TrustedPeersKeepTheirForwardedAndProto) {
  const auto [client, fields] = apply({{"forwarded", "for=203.0.113.9"},
                                       {"x-forwarded-proto", "http"},
                                       {"x-forwarded-host", "front.example.com"}},
                                      true, "2001:db8::5");
  EXPECT_EQ(client, "2001:db8::5");
  EXPECT_EQ(fields, (Fields{{"forwarded", "for=203.0.113.9, for=\"[2001:db8::5]\";proto=https"},
                            {"x-forwarded-proto", "http"},
                            {"x-forwarded-host", "front.example.com"},
                            {"x-forwarded-for", "2001:db8::5"}}));
}

TEST_F(ForwardedTest, RequestIds) {
  apply({{"x-request-id", "abc"}}, false);
  EXPECT_EQ(id_, "abc");
  apply({{"x-request-id", std::string(16, 'a')}}, false);
  EXPECT_EQ(id_, std::string(16, 'a'));
  apply({{"x-request-id", std::string(17, 'a')}}, false);  // beyond the limit: a new one
  EXPECT_EQ(id_.size(), 32u);
  const std::string first = id_;
  apply({}, false);
  EXPECT_EQ(id_.size(), 32u);
  EXPECT_NE(id_, first);
}

}  // namespace
}  // namespace gwanmun::proxy
