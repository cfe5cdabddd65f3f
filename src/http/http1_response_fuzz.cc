// Replies of any bytes: the same events however they arrive.
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/http1_replay.h"

namespace {

std::string comparable(std::string events) {
  for (std::string_view broken : {"refused ", "malformed body", "body framing too large"}) {
    std::size_t at = events.find(broken);
    if (at != std::string::npos) events.replace(at, std::string::npos, "broken");
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gwanmun::http;
  if (size < 2) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  ReplaySettings settings;
  settings.head = {2'000, 20, 500};
  settings.chunked = {100, 500, 5};
  settings.peer_closes = (data[1] & 1) != 0;
  settings.request.head_method = (data[1] & 2) != 0;
  if ((data[1] & 4) != 0) settings.request.upgrade = "websocket";
  std::string whole = replay_response(bytes, settings);
  settings.piece = 1 + data[0] % 64;
  if (comparable(replay_response(bytes, settings)) != comparable(whole)) std::abort();
  return 0;
}
