// The access log: one line an exchange, text for people or JSON for machines. Each worker has its
// own buffer; lines go out in batches, never half a line, and a reader that does not read costs
// lines, not memory or requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gwanmun::telemetry {

enum class AccessFormat : std::uint8_t { kOff, kText, kJson };

/// What is known of an exchange when it is over. Views need to live only during append().
struct AccessEntry {
  std::int64_t unix_ms = 0;  // when its head was complete
  std::string_view client;   // the address that everything judges by
  std::string_view method;
  std::string_view authority;
  std::string_view path;      // as matched, without the query
  std::string_view protocol;  // "HTTP/1.1"
  int status = 0;             // 0: nothing was sent
  int grpc_status = -1;       // -1: none seen
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t duration_us = 0;
  std::string_view route;     // "HTTPRoute/shop/orders/rule[0]", or empty
  std::string_view backend;   // "shop/orders:8080", or empty
  std::string_view endpoint;  // "10.0.0.7:8080", or empty
  std::uint32_t attempts = 0;
  std::string_view ended_by;  // "client", "gateway", "upstream"; empty: as it should
  std::string_view phase;     // where it ended, when ended_by is set
  std::string_view reason;    // "timeout", "reset", ...
  std::string_view request_id;
};

/// One worker's log. One thread.
class AccessLog {
 public:
  /// Does not own `fd`.
  AccessLog(AccessFormat format, int fd) : format_(format), fd_(fd) {}
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  bool enabled() const { return format_ != AccessFormat::kOff; }
  /// False: dropped, the reader is too slow.
  bool append(const AccessEntry& entry);
  /// Writes out what is gathered; what a non-blocking descriptor does not take stays.
  void flush();

 private:
  AccessFormat format_;
  int fd_;
  std::string buffer_;
};

/// A line without its line feed (for tests and tools).
void format_text(std::string& out, const AccessEntry& entry);
void format_json(std::string& out, const AccessEntry& entry);

}  // namespace gwanmun::telemetry
