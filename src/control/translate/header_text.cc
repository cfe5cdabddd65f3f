// What is a header name and value, and which names no filter may touch.
#include <algorithm>

#include "control/translate/rules.h"

namespace gwanmun::translate {

bool is_header_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  auto token = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != kMarks.npos;
  };
  return !name.empty() && std::ranges::all_of(name, token);
}

bool is_header_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

bool is_framing_header(std::string_view lower_case_name) {
  constexpr std::string_view kNames[] = {"connection", "content-length",    "host",
                                         "keep-alive", "proxy-connection",  "te",
                                         "trailer",    "transfer-encoding", "upgrade"};
  return std::ranges::find(kNames, lower_case_name) != std::end(kNames);
}

}  // namespace gwanmun::translate
