// The code is canonical: within a length, codes count up in the order of the symbols. So the
// lengths of Appendix B are the whole table, and everything else is computed from them at compile
// time. Decoding looks at kLookBits bits at once, which settles one or two symbols of the common,
// short codes; longer codes are found by comparing with the first code of each length.
#include "http/hpack_huffman.h"

#include <array>
#include <bit>
#include <cstring>

namespace gwanmun::http::hpack {

namespace {

constexpr int kSymbols = 257;
constexpr int kEos = 256;
constexpr int kMaxLength = 30;
constexpr int kLookBits = 11;

// RFC 7541 Appendix B, the column "len in bits"; the last one is EOS.
constexpr std::array<std::uint8_t, kSymbols> kLengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  // 0
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  // 16
    6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,   // 32  ' '
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10,  // 48  '0'
    13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,   // 64  '@'
    7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,   // 80  'P'
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,   // 96  '`'
    6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28,  // 112 'p'
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  // 128
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  // 144
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  // 160
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  // 176
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  // 192
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  // 208
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  // 224
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  // 240
    30};

struct Code {
  // By symbol, right-aligned.
  std::array<std::uint32_t, kSymbols> codes{};
  // By length: the first code left-aligned in 32 bits, where its symbols start in `order`.
  std::array<std::uint32_t, kMaxLength + 2> first{};
  std::array<std::uint16_t, kMaxLength + 2> start{};
  std::array<std::uint16_t, kSymbols> order{};
};

constexpr Code make_code() {
  Code out;
  std::uint64_t next = 0;
  int placed = 0;
  for (int length = 1; length <= kMaxLength; ++length) {
    next <<= 1;
    out.first[length] = static_cast<std::uint32_t>(next << (32 - length));
    out.start[length] = static_cast<std::uint16_t>(placed);
    for (int symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLengths[symbol] != length) continue;
      out.codes[symbol] = static_cast<std::uint32_t>(next++);
      out.order[placed++] = static_cast<std::uint16_t>(symbol);
    }
  }
  out.start[kMaxLength + 1] = static_cast<std::uint16_t>(placed);
  return out;
}

constexpr Code kCode = make_code();
static_assert(kCode.codes[kEos] == 0x3fffffff, "EOS is thirty ones: the lengths fill the code");

struct Look {
  char symbols[2];
  std::uint8_t count;  // 0: the code is longer than kLookBits
  std::uint8_t bits;
};

/// The symbol that `bits` (left-aligned in kLookBits) starts with, or -1.
constexpr int look_one(std::uint32_t bits, int available) {
  for (int length = 5; length <= available; ++length) {
    std::uint32_t value = bits >> (kLookBits - length);
    std::uint32_t first = kCode.first[length] >> (32 - length);
    std::uint32_t count = kCode.start[length + 1] - kCode.start[length];
    if (value >= first && value - first < count)
      return kCode.order[kCode.start[length] + value - first];
  }
  return -1;
}

constexpr std::array<Look, 1 << kLookBits> make_look() {
  std::array<Look, 1 << kLookBits> out{};
  for (std::uint32_t bits = 0; bits < out.size(); ++bits) {
    Look look{};
    int available = kLookBits;
    std::uint32_t rest = bits;
    while (look.count < 2) {
      int symbol = look_one(rest, available);
      if (symbol < 0) break;
      look.symbols[look.count++] = static_cast<char>(symbol);
      look.bits = static_cast<std::uint8_t>(look.bits + kLengths[symbol]);
      available -= kLengths[symbol];
      rest = (rest << kLengths[symbol]) & ((1u << kLookBits) - 1);
    }
    out[bits] = look;
  }
  return out;
}

constexpr auto kLook = make_look();

/// The code of `from` to `to` bits at the top of `window`: its length, or 0 when there is none.
int find_code(std::uint64_t window, int from, int to, int& symbol) {
  auto top = static_cast<std::uint32_t>(window >> 32);
  for (int length = from; length <= to; ++length) {
    std::uint32_t count = kCode.start[length + 1] - kCode.start[length];
    std::uint32_t offset = (top - kCode.first[length]) >> (32 - length);
    if (top >= kCode.first[length] && offset < count) {
      symbol = kCode.order[kCode.start[length] + offset];
      return length;
    }
  }
  return 0;
}

/// The last few bits: whole codes, then padding of fewer than 8 ones.
char* decode_tail(std::uint64_t buffer, int bits, char* out) {
  while (bits > 0) {
    int symbol = -1;
    int length = find_code(buffer, 5, bits < kMaxLength ? bits : kMaxLength, symbol);
    if (length == 0 || symbol == kEos) break;
    *out++ = static_cast<char>(symbol);
    buffer <<= length;
    bits -= length;
  }
  if (bits >= 8) return nullptr;
  if (bits > 0 && (buffer >> (64 - bits)) != (1u << bits) - 1) return nullptr;
  return out;
}

}  // namespace

std::ptrdiff_t huffman_decode(std::string_view in, char* out) {
  char* const begin = out;
  const auto* p = reinterpret_cast<const unsigned char*>(in.data());
  const auto* end = p + in.size();
  std::uint64_t buffer = 0;  // left-aligned
  int bits = 0;              // of them valid
  for (;;) {
    if (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      buffer |= __builtin_bswap64(word) >> bits;
      int taken = (63 - bits) >> 3;
      p += taken;
      bits += taken * 8;
    } else {
      while (bits <= 56 && p < end) {
        buffer |= static_cast<std::uint64_t>(*p++) << (56 - bits);
        bits += 8;
      }
    }
    if (bits < kMaxLength) break;  // the end
    do {
      const Look& look = kLook[buffer >> (64 - kLookBits)];
      int length = look.bits;
      if (look.count != 0) [[likely]] {
        std::memcpy(out, look.symbols, 2);  // 19 bits or more are left: there is room for both
        out += look.count;
      } else {
        int symbol = 0;
        length = find_code(buffer, kLookBits + 1, kMaxLength, symbol);
        if (length == 0 || symbol == kEos) return -1;
        *out++ = static_cast<char>(symbol);
      }
      buffer <<= length;
      bits -= length;
    } while (bits >= kMaxLength);
  }
  out = decode_tail(buffer, bits, out);
  return out == nullptr ? -1 : out - begin;
}

std::size_t huffman_size(std::string_view text) {
  std::size_t bits = 0;
  for (char c : text) bits += kLengths[static_cast<unsigned char>(c)];
  return (bits + 7) / 8;
}

char* huffman_encode(std::string_view text, char* out) {
  std::uint64_t buffer = 0;
  int bits = 0;
  for (char c : text) {
    auto symbol = static_cast<unsigned char>(c);
    buffer = (buffer << kLengths[symbol]) | kCode.codes[symbol];
    bits += kLengths[symbol];
    while (bits >= 8) {
      bits -= 8;
      *out++ = static_cast<char>(buffer >> bits);
    }
  }
  if (bits > 0) *out++ = static_cast<char>((buffer << (8 - bits)) | (0xff >> bits));
  return out;
}

}  // namespace gwanmun::http::hpack
