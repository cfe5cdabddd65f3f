// Addresses and CIDRs: what is read, what is refused, how it is written.
#include "net/address.h"

#include <gtest/gtest.h>

namespace gwanmun::net {
namespace {

std::string shown(std::string_view text) {
  auto ip = IpAddress::parse(text);
  return ip ? ip->to_string() : "refused";
}

TEST(IpAddress, ReadsAndWrites) {
  EXPECT_EQ("127.0.0.1", shown("127.0.0.1"));
  EXPECT_EQ("2001:db8::1", shown("2001:0DB8:0::1"));
  EXPECT_EQ("10.1.2.3", shown("::ffff:10.1.2.3"));
  for (auto bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[::1]", "fe80::1%eth0",
                   "::1 ", "a.example.com", "1:2:3:4:5:6:7:8:9"}) {
    EXPECT_EQ("refused", shown(bad)) << bad;
  }
  EXPECT_EQ("refused", shown(std::string_view("127.0.0.1\0x", 11)));
}

TEST(IpAddress, KnowsLoopback) {
  EXPECT_TRUE(IpAddress::parse("127.8.9.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("1::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("10.0.0.1")->is_loopback());
}

TEST(SocketAddress, ReadsAndWrites) {
  for (auto good : {"127.0.0.1:80", "[::1]:8080", "0.0.0.0:0", "[2001:db8::1]:65535"}) {
    auto address = SocketAddress::parse(good);
    ASSERT_TRUE(address) << good;
    EXPECT_EQ(good, address->to_string());
    sockaddr_storage storage;
    address->to_sockaddr(storage);
    EXPECT_EQ(*address, SocketAddress::from(reinterpret_cast<sockaddr*>(&storage)));
  }
  for (auto bad : {"", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
                   "[127.0.0.1]:80", "[::1]", "127.0.0.1:-1", "localhost:80"}) {
    EXPECT_FALSE(SocketAddress::parse(bad)) << bad;
  }
}

TEST(Cidr, Contains) {
  auto in = [](std::string_view cidr, std::string_view ip) {
    return Cidr::parse(cidr)->contains(*IpAddress::parse(ip));
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(in("10.0.0.128/25", "10.0.0.129"));
  EXPECT_FALSE(in("10.0.0.128/25", "10.0.0.127"));
  EXPECT_TRUE(in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(in("0.0.0.0/0", "::1"));
  EXPECT_TRUE(in("::/0", "::1"));
  EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(in("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(in("10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(in("::ffff:10.0.0.0/104", "10.1.1.1"));
}

TEST(Cidr, ReadsAndWrites) {
  EXPECT_EQ("10.1.0.0/16", Cidr::parse("10.1.2.3/16")->to_string());
  EXPECT_EQ("::1/128", Cidr::parse("::1")->to_string());
  for (auto bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "x/8",
                   "10.0.0.0/+8", "::ffff:10.0.0.0/64"}) {
    EXPECT_FALSE(Cidr::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace gwanmun::net
