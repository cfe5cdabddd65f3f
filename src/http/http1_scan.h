// The byte level of HTTP/1 heads: where a head ends, and its field lines as names and values. Used
// by the HTTP/1 parser for requests, responses and trailer sections. Judges characters and line
// structure (RFC 9110 §5.5, §5.6.2, RFC 9112 §2.2, §5), never meaning.
//
// Two implementations give the same answers: a scalar one, which is the reference, and one with
// AVX2, picked once at start when the processor has it. Tests and fuzzers hold them together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace gwanmun::http {

/// Readable bytes that must follow a text given to scan_fields or visible_end (their content does
/// not matter): vectors are loaded whole.
inline constexpr std::size_t kScanPadding = 32;

struct HeadEnd {
  enum Kind : std::uint8_t {
    kMore,    // no empty line yet; `size` bytes were searched
    kFound,   // the head is the first `size` bytes, with its empty line
    kBareLf,  // a line ends without CR: the message is malformed
  };
  Kind kind;
  std::size_t size;
};

struct FieldScan {
  enum Kind : std::uint8_t {
    kOk,
    kBadName,   // empty, not a token, followed by a space, or a folded line
    kBadValue,  // a control character, NUL, a CR without LF
    kTooMany,   // more than max_fields lines
  };
  Kind kind;
};

/// What scan_fields works on.
struct FieldText {
  const char* begin;  // the first field line
  const char* end;    // behind the empty line; kScanPadding readable bytes follow
  char* names;        // (end - begin) + kScanPadding writable bytes for the lower-case names
  std::uint32_t max_fields;
};

struct Scanner {
  /// Looks for the first empty line; the first `from` bytes were searched before (without result).
  HeadEnd (*find_head_end)(std::string_view data, std::size_t from);
  /// Appends the fields of a complete section, which must end with its empty line. Values point
  /// into the text, names into `text.names`.
  FieldScan (*scan_fields)(const FieldText& text, Headers& out);
  /// The first byte outside 0x21..0x7E; there must be one.
  const char* (*visible_end)(const char* at);
  std::string_view name;
};

/// The best one for this processor.
const Scanner& scanner();
const Scanner& scalar_scanner();
/// nullptr where there is none.
const Scanner* avx2_scanner();

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text);
bool is_token_char(char c);

}  // namespace gwanmun::http
