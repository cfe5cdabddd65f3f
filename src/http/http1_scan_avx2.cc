// The AVX2 scanner: 32 bytes at a step. Nothing here runs unless the processor has AVX2 and BMI.
#include "http/http1_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

// Everything below, and only that, may use the wider instructions.
#pragma clang attribute push(__attribute__((target("avx2,bmi"))), apply_to = function)

#include "http/http1_scan_fields.h"

namespace gwanmun::http {

namespace {

constexpr std::size_t kStep = 32;
static_assert(kStep <= kScanPadding);

__m256i load(const char* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
std::uint32_t mask_of(__m256i bytes) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}
std::uint32_t equal(__m256i bytes, char c) {
  return mask_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

// Bit i: byte i is a token character. A character is looked up by its low nibble (which gives the
// high nibbles that make a token character of it) and by its high nibble (which gives that bit).
std::uint32_t token_mask(__m256i bytes) {
  const __m256i by_low = _mm256_setr_epi8(  // bit h: 0xhl is a tchar, h = 2..7
      static_cast<char>(0xE8), static_cast<char>(0xFC), static_cast<char>(0xF8),
      static_cast<char>(0xFC), static_cast<char>(0xFC), static_cast<char>(0xFC),
      static_cast<char>(0xFC), static_cast<char>(0xFC), static_cast<char>(0xF8),
      static_cast<char>(0xF8), static_cast<char>(0xF4), 0x54, static_cast<char>(0xD0), 0x54,
      static_cast<char>(0xF4), 0x70, static_cast<char>(0xE8), static_cast<char>(0xFC),
      static_cast<char>(0xF8), static_cast<char>(0xFC), static_cast<char>(0xFC),
      static_cast<char>(0xFC), static_cast<char>(0xFC), static_cast<char>(0xFC),
      static_cast<char>(0xF8), static_cast<char>(0xF8), static_cast<char>(0xF4), 0x54,
      static_cast<char>(0xD0), 0x54, static_cast<char>(0xF4), 0x70);
  const __m256i by_high =
      _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, static_cast<char>(128), 0, 0, 0, 0, 0, 0, 0, 0,  //
                       1, 2, 4, 8, 16, 32, 64, static_cast<char>(128), 0, 0, 0, 0, 0, 0, 0, 0);
  __m256i low = _mm256_shuffle_epi8(by_low, _mm256_and_si256(bytes, _mm256_set1_epi8(0x0F)));
  __m256i high = _mm256_shuffle_epi8(
      by_high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F)));
  return ~mask_of(_mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256()));
}

struct Avx2Ops {
  static std::size_t lower_name(const char* at, char* out) {
    for (std::size_t size = 0;; size += kStep) {
      __m256i bytes = load(at + size);
      // 'A'..'Z' become the 26 lowest signed values, so that one compare finds them.
      __m256i shifted = _mm256_add_epi8(bytes, _mm256_set1_epi8(static_cast<char>(0x80 - 'A')));
      __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(-128 + 26)), shifted);
      __m256i lower = _mm256_or_si256(bytes, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + size), lower);
      std::uint32_t other = ~token_mask(bytes);
      if (other != 0) return size + static_cast<std::size_t>(std::countr_zero(other));
    }
  }

  static const char* value_end(const char* at) {
    for (;; at += kStep) {
      __m256i bytes = load(at);
      __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
      __m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t'));
      __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7F));
      std::uint32_t stop = mask_of(_mm256_or_si256(_mm256_andnot_si256(tab, control), del));
      if (stop != 0) return at + std::countr_zero(stop);
    }
  }
};

// One step of the search. The bits before bit 0 come from the two bytes in front of `at`.
struct LineBits {
  std::uint32_t bare;  // LF without CR
  std::uint32_t end;   // the LF of an empty line
};
LineBits line_bits(const char* begin, const char* at) {
  __m256i bytes = load(at);
  std::uint32_t lf = equal(bytes, '\n');
  if (lf == 0) return {0, 0};
  std::uint32_t cr = equal(bytes, '\r');
  std::uint32_t cr_before = cr << 1;
  std::uint32_t lf_two_before = lf << 2;
  if (at - begin >= 1) {
    cr_before |= at[-1] == '\r';
    lf_two_before |= static_cast<std::uint32_t>(at[-1] == '\n') << 1;
  }
  if (at - begin >= 2) lf_two_before |= at[-2] == '\n';
  return {lf & ~cr_before, lf & cr_before & lf_two_before};
}

HeadEnd find_head_end(std::string_view data, std::size_t from) {
  if (data.size() < kStep) return scalar_scanner().find_head_end(data, from);
  const char* begin = data.data();
  for (std::size_t i = from; i < data.size(); i += kStep) {
    // The last step is moved back into the text; looking at bytes twice changes nothing.
    if (i + kStep > data.size()) i = data.size() - kStep;
    LineBits bits = line_bits(begin, begin + i);
    if ((bits.bare | bits.end) == 0) continue;
    auto first_bare = static_cast<std::size_t>(std::countr_zero(bits.bare));
    auto first_end = static_cast<std::size_t>(std::countr_zero(bits.end));
    if (first_bare < first_end) return {HeadEnd::kBareLf, i + first_bare};
    return {HeadEnd::kFound, i + first_end + 1};
  }
  return {HeadEnd::kMore, data.size()};
}

const char* visible_end(const char* at) {
  for (;; at += kStep) {
    // 0x21..0x7E as signed bytes: greater than 0x20, and not 0x7F.
    __m256i bytes = load(at);
    __m256i above = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(0x20));
    __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7F));
    std::uint32_t stop = ~mask_of(_mm256_andnot_si256(del, above));
    if (stop != 0) return at + std::countr_zero(stop);
  }
}

}  // namespace

}  // namespace gwanmun::http

#pragma clang attribute pop

namespace gwanmun::http {

const Scanner* avx2_scanner() {
  static const Scanner kScanner{find_head_end, scan_fields_with<Avx2Ops>, visible_end, "avx2"};
  static const bool kUsable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  return kUsable ? &kScanner : nullptr;
}

}  // namespace gwanmun::http

#else

namespace gwanmun::http {
const Scanner* avx2_scanner() { return nullptr; }
}  // namespace gwanmun::http

#endif
