// PROXY headers: any bytes, whole and in every split: the verdict must not depend on how they come.
#include <cstdlib>

#include "net/proxy_protocol.h"

using namespace gwanmun::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ProxyHeader header;
  std::size_t used = 0;
  ProxyParse whole = parse_proxy_header(text, header, used);
  if (whole == ProxyParse::kDone) {
    if (used > size || used > kProxyV2Bytes) std::abort();
    if (header.has_addresses && header.source.to_string().empty()) std::abort();
  }
  // A prefix is either incomplete or judged like the whole.
  std::size_t step = size > 256 ? size / 64 : 1;
  for (std::size_t cut = 0; cut < size; cut += step) {
    ProxyHeader part;
    std::size_t part_used = 0;
    ProxyParse verdict = parse_proxy_header(text.substr(0, cut), part, part_used);
    if (verdict == ProxyParse::kIncomplete) continue;
    if (verdict != whole) std::abort();
    if (verdict == ProxyParse::kDone && part_used != used) std::abort();
  }
  return 0;
}
