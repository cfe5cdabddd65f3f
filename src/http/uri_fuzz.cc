// Paths, targets and authorities of any bytes: a normal path is its own normal form and holds
// nothing that a server could read as another path.
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/uri.h"

namespace {

using namespace gwanmun;
using namespace gwanmun::http;

void expect(bool holds) {
  if (!holds) std::abort();
}

// Decodes everything, as a careless server would.
std::string decode_all(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(path.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}

void check_no_dot_segments(std::string_view decoded) {
  std::size_t start = 0;
  for (std::size_t i = 0; i <= decoded.size(); ++i) {
    if (i != decoded.size() && decoded[i] != '/' && decoded[i] != '\\') continue;
    std::string_view segment = decoded.substr(start, i - start);
    segment = segment.substr(0, segment.find(';'));
    expect(segment != "." && segment != "..");
    start = i + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Arena arena;
  if (auto path = normalize_path(arena, text); path && *path != "*") {
    auto again = normalize_path(arena, *path);
    expect(again && *again == *path);
    expect(path->starts_with('/') && path->size() <= text.size());
    expect(path->find("//") == std::string_view::npos);
    for (char c : *path) expect(c > 0x20 && c < 0x7F && c != '\\' && c != '?' && c != '#');
    check_no_dot_segments(decode_all(*path));
  }
  if (auto target = parse_target("GET", text)) {
    expect(target->path.starts_with('/'));
    expect(target->authority.empty() || valid_authority(target->authority));
  }
  if (valid_authority(text)) {
    std::string_view host = host_of(text);
    expect(!host.empty() && text.starts_with(host));
    expect(host.find_first_of(" /?#@\\,%") == std::string_view::npos);
  }
  return 0;
}
