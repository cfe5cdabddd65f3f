// The process's own log (not the access log): one line an event, readable text on a terminal,
// JSON when asked. Any thread. A message says what happened to which object; values are fields.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace gwanmun::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

struct Field {
  std::string_view key;
  std::string value;
};

/// Set once at start; before that: info, text, standard error.
void configure(Level level, Format format);
bool enabled(Level level);
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kDebug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kInfo, m, f);
}
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kWarn, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kError, m, f);
}

/// Appends `text` as the inside of a JSON string (RFC 8259 §7), without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace gwanmun::log
