// PROXY protocol: each accepted form, each refusal, every split, the limits, and off a stream.
#include "net/proxy_protocol.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/test_util.h"

namespace gwanmun::net {
namespace {

std::string v2(unsigned char command, unsigned char family, std::string_view body) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(body.size() >> 8);
  out += static_cast<char>(body.size());
  out += body;
  return out;
}
const std::string kBody4("\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb", 12);

std::string parsed(std::string_view data) {
  ProxyHeader header;
  std::size_t size = 0;
  switch (parse_proxy_header(data, header, size)) {
    case ProxyParse::kIncomplete:
      return "incomplete";
    case ProxyParse::kMalformed:
      return "malformed";
    case ProxyParse::kDone:
      break;
  }
  std::string rest(data.substr(size));
  if (!header.has_addresses) return "local|" + rest;
  return header.source.to_string() + ">" + header.destination.to_string() + "|" + rest;
}

TEST(ProxyProtocol, Version1) {
  EXPECT_EQ("192.0.2.1:56324>198.51.100.2:443|GET /",
            parsed("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /"));
  EXPECT_EQ("[2001:db8::1]:1>[2001:db8::2]:65535|",
            parsed("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"));
  EXPECT_EQ("10.0.0.1:1>10.0.0.2:2|", parsed("PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 1 2\r\n"));
  EXPECT_EQ("local|x", parsed("PROXY UNKNOWN\r\nx"));
  EXPECT_EQ("local|", parsed("PROXY UNKNOWN anything at all\r\n"));
}

TEST(ProxyProtocol, Version1Refusals) {
  for (auto bad : {"GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
                   "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
                   "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
                   "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "PROXY TCP4 ::1 ::2 1 2\r\n",
                   "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
                   "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
                   "PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
                   "PROXY UNKNOWNX\r\n", "PROXY \r\n"}) {
    EXPECT_EQ("malformed", parsed(bad)) << bad;
  }
}

TEST(ProxyProtocol, Version1LengthLimit) {
  std::string line = "PROXY UNKNOWN ";
  line.append(kProxyV1Bytes - 2 - line.size(), 'x');
  EXPECT_EQ("local|", parsed(line + "\r\n"));
  EXPECT_EQ("incomplete", parsed(line + "\r"));
  EXPECT_EQ("malformed", parsed(line + "x\r\n"));
  EXPECT_EQ("malformed", parsed(line + "xx"));
}

TEST(ProxyProtocol, Version2) {
  EXPECT_EQ("192.0.2.1:56324>198.51.100.2:443|rest", parsed(v2(0x21, 0x11, kBody4) + "rest"));
  EXPECT_EQ("local|", parsed(v2(0x20, 0x00, "")));
  EXPECT_EQ("local|", parsed(v2(0x20, 0x11, "short")));
  EXPECT_EQ("local|", parsed(v2(0x21, 0x00, "")));
  std::string body6(32, '\0');
  body6[15] = 1;
  body6[31] = 2;
  EXPECT_EQ("[::1]:258>[::2]:772|", parsed(v2(0x21, 0x21, body6 + "\x01\x02\x03\x04")));
  EXPECT_EQ("192.0.2.1:56324>198.51.100.2:443|",
            parsed(v2(0x21, 0x11, kBody4 + std::string("\x04\x00\x02ok\x05\x00\x00", 8))));
}

TEST(ProxyProtocol, Version2Refusals) {
  EXPECT_EQ("malformed", parsed(v2(0x11, 0x11, kBody4))) << "version";
  EXPECT_EQ("malformed", parsed(v2(0x22, 0x11, kBody4))) << "command";
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x12, kBody4))) << "UDP";
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x31, std::string(216, 'u')))) << "UNIX";
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x11, kBody4.substr(1)))) << "short addresses";
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x11, kBody4 + "\x04"))) << "half a TLV";
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x11, kBody4 + std::string("\x04\x00\x03ok", 5))));
}

TEST(ProxyProtocol, Version2LengthLimit) {
  std::string tlv("\x04", 1);
  std::size_t length = kProxyV2Bytes - 16 - kBody4.size() - 3;
  tlv += static_cast<char>(length >> 8);
  tlv += static_cast<char>(length);
  tlv.append(length, 'x');
  EXPECT_EQ("192.0.2.1:56324>198.51.100.2:443|", parsed(v2(0x21, 0x11, kBody4 + tlv)));
  EXPECT_EQ("malformed", parsed(v2(0x21, 0x11, kBody4 + tlv + "x")));
}

TEST(ProxyProtocol, EveryPrefixIsIncomplete) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"), v2(0x21, 0x11, kBody4)}) {
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      EXPECT_EQ("incomplete", parsed(whole.substr(0, cut))) << cut;
    }
  }
  EXPECT_EQ("malformed", parsed("X"));
  EXPECT_EQ("malformed", parsed("PROXZ"));
  EXPECT_EQ("malformed", parsed("\r\n\r\nX"));
}

struct Outcome {
  bool done = false;
  std::expected<ProxyHeader, StreamFault> header;
};
Task<void> read_into(Stream& stream, std::uint64_t timeout_ms, Outcome& out) {
  out.header = co_await read_proxy_header(stream, timeout_ms);
  out.done = true;
}

class ProxyStreamTest : public ::testing::Test {
 protected:
  ProxyStreamTest() {
    auto [ours, theirs] = testing::tcp_pair();
    peer = theirs;
    stream = make_tcp_stream(*loop, ours, {}, {});
  }
  ~ProxyStreamTest() override { ::close(peer); }
  void send(std::string_view data) {
    ASSERT_EQ(static_cast<ssize_t>(data.size()), ::send(peer, data.data(), data.size(), 0));
  }
  std::unique_ptr<Loop> loop = testing::make_loop();
  std::unique_ptr<Stream> stream;
  int peer = -1;
  Outcome outcome;
};

TEST_F(ProxyStreamTest, LeavesTheRestToTheNextHandler) {
  spawn(read_into(*stream, 1000, outcome));
  send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r");
  loop->run_once(10);
  EXPECT_FALSE(outcome.done);
  send("\nGET / HTTP/1.1");
  ASSERT_TRUE(testing::run_until(*loop, [&] { return outcome.done; }));
  ASSERT_TRUE(outcome.header.has_value());
  EXPECT_EQ("192.0.2.1:56324", outcome.header->source.to_string());
  send("\r\n");
  for (int i = 0; i < 3; ++i) loop->run_once(1);
  testing::Recorder next;
  stream->set_handler(next);
  ASSERT_TRUE(testing::run_until(*loop, [&] { return next.data == "GET / HTTP/1.1\r\n"; }));
}

TEST_F(ProxyStreamTest, FailsOnGarbageSilenceAndTheEnd) {
  spawn(read_into(*stream, 1000, outcome));
  send("GET / HTTP/1.1\r\n");
  ASSERT_TRUE(testing::run_until(*loop, [&] { return outcome.done; }));
  EXPECT_EQ(StreamFault::kOther, outcome.header.error());

  outcome.done = false;
  auto [a, b] = testing::tcp_pair();
  auto silent = make_tcp_stream(*loop, a, {}, {});
  spawn(read_into(*silent, 20, outcome));
  ASSERT_TRUE(testing::run_until(*loop, [&] { return outcome.done; }));
  EXPECT_EQ(StreamFault::kTimeout, outcome.header.error());

  outcome.done = false;
  spawn(read_into(*silent, 1000, outcome));
  ::close(b);
  ASSERT_TRUE(testing::run_until(*loop, [&] { return outcome.done; }));
  EXPECT_EQ(StreamFault::kReset, outcome.header.error());
}

}  // namespace
}  // namespace gwanmun::net
