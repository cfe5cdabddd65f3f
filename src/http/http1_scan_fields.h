// The line structure of a field section, written once for both scanners. Ops says how to read a
// name and a value; included by http1_scan.cc and http1_scan_avx2.cc only.
#pragma once

#include "http/http1_scan.h"

namespace gwanmun::http {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

template <class Ops>
FieldScan scan_fields_with(const FieldText& text, Headers& out) {
  const char* at = text.begin;
  char* names = text.names;
  std::uint32_t count = 0;
  for (;;) {
    if (*at == '\r') {
      bool complete = at + 2 == text.end && at[1] == '\n';
      return {complete ? FieldScan::kOk : FieldScan::kBadValue};
    }
    if (count++ == text.max_fields) return {FieldScan::kTooMany};
    std::size_t size = Ops::lower_name(at, names);
    if (size == 0 || at[size] != ':') return {FieldScan::kBadName};
    const char* value = at + size + 1;
    while (is_blank(*value)) ++value;
    const char* line_end = Ops::value_end(value);
    if (line_end[0] != '\r' || line_end[1] != '\n') return {FieldScan::kBadValue};
    at = line_end + 2;
    while (line_end != value && is_blank(line_end[-1])) --line_end;
    std::string_view name(names, size);
    out.add(Field{name, {value, static_cast<std::size_t>(line_end - value)}, field_id(name)});
    names += size;
  }
}

}  // namespace gwanmun::http
