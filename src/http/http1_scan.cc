// The scalar scanner, which is the reference, and the choice between scanners.
#include "http/http1_scan.h"

#include <array>

#include "base/text.h"
#include "http/http1_scan_fields.h"

namespace gwanmun::http {

namespace {

// RFC 9110 §5.6.2: tchar.
constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// RFC 9110 §5.5: VCHAR, obs-text, SP and HTAB.
bool is_value_char(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

struct ScalarOps {
  static std::size_t lower_name(const char* at, char* out) {
    std::size_t size = 0;
    for (; is_token_char(at[size]); ++size) out[size] = to_lower(at[size]);
    return size;
  }
  static const char* value_end(const char* at) {
    while (is_value_char(*at)) ++at;
    return at;
  }
};

HeadEnd find_head_end(std::string_view data, std::size_t from) {
  for (std::size_t i = from; i < data.size(); ++i) {
    if (data[i] != '\n') continue;
    if (i == 0 || data[i - 1] != '\r') return {HeadEnd::kBareLf, i};
    if (i >= 2 && data[i - 2] == '\n') return {HeadEnd::kFound, i + 1};
  }
  return {HeadEnd::kMore, data.size()};
}

const char* visible_end(const char* at) {
  while (*at > 0x20 && *at < 0x7F) ++at;
  return at;
}

}  // namespace

bool is_token_char(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text) {
  for (char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

const Scanner& scalar_scanner() {
  static constexpr Scanner kScanner{find_head_end, scan_fields_with<ScalarOps>, visible_end,
                                    "scalar"};
  return kScanner;
}

const Scanner& scanner() {
  static const Scanner& best = avx2_scanner() != nullptr ? *avx2_scanner() : scalar_scanner();
  return best;
}

}  // namespace gwanmun::http
