// Strict JSON (RFC 8259) with places; see parse.h. What the API server would refuse (trailing
// commas, comments, lone surrogates, broken UTF-8) is refused here.
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "document/keys.h"
#include "document/limits.h"
#include "document/parse.h"
#include "document/scalar.h"
#include "document/utf8.h"

namespace gwanmun::document {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(const Piece& piece) : text_(piece.text), line_(piece.first_line) {}

  Parsed run(std::size_t* used) {
    skip_space();
    out_.position = here();
    value(out_.node, 0);
    if (used != nullptr) *used = at_;
    return std::move(out_);
  }

 private:
  Position here() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool fault(std::string message, std::string hint = {}) {
    out_.faults.push_back({Severity::kError, here(), str_cat("JSON: ", message), std::move(hint)});
    out_.complete = false;
    return false;
  }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  bool value(Node& out, int depth) {
    if (depth > kMaxDepth) return fault(str_cat("nested deeper than ", kMaxDepth, " levels"));
    Position position = here();
    bool good = false;
    switch (peek()) {
      case '{':
        good = map(out, depth);
        break;
      case '[':
        good = list(out, depth);
        break;
      case '"': {
        std::string text;
        good = string(text);
        out = Node::string(std::move(text));
        break;
      }
      case 't':
        good = word("true", Node::boolean(true), out);
        break;
      case 'f':
        good = word("false", Node::boolean(false), out);
        break;
      case 'n':
        good = word("null", Node::null(), out);
        break;
      default:
        good = number(out);
        break;
    }
    out.set_position(position);
    return good;
  }

  bool word(std::string_view spelling, Node value, Node& out) {
    if (!text_.substr(at_).starts_with(spelling)) return fault("expected a value");
    at_ += spelling.size();
    out = std::move(value);
    return true;
  }

  bool number(Node& out) {
    std::size_t start = at_;
    bool integer = true;
    if (peek() == '-') ++at_;
    std::size_t first = at_;
    if (!digits()) {
      at_ = start;
      return fault(
          at_ == text_.size() ? "the text ends where a value is missing" : "expected a value",
          "texts are quoted with \"");
    }
    if (text_[first] == '0' && at_ - first > 1) return fault("a number may not start with 0");
    if (peek() == '.') {
      ++at_;
      integer = false;
      if (!digits()) return fault("expected a digit after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      integer = false;
      if (peek() == '-' || peek() == '+') ++at_;
      if (!digits()) return fault("expected a digit in the exponent");
    }
    const char* begin = text_.data() + start;
    const char* end = text_.data() + at_;
    std::int64_t whole = 0;
    if (integer && std::from_chars(begin, end, whole).ec == std::errc()) {
      out = Node::integer(whole);
      return true;
    }
    double fraction = 0;
    if (std::from_chars(begin, end, fraction).ec != std::errc()) return fault("number too large");
    out = number_node(fraction);
    return true;
  }

  bool digits() {
    std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    return at_ > start;
  }

  bool list(Node& out, int depth) {
    ++at_;
    out = Node::list();
    skip_space();
    if (peek() == ']') return ++at_, true;
    for (;;) {
      skip_space();
      if (!value(out.items().emplace_back(), depth + 1)) return false;
      skip_space();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return fault("expected , or ]");
      ++at_;
    }
  }

  bool map(Node& out, int depth) {
    ++at_;
    out = Node::map();
    KeyIndex keys;
    skip_space();
    if (peek() == '}') return ++at_, true;
    for (;;) {
      skip_space();
      if (!member(out, keys, depth)) return false;
      skip_space();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return fault("expected , or }");
      ++at_;
    }
  }

  bool member(Node& out, KeyIndex& keys, int depth) {
    Position position = here();
    if (peek() != '"') return fault("expected a field name in quotes");
    std::string key;
    if (!string(key)) return false;
    skip_space();
    if (peek() != ':') return fault("expected : after the field name");
    ++at_;
    skip_space();
    const Node::Member* first = keys.find(out.members(), key);
    if (first == nullptr) {
      out.members().push_back({std::move(key), position, {}});
      return value(out.members().back().value, depth + 1);
    }
    if (out_.faults.size() < kMaxFindings) {
      out_.faults.push_back(
          {Severity::kError, position, str_cat("the field \"", key, "\" is here twice"),
           str_cat("first on line ", first->position.line, "; keep one of them")});
    }
    Node dropped;
    return value(dropped, depth + 1);
  }

  bool string(std::string& out) {
    ++at_;
    for (;;) {
      std::size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      std::string_view run = text_.substr(start, at_ - start);
      if (!is_utf8(run)) return fault("the text is not UTF-8");
      out += run;
      if (at_ == text_.size()) return fault("a quote is not closed");
      char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c != '\\') return fault("control characters in a text must be escaped", "\\n, \\t");
      if (!escape(out)) return false;
    }
  }

  bool escape(std::string& out) {
    ++at_;
    char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'u':
        break;
      default:
        --at_;
        return fault("no such escape", "\\\\ for a backslash");
    }
    std::uint32_t code = 0;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!text_.substr(at_).starts_with("\\u")) return fault("half of a surrogate pair");
      at_ += 2;
      if (!hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fault("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return fault("half of a surrogate pair");
    }
    append_utf8(out, code);
    return true;
  }

  bool hex4(std::uint32_t& code) {
    const char* begin = text_.data() + at_;
    if (text_.size() - at_ < 4 || std::from_chars(begin, begin + 4, code, 16).ptr != begin + 4) {
      return fault("\\u needs four hexadecimal digits");
    }
    at_ += 4;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_;
  Parsed out_;
};

}  // namespace

Parsed parse_json(const Piece& piece, std::size_t* used) { return Reader(piece).run(used); }

}  // namespace gwanmun::document
