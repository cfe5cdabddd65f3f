// WebSocket over HTTP/2 (RFC 8441): the client's frames by hand, an HTTP/1.1 origin behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/gateway_for_test.h"

namespace gwanmun::proxy {
namespace {

using testing::Config;
using testing::Gateway;
using ::testing::HasSubstr;
using testing::Message;
using ::testing::Not;
using testing::Origin;
using testing::read_message;
using testing::Wire;

enum FrameType : std::uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4 };
constexpr std::uint8_t kEndStream = 1, kEndHeaders = 4;

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string out;
  for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  out += payload;
  return out;
}

/// RFC 7541 §6.2.2: a literal field without indexing, not Huffman-coded.
std::string literal(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  out += value;
  return out;
}

struct Frame {
  std::uint8_t type = 0xff;
  std::uint8_t flags = 0;
  std::string payload;
};

/// The next frame of stream 1.
Frame next_frame(Wire& wire) {
  for (;;) {
    const std::string head = wire.read_exactly(9);
    if (head.size() < 9) return {};
    auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(head[at]); };
    Frame out{byte(3), byte(4), {}};
    out.payload = wire.read_exactly(std::size_t{byte(0)} << 16 | byte(1) << 8 | byte(2));
    if (byte(8) == 1) return out;
  }
}

TEST(WebSocket, ExtendedConnectReachesAnHttp1Backend) {
  std::string handshake;
  Origin origin([&](Wire& wire) {
    handshake = read_message(wire, false).head;
    wire.send(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: x\r\n\r\nhello");
    wire.send(wire.read_exactly(4));
    wire.ends();
  });
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c").matches[0].method = "GET";  // what the handshake stands for
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.send(frame(kSettings, 0, 0, ""));
  client.send(frame(kHeaders, kEndHeaders, 1,
                    literal(":method", "CONNECT") + literal(":protocol", "websocket") +
                        literal(":scheme", "http") + literal(":path", "/ws") +
                        literal(":authority", "a") + literal("sec-websocket-version", "13") +
                        literal("sec-websocket-protocol", "chat")));
  const Frame head = next_frame(client);
  ASSERT_EQ(head.type, kHeaders);
  EXPECT_EQ(head.flags & kEndStream, 0);
  EXPECT_EQ(head.payload.front(), '\x88');  // :status 200
  EXPECT_THAT(head.payload, Not(HasSubstr("sec-websocket-accept")));
  EXPECT_EQ(next_frame(client).payload, "hello");
  client.send(frame(kData, 0, 1, "ping"));
  EXPECT_EQ(next_frame(client).payload, "ping");
  client.send(frame(kData, kEndStream, 1, ""));
  EXPECT_NE(next_frame(client).flags & kEndStream, 0);

  EXPECT_THAT(handshake, ::testing::StartsWith("GET /ws HTTP/1.1\r\n"));
  EXPECT_THAT(handshake, HasSubstr("upgrade: websocket\r\n"));
  EXPECT_THAT(handshake, HasSubstr("sec-websocket-key: "));
  EXPECT_THAT(handshake, HasSubstr("sec-websocket-protocol: chat\r\n"));
}

TEST(WebSocket, ARefusalIsAnOrdinaryAnswer) {
  Origin origin(Origin::answers("no", 403));
  Config config;
  config.cluster("c", {origin.port()});
  config.rule("/", "c");
  Gateway gateway;
  gateway.apply(config);
  Wire client = gateway.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  const Message answer = read_message(client);
  EXPECT_EQ(answer.status(), 403);
  EXPECT_EQ(answer.body, "no");
}

}  // namespace
}  // namespace gwanmun::proxy
