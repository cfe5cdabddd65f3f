// HPACK's Huffman code (RFC 7541 §5.2 and Appendix B): encode and decode a string. Used by hpack.cc
// only. Knows nothing of headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gwanmun::http::hpack {

/// Bytes that decoding `size` bytes can give at most: the shortest code has 5 bits.
constexpr std::size_t huffman_decoded_bound(std::size_t size) { return size * 8 / 5; }

/// Decodes into `out`, which has room for huffman_decoded_bound(in.size()). Returns the length, or
/// -1 when `in` holds EOS, or ends in padding that is not the start of EOS or 8 bits or longer.
std::ptrdiff_t huffman_decode(std::string_view in, char* out);

/// The encoded length in bytes.
std::size_t huffman_size(std::string_view text);
/// Encodes into `out`, which has room for huffman_size(text); returns the end.
char* huffman_encode(std::string_view text, char* out);

}  // namespace gwanmun::http::hpack
