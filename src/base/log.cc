#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>

namespace gwanmun::log {

namespace {

std::atomic<Level> minimum{Level::kInfo};
std::atomic<Format> format{Format::kText};

constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARN", "ERROR"};
constexpr std::string_view kJsonNames[] = {"debug", "info", "warn", "error"};

std::string timestamp() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts;
  gmtime_r(&now.tv_sec, &parts);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                now.tv_nsec / 1000000);
  return out;
}

std::string text_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = timestamp();
  line += ' ';
  line += kNames[static_cast<int>(level)];
  line += ' ';
  line += message;
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    bool quote = field.value.empty() || field.value.find_first_of(" \"\n\t") != std::string::npos;
    if (quote) line += '"';
    if (quote) append_json_escaped(line, field.value);
    else line += field.value;
    if (quote) line += '"';
  }
  return line;
}

std::string json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "{\"time\":\"" + timestamp() + "\",\"level\":\"";
  line += kJsonNames[static_cast<int>(level)];
  line += "\",\"message\":\"";
  append_json_escaped(line, message);
  line += '"';
  for (const auto& field : fields) {
    line += ",\"";
    append_json_escaped(line, field.key);
    line += "\":\"";
    append_json_escaped(line, field.value);
    line += '"';
  }
  return line + "}";
}

}  // namespace

void configure(Level level, Format new_format) {
  minimum = level;
  format = new_format;
}

bool enabled(Level level) { return level >= minimum.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line = format == Format::kJson ? json_line(level, message, fields)
                                             : text_line(level, message, fields);
  line += '\n';
  // One write a line, so that lines of several threads do not mix; a full or closed stderr loses
  // it.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void append_json_escaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

}  // namespace gwanmun::log
