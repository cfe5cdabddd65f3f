// Formatting access log lines. Called by proxy/ at the end of an exchange.
#include "telemetry/access_log.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "base/log.h"
#include "base/text.h"
#include "telemetry/limits.h"

namespace gwanmun::telemetry {

namespace {

void append_time(std::string& out, std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  const int ms = static_cast<int>(unix_ms % 1000);
  text[size++] = '.';
  text[size++] = static_cast<char>('0' + ms / 100);
  text[size++] = static_cast<char>('0' + ms / 10 % 10);
  text[size++] = static_cast<char>('0' + ms % 10);
  text[size++] = 'Z';
  out.append(text, size);
}

std::string_view cut(std::string_view value) { return value.substr(0, kMaxLogValueBytes); }

/// Quotes, backslashes and control bytes cannot break out of a text field.
void append_quotable(std::string& out, std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (char c : cut(value)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_milliseconds(std::string& out, std::uint64_t us) {
  std::string fraction = std::to_string(us % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  out += str_cat(us / 1000, ".", fraction);
}

void text_field(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += ' ';
  out += key;
  out += '=';
  append_quotable(out, value);
}

void json_field(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += str_cat(",\"", key, "\":\"");
  log::append_json_escaped(out, cut(value));
  out += '"';
}

void json_number(std::string& out, std::string_view key, std::int64_t value) {
  out += str_cat(",\"", key, "\":", value);
}

}  // namespace

void format_text(std::string& out, const AccessEntry& entry) {
  append_time(out, entry.unix_ms);
  out += ' ';
  out += entry.client.empty() ? std::string_view("-") : entry.client;
  out += " \"";
  append_quotable(out, entry.method);
  out += ' ';
  append_quotable(out, entry.authority);
  append_quotable(out, entry.path);
  out += str_cat(" ", entry.protocol, "\" ", entry.status, " in=", entry.bytes_in,
                 " out=", entry.bytes_out, " ms=");
  append_milliseconds(out, entry.duration_us);
  if (entry.grpc_status >= 0) out += str_cat(" grpc=", entry.grpc_status);
  text_field(out, "route", entry.route);
  text_field(out, "backend", entry.backend);
  text_field(out, "endpoint", entry.endpoint);
  if (entry.attempts > 0) out += str_cat(" attempts=", entry.attempts);
  text_field(out, "ended_by", entry.ended_by);
  text_field(out, "phase", entry.phase);
  text_field(out, "reason", entry.reason);
  text_field(out, "id", entry.request_id);
}

void format_json(std::string& out, const AccessEntry& entry) {
  out += "{\"time\":\"";
  append_time(out, entry.unix_ms);
  out += '"';
  json_field(out, "client", entry.client);
  json_field(out, "method", entry.method);
  json_field(out, "authority", entry.authority);
  json_field(out, "path", entry.path);
  json_field(out, "protocol", entry.protocol);
  json_number(out, "status", entry.status);
  if (entry.grpc_status >= 0) json_number(out, "grpc_status", entry.grpc_status);
  json_number(out, "bytes_in", static_cast<std::int64_t>(entry.bytes_in));
  json_number(out, "bytes_out", static_cast<std::int64_t>(entry.bytes_out));
  json_number(out, "duration_us", static_cast<std::int64_t>(entry.duration_us));
  json_field(out, "route", entry.route);
  json_field(out, "backend", entry.backend);
  json_field(out, "endpoint", entry.endpoint);
  if (entry.attempts > 0) json_number(out, "attempts", entry.attempts);
  json_field(out, "ended_by", entry.ended_by);
  json_field(out, "phase", entry.phase);
  json_field(out, "reason", entry.reason);
  json_field(out, "request_id", entry.request_id);
  out += '}';
}

bool AccessLog::append(const AccessEntry& entry) {
  if (buffer_.size() >= kMaxUnwrittenLogBytes) return false;
  if (format_ == AccessFormat::kJson) format_json(buffer_, entry);
  else format_text(buffer_, entry);
  buffer_ += '\n';
  if (buffer_.size() >= kAccessLogBufferBytes) flush();
  return true;
}

namespace {

/// What one write(2) may take: whole lines, up to what a pipe takes at once without blocking and
/// without mixing it with another worker's lines (POSIX, PIPE_BUF); at least one line.
std::size_t batch(std::string_view lines) {
  if (lines.size() <= PIPE_BUF) return lines.size();
  std::size_t end = lines.rfind('\n', PIPE_BUF - 1);
  if (end == std::string_view::npos) end = lines.find('\n');
  return end + 1;
}

}  // namespace

void AccessLog::flush() {
  std::string_view left = buffer_;
  pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
  while (!left.empty() && ::poll(&ready, 1, 0) > 0) {
    const ssize_t n = ::write(fd_, left.data(), batch(left));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) left = {};  // nobody reads it any more
    if (n <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.erase(0, buffer_.size() - left.size());
}

}  // namespace gwanmun::telemetry
