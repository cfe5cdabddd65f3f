#include "cli/echo_websocket.h"

#include <gtest/gtest.h>

namespace gwanmun::cli {
namespace {

/// A masked client frame with the mask "abcd".
std::string client_frame(int first_byte, std::string_view payload) {
  std::string out{static_cast<char>(first_byte)};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  }
  out += "abcd";
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ "abcd"[i % 4]);
  return out;
}

TEST(WebSocket, AcceptOfTheRfcsExample) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, EchoesAMessageWhateverTheCuts) {
  std::string text(300, 'x');
  std::string expected = std::string("\x81\x05hello\x82\x7e\x01\x2c", 11) + text;
  std::string input = client_frame(0x81, "hello") + client_frame(0x82, text);
  EXPECT_EQ(WebSocketEcho().feed(input), expected);
  WebSocketEcho bytewise;
  std::string out;
  for (char c : input) out += bytewise.feed({&c, 1});
  EXPECT_EQ(out, expected);
  EXPECT_FALSE(bytewise.closed());
}

TEST(WebSocket, FragmentsStayFragments) {
  EXPECT_EQ(WebSocketEcho().feed(client_frame(0x01, "a") + client_frame(0x80, "b")),
            std::string("\x01\x01") + "a" + "\x80\x01" + "b");
}

TEST(WebSocket, AnswersPingsAndTheClose) {
  WebSocketEcho echo;
  EXPECT_EQ(echo.feed(client_frame(0x89, "p")), "\x8a\x01p");
  EXPECT_EQ(echo.feed(client_frame(0x8a, "unasked")), "");
  EXPECT_EQ(echo.feed(client_frame(0x88, "\x03\xe8")), "\x88\x02\x03\xe8");
  EXPECT_TRUE(echo.closed());
  EXPECT_EQ(echo.feed(client_frame(0x81, "late")), "");
}

TEST(WebSocket, RefusesWhatTheRfcForbids) {
  const std::string refusal = "\x88\x02\x03\xea";
  for (std::string bad :
       {std::string("\x81\x01x", 3), client_frame(0xc1, "reserved bit"),
        client_frame(0x83, "reserved opcode"), client_frame(0x89, std::string(126, 'x'))}) {
    WebSocketEcho echo;
    EXPECT_EQ(echo.feed(bad), refusal);
    EXPECT_TRUE(echo.closed());
  }
  WebSocketEcho limit;
  limit.feed(client_frame(0x89, std::string(125, 'x')));
  EXPECT_FALSE(limit.closed());
}

}  // namespace
}  // namespace gwanmun::cli
