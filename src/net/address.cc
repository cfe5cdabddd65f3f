// IP addresses, ports and CIDRs.
#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace gwanmun::net {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::uint8_t* v6) {
  return std::memcmp(v6, kMappedPrefix.data(), kMappedPrefix.size()) == 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  // A NUL inside would end the C string early and hide what follows.
  if (text.size() >= sizeof buffer || text.find('\0') != text.npos) return std::nullopt;
  *std::ranges::copy(text, buffer).out = '\0';
  IpAddress out;
  if (::inet_pton(AF_INET, buffer, out.bytes_.data()) == 1) return out;
  if (::inet_pton(AF_INET6, buffer, out.bytes_.data()) != 1) return std::nullopt;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, out.bytes_.data(), 16);
  return from(reinterpret_cast<const sockaddr*>(&address));
}

IpAddress IpAddress::from(const sockaddr* address) {
  IpAddress out;
  if (address->sa_family == AF_INET) {
    std::memcpy(out.bytes_.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  } else if (address->sa_family == AF_INET6) {
    const auto* bytes = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr;
    if (is_mapped(bytes)) {
      std::memcpy(out.bytes_.data(), bytes + 12, 4);
    } else {
      std::memcpy(out.bytes_.data(), bytes, 16);
      out.v6_ = true;
    }
  }
  return out;
}

bool IpAddress::is_loopback() const {
  if (!v6_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return !b; });
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  return ::inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer, sizeof buffer);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  auto port = parse_uint(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Without brackets it is not clear where an IPv6 address ends.
  if (bracketed != (host.find(':') != host.npos)) return std::nullopt;
  auto ip = IpAddress::parse(host);
  if (!ip) return std::nullopt;
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

SocketAddress SocketAddress::from(const sockaddr* address) {
  SocketAddress out{IpAddress::from(address), 0};
  if (address->sa_family == AF_INET) {
    out.port = ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  } else if (address->sa_family == AF_INET6) {
    out.port = ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
  }
  return out;
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out) const {
  out = {};
  if (ip.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.bytes_.data(), 16);
    return sizeof v6;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, ip.bytes_.data(), 4);
  return sizeof v4;
}

std::string SocketAddress::to_string() const {
  return ip.is_v6() ? str_cat("[", ip.to_string(), "]:", port) : str_cat(ip.to_string(), ":", port);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  Cidr out;
  out.network_ = *ip;
  int most = ip->is_v6() ? 128 : 32;
  out.bits_ = most;
  if (slash == text.npos) return out;
  auto bits = parse_uint(text.substr(slash + 1));
  if (!bits) return std::nullopt;
  // "::ffff:10.0.0.0/104" names IPv4 addresses: the prefix counts from the IPv6 start.
  bool mapped = !ip->is_v6() && text.substr(0, slash).find(':') != text.npos;
  if (mapped && *bits < 96) return std::nullopt;
  std::uint64_t wanted = mapped ? *bits - 96 : *bits;
  if (wanted > static_cast<std::uint64_t>(most)) return std::nullopt;
  out.bits_ = static_cast<int>(wanted);
  for (int bit = out.bits_; bit < most; ++bit) {
    out.network_.bytes_[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
  }
  return out;
}

bool Cidr::contains(const IpAddress& ip) const {
  if (ip.v6_ != network_.v6_) return false;
  int whole = bits_ / 8;
  if (std::memcmp(ip.bytes_.data(), network_.bytes_.data(), static_cast<std::size_t>(whole)) != 0) {
    return false;
  }
  int rest = bits_ % 8;
  if (rest == 0) return true;
  auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (ip.bytes_[whole] & mask) == network_.bytes_[whole];
}

std::string Cidr::to_string() const { return str_cat(network_.to_string(), "/", bits_); }

}  // namespace gwanmun::net
