// IP addresses, ports and CIDRs as values.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gwanmun::net {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 is normalised to IPv4.
class IpAddress {
 public:
  IpAddress() = default;
  static std::optional<IpAddress> parse(std::string_view text);  // no brackets, no zone
  static IpAddress from(const sockaddr* address);
  bool is_v6() const { return v6_; }
  bool is_loopback() const;
  std::string to_string() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // IPv4: the first four
  auto operator<=>(const IpAddress&) const = default;

 private:
  friend struct SocketAddress;
  friend class Cidr;
  std::array<std::uint8_t, 16> bytes_{};
  bool v6_ = false;
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "127.0.0.1:80", "[::1]:80"
  static std::optional<SocketAddress> parse(std::string_view text);
  static SocketAddress from(const sockaddr* address);
  /// Fills a sockaddr; returns its length.
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  std::string to_string() const;
  auto operator<=>(const SocketAddress&) const = default;
};

class Cidr {
 public:
  /// "10.0.0.0/8", "::1/128", or a single address.
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& ip) const;
  std::string to_string() const;

 private:
  IpAddress network_;
  int bits_ = 0;
};

}  // namespace gwanmun::net
