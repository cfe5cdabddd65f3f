// CEL's tokens; see cel_lex.h.
#include "document/cel_lex.h"

#include <charconv>

#include "base/text.h"
#include "document/utf8.h"

namespace gwanmun::document::cel {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_'; }

}  // namespace

Result<Token> Lexer::next() {
  while (at_ < source_.size() && std::string_view(" \t\r\n\f").contains(source_[at_])) ++at_;
  Token token;
  token.at = at_;
  if (at_ == source_.size()) return token;
  char c = source_[at_];
  char second = at_ + 1 < source_.size() ? source_[at_ + 1] : '\0';
  if (c == '"' || c == '\'') return string(std::move(token), false);
  if ((c == 'r' || c == 'R') && (second == '"' || second == '\'')) {
    ++at_;
    return string(std::move(token), true);
  }
  if (is_digit(c) || (c == '.' && is_digit(second))) return number(std::move(token));
  std::size_t length = 1;
  if (is_letter(c)) {
    token.kind = TokenKind::kName;
    while (at_ + length < source_.size() &&
           (is_letter(source_[at_ + length]) || is_digit(source_[at_ + length]))) {
      ++length;
    }
  } else {
    token.kind = TokenKind::kSign;
    std::string_view two = source_.substr(at_, 2);
    for (std::string_view sign : {"||", "&&", "==", "!=", "<=", ">="}) {
      if (two == sign) length = 2;
    }
    if (length == 1 && !std::string_view("()[]{}.,?:<>+-*/%!").contains(c)) {
      return fail(str_cat("unexpected character at ", at_));
    }
  }
  token.text = source_.substr(at_, length);
  at_ += length;
  return token;
}

Result<Token> Lexer::number(Token token) {
  const char* begin = source_.data() + at_;
  const char* end = source_.data() + source_.size();
  if (source_.substr(at_).starts_with("0x")) {
    auto [stop, error] = std::from_chars(begin + 2, end, token.integer, 16);
    if (error != std::errc()) return fail(str_cat("bad number at ", at_));
    token.kind = TokenKind::kInt;
    at_ += static_cast<std::size_t>(stop - begin);
    return token;
  }
  auto whole = std::from_chars(begin, end, token.integer);
  auto real = std::from_chars(begin, end, token.number);
  if (real.ec != std::errc()) return fail(str_cat("bad number at ", at_));
  bool integer = whole.ec == std::errc() && whole.ptr == real.ptr;
  if (!integer && whole.ec == std::errc::result_out_of_range) {
    return fail(str_cat("number too large at ", at_));
  }
  token.kind = integer ? TokenKind::kInt : TokenKind::kDouble;
  at_ += static_cast<std::size_t>(real.ptr - begin);
  return token;
}

Result<Token> Lexer::string(Token token, bool raw) {
  token.kind = TokenKind::kString;
  std::string_view quote = source_.substr(at_, 1);
  if (source_.substr(at_, 3) == str_cat(quote, quote, quote)) quote = source_.substr(at_, 3);
  at_ += quote.size();
  while (!source_.substr(at_).starts_with(quote)) {
    if (at_ >= source_.size()) return fail(str_cat("the string at ", token.at, " does not end"));
    if (source_[at_] == '\n' && quote.size() == 1) {
      return fail(str_cat("the string at ", token.at, " does not end on its line"));
    }
    if (source_[at_] != '\\' || raw) {
      token.value += source_[at_++];
    } else if (!escape(token.value)) {
      return fail(str_cat("no such escape at ", at_));
    }
  }
  at_ += quote.size();
  return token;
}

/// At a backslash; past the escape when it is one.
bool Lexer::escape(std::string& out) {
  if (at_ + 1 >= source_.size()) return false;
  char letter = source_[at_ + 1];
  constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
  if (std::size_t i = kLetters.find(letter); i != kLetters.npos) {
    out += kMeanings[i];
    at_ += 2;
    return true;
  }
  std::size_t digits = letter == 'x' || letter == 'X' ? 2
                       : letter == 'u'                ? 4
                       : letter == 'U'                ? 8
                                                      : 0;
  std::string_view hex = source_.substr(at_ + 2, digits);
  std::uint32_t code = 0;
  bool good = digits > 0 && hex.size() == digits &&
              std::from_chars(hex.data(), hex.data() + digits, code, 16).ptr == hex.data() + digits;
  if (!good || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  append_utf8(out, code);
  at_ += 2 + digits;
  return true;
}

}  // namespace gwanmun::document::cel
