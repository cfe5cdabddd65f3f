// For tests and fuzzers: runs the sans-I/O parts of HTTP/1 over a byte stream that arrives in
// pieces, and writes down what they saw, one line an event. The same bytes must give the same
// events however they were cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/chunked.h"
#include "http/http1_parser.h"

namespace gwanmun::http {

struct ReplaySettings {
  HeadLimits head;
  ChunkedLimits chunked;
  RequestFacts request;      // for responses
  std::size_t piece = 0;     // bytes that arrive at once; 0: all
  bool peer_closes = false;  // after the last byte
};

/// All requests on a connection until something is refused.
std::string replay_requests(std::string_view bytes, const ReplaySettings& settings);
/// One reply, after any informational ones.
std::string replay_response(std::string_view bytes, const ReplaySettings& settings);

}  // namespace gwanmun::http
