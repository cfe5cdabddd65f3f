// Client: a client's connection as the proxy knows it, from accept to close. Made by Port, hung on
// http::ServerConnection::context, read by every exchange on it. Small: an idle connection costs
// this, its http connection and its stream.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/connection.h"
#include "net/address.h"

namespace gwanmun::proxy {

class Port;
struct CompiledListener;

struct Client {
  Port* port = nullptr;
  http::ServerConnection* connection = nullptr;  // nullptr during the handshake
  int handshake_fd = -1;                         // its socket, before HTTP
  Client* previous = nullptr;                    // Port's list
  Client* next = nullptr;
  /// The peer, or whom the PROXY protocol named in its place.
  net::SocketAddress address;
  /// Its X-Forwarded-* and Forwarded are believed.
  bool trusted = false;
  std::uint8_t text_size = 0;
  char text[46];
  /// TLS: the listener that its SNI selects, under the configuration of that number.
  std::uint64_t sni_config = 0;
  const CompiledListener* sni_listener = nullptr;

  /// The address without port and brackets.
  std::string_view ip() const { return {text, text_size}; }
};

}  // namespace gwanmun::proxy
