// PROXY protocol, versions 1 and 2.
#include "net/proxy_protocol.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"
#include "net/event.h"

namespace gwanmun::net {

namespace {

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::string_view kV2Start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2HeadBytes = 16;

/// False when `data` cannot become a text that starts with `start`.
bool agrees(std::string_view data, std::string_view start) {
  std::size_t count = std::min(data.size(), start.size());
  return data.substr(0, count) == start.substr(0, count);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto number = parse_uint(text);
  bool leading_zero = text.size() > 1 && text.front() == '0';
  if (!number || *number > 65535 || leading_zero) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// An address in text form that is of the family the header announced. (An IPv4 address mapped into
/// IPv6 counts as IPv6, as it is written.)
std::optional<IpAddress> parse_ip(std::string_view text, bool v6) {
  if ((text.find(':') != text.npos) != v6) return std::nullopt;
  return IpAddress::parse(text);
}

/// "PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n": single spaces, no more, no less.
ProxyParse parse_v1(std::string_view data, ProxyHeader& header, std::size_t& size) {
  std::size_t end = data.substr(0, kProxyV1Bytes).find('\n');
  if (end == data.npos) {
    return data.size() < kProxyV1Bytes ? ProxyParse::kIncomplete : ProxyParse::kMalformed;
  }
  size = end + 1;
  std::string_view line = data.substr(0, end);
  if (!line.ends_with('\r')) return ProxyParse::kMalformed;
  line.remove_suffix(1);
  line.remove_prefix(kV1Start.size());
  header.has_addresses = false;
  // Whatever follows UNKNOWN up to the line's end is to be ignored.
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return ProxyParse::kDone;
  auto fields = split(line, ' ');
  bool v6 = fields[0] == "TCP6";
  if (fields.size() != 5 || (!v6 && fields[0] != "TCP4")) return ProxyParse::kMalformed;
  auto source = parse_ip(fields[1], v6);
  auto destination = parse_ip(fields[2], v6);
  auto source_port = parse_port(fields[3]);
  auto destination_port = parse_port(fields[4]);
  if (!source || !destination || !source_port || !destination_port) return ProxyParse::kMalformed;
  header = {true, {*source, *source_port}, {*destination, *destination_port}};
  return ProxyParse::kDone;
}

std::uint16_t read_u16(std::string_view data, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(data[at]) << 8 |
                                    static_cast<unsigned char>(data[at + 1]));
}

/// The type-length-value fields behind the addresses must fill their space exactly. Their contents
/// are not used.
bool tlvs_are_whole(std::string_view rest) {
  while (!rest.empty()) {
    if (rest.size() < 3) return false;
    std::size_t length = read_u16(rest, 1);
    if (rest.size() - 3 < length) return false;
    rest.remove_prefix(3 + length);
  }
  return true;
}

/// A socket address from the header's raw bytes, by way of the system's own form.
SocketAddress read_address(std::string_view ip, std::uint16_t port) {
  if (ip.size() == 4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, ip.data(), 4);
    return {IpAddress::from(reinterpret_cast<const sockaddr*>(&address)), port};
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, ip.data(), 16);
  return {IpAddress::from(reinterpret_cast<const sockaddr*>(&address)), port};
}

ProxyParse parse_v2(std::string_view data, ProxyHeader& header, std::size_t& size) {
  if (data.size() < kV2HeadBytes) return ProxyParse::kIncomplete;
  auto version_command = static_cast<unsigned char>(data[12]);
  auto family_protocol = static_cast<unsigned char>(data[13]);
  bool local = version_command == 0x20;
  if (!local && version_command != 0x21) return ProxyParse::kMalformed;
  size = kV2HeadBytes + read_u16(data, 14);
  if (size > kProxyV2Bytes) return ProxyParse::kMalformed;
  if (data.size() < size) return ProxyParse::kIncomplete;
  std::string_view body = data.substr(kV2HeadBytes, size - kV2HeadBytes);
  header.has_addresses = false;
  if (local) return ProxyParse::kDone;  // a health check of the balancer: family and body ignored
  // Only streams can be proxied to us: TCP over IPv4 or IPv6. UNSPEC means "unknown".
  if (family_protocol == 0x00) return ProxyParse::kDone;
  std::size_t ip = family_protocol == 0x11 ? 4 : 16;
  if (ip == 16 && family_protocol != 0x21) return ProxyParse::kMalformed;
  std::size_t addresses = 2 * ip + 4;
  if (body.size() < addresses || !tlvs_are_whole(body.substr(addresses))) {
    return ProxyParse::kMalformed;
  }
  header = {true, read_address(body.substr(0, ip), read_u16(body, 2 * ip)),
            read_address(body.substr(ip, ip), read_u16(body, 2 * ip + 2))};
  return ProxyParse::kDone;
}

/// Takes the header off a stream, byte-exact.
class HeaderReader final : public StreamHandler {
 public:
  HeaderReader(Loop& loop, std::uint64_t timeout_ms) {
    timer_.arm(
        loop, timeout_ms,
        [](void* self) { static_cast<HeaderReader*>(self)->finish(StreamFault::kTimeout); }, this);
  }

  std::size_t on_data(std::string_view data) override {
    if (done_) return 0;
    std::size_t size = 0;
    switch (parse_proxy_header(data, header, size)) {
      case ProxyParse::kIncomplete:
        return 0;
      case ProxyParse::kMalformed:
        finish(StreamFault::kOther);
        return 0;
      case ProxyParse::kDone:
        finish(StreamFault::kNone);
        return size;
    }
    return 0;
  }
  void on_end() override { finish(StreamFault::kReset); }
  void on_writable() override {}
  void on_fault(StreamFault why) override { finish(why); }

  Event& finished() { return finished_; }
  bool done() const { return done_; }

  ProxyHeader header;
  StreamFault fault = StreamFault::kNone;

 private:
  void finish(StreamFault why) {
    if (std::exchange(done_, true)) return;
    fault = why;
    finished_.fire();
  }

  Event finished_;
  Timer timer_;
  bool done_ = false;
};

}  // namespace

ProxyParse parse_proxy_header(std::string_view data, ProxyHeader& header, std::size_t& size) {
  size = 0;
  if (data.size() >= kV2Start.size() && agrees(data, kV2Start)) return parse_v2(data, header, size);
  if (data.size() >= kV1Start.size() && agrees(data, kV1Start)) return parse_v1(data, header, size);
  bool possible = agrees(data, kV1Start) || agrees(data, kV2Start);
  return possible ? ProxyParse::kIncomplete : ProxyParse::kMalformed;
}

Task<std::expected<ProxyHeader, StreamFault>> read_proxy_header(Stream& stream,
                                                                std::uint64_t timeout_ms) {
  HeaderReader reader(stream.loop(), timeout_ms);
  stream.set_handler(reader);
  while (!reader.done()) co_await reader.finished();
  // The reader ends with this frame; what follows waits for the next handler.
  stream.clear_handler();
  if (reader.fault != StreamFault::kNone) co_return std::unexpected(reader.fault);
  co_return reader.header;
}

}  // namespace gwanmun::net
