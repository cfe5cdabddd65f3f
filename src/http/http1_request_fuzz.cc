// Requests of any bytes: the same events however they arrive, and both scanners agree.
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "http/http1_replay.h"
#include "http/http1_scan.h"

namespace {

using namespace gwanmun;
using namespace gwanmun::http;

// What is refused may be refused for another reason when less of it has arrived.
std::string comparable(std::string events) {
  for (std::string_view broken : {"refused ", "malformed body", "body framing too large"}) {
    std::size_t at = events.find(broken);
    if (at != std::string::npos) events.replace(at, std::string::npos, "broken");
  }
  return events;
}

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string fields_by(const Scanner& scanner, std::string_view section) {
  Arena arena;
  Headers headers(arena);
  std::string padded(section);
  padded.append(kScanPadding, '\r');
  std::vector<char> names(section.size() + kScanPadding);
  FieldScan scan = scanner.scan_fields(
      {padded.data(), padded.data() + section.size(), names.data(), 50}, headers);
  std::string out(1, static_cast<char>('0' + scan.kind));
  if (scan.kind != FieldScan::kOk) return out;
  for (const Field& field : headers) {
    out.append(field.name).append("=").append(field.value).append("\n");
  }
  return out;
}

void compare_scanners(std::string_view bytes) {
  const Scanner& scalar = scalar_scanner();
  const Scanner* wide = avx2_scanner();
  if (wide == nullptr) return;
  HeadEnd end = scalar.find_head_end(bytes, 0);
  HeadEnd wide_end = wide->find_head_end(bytes, 0);
  expect(end.kind == wide_end.kind && end.size == wide_end.size);
  if (end.kind != HeadEnd::kFound) return;
  expect(fields_by(scalar, bytes.substr(0, end.size)) ==
         fields_by(*wide, bytes.substr(0, end.size)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ReplaySettings settings;
  settings.head = {2'000, 20, 500};
  settings.chunked = {100, 500, 5};
  std::string whole = replay_requests(bytes, settings);
  settings.piece = 1 + data[0] % 64;
  expect(comparable(replay_requests(bytes, settings)) == comparable(whole));
  compare_scanners(bytes);
  return 0;
}
