// UTF-8, as much as documents need: validity (RFC 3629), code points, encoding one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gwanmun::document {

/// Well-formed, without surrogates and overlong forms.
bool is_utf8(std::string_view text);

/// Code points of well-formed UTF-8, which is how the API server counts lengths.
inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// Requires a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code);

}  // namespace gwanmun::document
