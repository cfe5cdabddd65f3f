// Forwarding fields. One pass over the head removes what is not believed.
#include "proxy/forwarded.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace gwanmun::proxy {

using http::Field;
using http::FieldId;

namespace {

bool is_forwarding(FieldId id) {
  switch (id) {
    case FieldId::kForwarded:
    case FieldId::kXForwardedFor:
    case FieldId::kXForwardedHost:
    case FieldId::kXForwardedPort:
    case FieldId::kXForwardedProto:
    case FieldId::kXRealIp:
      return true;
    default:
      return false;
  }
}

/// Nginx's and others' spellings of the same claims must not slip through either: x-forwarded-ssl,
/// x-forwarded-prefix, x-forwarded-scheme ...
bool is_forwarding(const Field& field) {
  return is_forwarding(field.id) ||
         (field.id == FieldId::kOther && field.name.starts_with("x-forwarded-"));
}

void remove_claims(http::Headers& headers) {
  Field* end = std::remove_if(headers.begin(), headers.end(),
                              [](const Field& field) { return is_forwarding(field); });
  headers.truncate(static_cast<std::uint32_t>(end - headers.begin()));
}

/// "1.2.3.4", "1.2.3.4:567", "[::1]:567", "::1"
std::optional<net::IpAddress> parse_hop(std::string_view hop) {
  if (auto ip = net::IpAddress::parse(hop)) return ip;
  if (hop.starts_with('[')) {
    const auto close = hop.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    return net::IpAddress::parse(hop.substr(1, close - 1));
  }
  if (const auto colon = hop.find(':'); colon != std::string_view::npos)
    return net::IpAddress::parse(hop.substr(0, colon));
  return std::nullopt;
}

bool trusted(std::span<const net::Cidr> proxies, const net::IpAddress& ip) {
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const net::Cidr& cidr) { return cidr.contains(ip); });
}

/// From the right: every hop was written by the one to its right, so the first that is not one of
/// our proxies is the client; what stands left of it anybody may have made up.
std::string_view rightmost_untrusted(const Forwarding& forwarding, std::string_view chain,
                                     Arena& arena) {
  std::string_view client = forwarding.peer;
  for (std::uint32_t hops = 0; hops < forwarding.max_hops && !chain.empty(); ++hops) {
    const auto comma = chain.rfind(',');
    const std::string_view hop =
        trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
    const auto ip = parse_hop(hop);
    if (!ip) break;  // not an address: nothing left of it can be believed
    client = arena.copy(ip->to_string());
    if (!trusted(forwarding.trusted_proxies, *ip)) break;
  }
  return client;
}

bool sound_request_id(std::string_view id, std::uint32_t longest) {
  return !id.empty() && id.size() <= longest &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view new_request_id(Arena& arena, upstream::Random& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  char* out = static_cast<char*>(arena.allocate(32));
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 16; ++i, bits >>= 4) out[half * 16 + i] = kHex[bits & 15];
  }
  return {out, 32};
}

}  // namespace

Forwarded apply_forwarding(const Forwarding& forwarding, http::RequestHead& request,
                           upstream::Random& random) {
  http::Headers& headers = request.headers;
  Arena& arena = headers.arena();
  Forwarded out{forwarding.peer, {}};
  if (forwarding.trusted) {
    const std::string_view chain = headers.joined("x-forwarded-for");
    out.client = rightmost_untrusted(forwarding, chain, arena);
    if (const Field* forwarded = headers.find(FieldId::kForwarded)) {
      const bool v6 = forwarding.peer.find(':') != std::string_view::npos;
      const std::string_view value =
          arena.concat(headers.joined(forwarded->name), ", for=", v6 ? "\"[" : "", forwarding.peer,
                       v6 ? "]\"" : "", ";proto=", request.scheme);
      headers.set("forwarded", value);
    }
    headers.set("x-forwarded-for",
                chain.empty() ? forwarding.peer : arena.concat(chain, ", ", forwarding.peer));
    if (!headers.find(FieldId::kXForwardedProto))
      headers.add({"x-forwarded-proto", request.scheme, FieldId::kXForwardedProto});
    if (!headers.find(FieldId::kXForwardedHost))
      headers.add({"x-forwarded-host", request.authority, FieldId::kXForwardedHost});
  } else {
    remove_claims(headers);
    headers.add({"x-forwarded-for", forwarding.peer, FieldId::kXForwardedFor});
    headers.add({"x-forwarded-proto", request.scheme, FieldId::kXForwardedProto});
    headers.add({"x-forwarded-host", request.authority, FieldId::kXForwardedHost});
  }
  const Field* id = headers.find(FieldId::kXRequestId);
  if (id && sound_request_id(id->value, forwarding.max_request_id_bytes)) {
    out.request_id = id->value;
  } else {
    if (id) headers.remove(FieldId::kXRequestId);
    out.request_id = new_request_id(arena, random);
    headers.add({"x-request-id", out.request_id, FieldId::kXRequestId});
  }
  return out;
}

}  // namespace gwanmun::proxy
