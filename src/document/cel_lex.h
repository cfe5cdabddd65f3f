// CEL's tokens. Used by cel_parse.cc only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gwanmun::document::cel {

enum class TokenKind : std::uint8_t { kEnd, kName, kInt, kDouble, kString, kSign };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // names and signs: as written
  std::string value;      // strings: what they mean
  std::int64_t integer = 0;
  double number = 0;
  std::size_t at = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Result<Token> next();

 private:
  Result<Token> number(Token token);
  Result<Token> string(Token token, bool raw);
  bool escape(std::string& out);

  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace gwanmun::document::cel
