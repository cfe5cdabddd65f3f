// Only WebSocket is an upgrade; over HTTP/2 it is completed for an HTTP/1.1 backend.
#include "proxy/upgrade.h"

#include <gtest/gtest.h>

namespace gwanmun::proxy {
namespace {

TEST(Upgrade, OtherProtocolsAreIgnored) {
  for (const char* protocol : {"h2c", "SPDY/3.1", "TLS/1.0", "websocketx"}) {
    Arena arena;
    http::RequestHead head(arena);
    head.method = "GET";
    head.upgrade = protocol;
    prepare_upgrade(head);
    EXPECT_EQ(head.upgrade, "") << protocol;
  }
}

TEST(Upgrade, NotWithABodyOrAnotherMethod) {
  Arena arena;
  http::RequestHead head(arena);
  head.method = "GET";
  head.upgrade = "WebSocket";
  head.body = http::BodyLength::known(3);
  prepare_upgrade(head);
  EXPECT_EQ(head.upgrade, "");
  EXPECT_EQ(head.body.bytes, 3u);
  head.body = http::BodyLength::none();
  head.method = "POST";
  head.upgrade = "websocket";
  prepare_upgrade(head);
  EXPECT_EQ(head.upgrade, "");
}

TEST(Upgrade, ExtendedConnectBecomesAHandshake) {
  Arena arena;
  http::RequestHead head(arena);
  head.version = http::Version::kHttp2;
  head.method = "CONNECT";
  head.upgrade = "websocket";
  head.body = http::BodyLength::unknown();
  prepare_upgrade(head);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.body.kind, http::BodyLength::Kind::kNone);
  complete_handshake(head, 0x0706050403020100, 0x0f0e0d0c0b0a0908);
  EXPECT_EQ(head.headers.find("sec-websocket-key")->value, "AAECAwQFBgcICQoLDA0ODw==");
  EXPECT_EQ(head.headers.find("sec-websocket-version")->value, "13");

  http::ResponseHead response(arena);
  response.status = 101;
  response.headers.add("sec-websocket-accept", "x");
  finish_handshake(head, response);
  EXPECT_EQ(response.headers.find("sec-websocket-accept"), nullptr);
}

TEST(Upgrade, AnHttp1HandshakeKeepsItsKey) {
  Arena arena;
  http::RequestHead head(arena);
  head.method = "GET";
  head.upgrade = "WebSocket";
  head.headers.add("sec-websocket-key", "k");
  prepare_upgrade(head);
  EXPECT_EQ(head.upgrade, "websocket");
  complete_handshake(head, 1, 2);
  EXPECT_EQ(head.headers.find("sec-websocket-key")->value, "k");
}

}  // namespace
}  // namespace gwanmun::proxy
