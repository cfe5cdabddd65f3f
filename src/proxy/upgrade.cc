// The head of a WebSocket exchange; its bytes are relayed by forward.cc like any body.
#include "proxy/upgrade.h"

#include <cstring>

#include "base/text.h"

namespace gwanmun::proxy {

namespace {

constexpr std::string_view kWebSocket = "websocket";

std::string_view base64(Arena& arena, const unsigned char (&bytes)[16]) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* out = static_cast<char*>(arena.allocate(24));
  char* at = out;
  for (int i = 0; i < 18; i += 3) {
    const unsigned a = bytes[i], b = i + 1 < 16 ? bytes[i + 1] : 0,
                   c = i + 2 < 16 ? bytes[i + 2] : 0;
    *at++ = kAlphabet[a >> 2];
    *at++ = kAlphabet[(a & 3) << 4 | b >> 4];
    *at++ = i + 1 < 16 ? kAlphabet[(b & 15) << 2 | c >> 6] : '=';
    *at++ = i + 2 < 16 ? kAlphabet[c & 63] : '=';
  }
  return {out, 24};
}

}  // namespace

void prepare_upgrade(http::RequestHead& request) {
  if (request.upgrade.empty()) return;
  const bool connect = request.version == http::Version::kHttp2;
  const bool plain_get =
      request.method == "GET" && request.body.kind == http::BodyLength::Kind::kNone;
  if (iequals(request.upgrade, kWebSocket) && (connect || plain_get)) {
    request.method = "GET";
    request.upgrade = kWebSocket;
    request.body = http::BodyLength::none();
  } else {
    request.upgrade = {};
  }
}

void complete_handshake(http::RequestHead& request, std::uint64_t random, std::uint64_t more) {
  if (!request.headers.find(http::FieldId::kSecWebsocketKey)) {
    unsigned char bytes[16];
    std::memcpy(bytes, &random, 8);
    std::memcpy(bytes + 8, &more, 8);
    request.headers.add("sec-websocket-key", base64(request.headers.arena(), bytes));
  }
  if (!request.headers.find("sec-websocket-version"))
    request.headers.add("sec-websocket-version", "13");
}

void finish_handshake(const http::RequestHead& request, http::ResponseHead& response) {
  if (request.version == http::Version::kHttp2) response.headers.remove("sec-websocket-accept");
  response.upgrade = kWebSocket;
}

}  // namespace gwanmun::proxy
