// The quick YAML reader; see yaml_quick.h. Works line by line: `line_` is the next line with
// content, and a list item's content is treated as a line of its own that starts further right.
// Every function gives false to give up.
#include "document/yaml_quick.h"

#include <algorithm>
#include <utility>

#include "document/keys.h"
#include "document/limits.h"
#include "document/scalar.h"

namespace gwanmun::document {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_key_character(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
}
/// What a plain scalar may start with without meaning anything else in YAML.
bool starts_plain(char c) {
  return is_letter_or_digit(c) || c == '/' || c == '.' || c == '_' || c == '+' || c == '^' ||
         c == '(' || c == '$' || c == '~';
}

class QuickReader {
 public:
  explicit QuickReader(const Piece& piece) : text_(piece.text), number_(piece.first_line - 1) {}

  bool run(Parsed& out) {
    bool printable =
        std::ranges::all_of(text_, [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; });
    if (!printable) return false;
    next_line();
    if (!done_ && rest().starts_with("---")) {
      if (line_ != line_start_ || !blank_after(line_ + 3)) return false;
      next_line();
    }
    if (done_) return false;
    out.position = here(line_);
    return block(out.node, 0) && done_;
  }

 private:
  std::string_view rest() const { return text_.substr(line_, line_end_ - line_); }
  char at(std::size_t i) const { return i < line_end_ ? text_[i] : '\0'; }
  std::size_t indent() const { return line_ - line_start_; }
  Position here(std::size_t i) const { return {number_, static_cast<int>(i - line_start_) + 1}; }

  /// Takes the next physical line; false at the end.
  bool take_line() {
    if (next_ >= text_.size()) return false;
    line_start_ = next_;
    std::size_t newline = text_.find('\n', next_);
    line_end_ = newline == kNone ? text_.size() : newline;
    next_ = newline == kNone ? text_.size() : newline + 1;
    ++number_;
    return true;
  }

  /// Moves to the next line that is neither blank nor a comment.
  void next_line() {
    while (take_line()) {
      line_ = line_start_;
      while (line_ < line_end_ && text_[line_] == ' ') ++line_;
      if (line_ < line_end_ && text_[line_] != '#') return;
    }
    done_ = true;
  }

  /// Only blanks, or blanks and a comment, from here to the line's end.
  bool blank_after(std::size_t i) const {
    if (i >= line_end_) return true;
    if (text_[i] != ' ') return false;
    while (i < line_end_ && text_[i] == ' ') ++i;
    return i == line_end_ || text_[i] == '#';
  }

  bool at_item() const {
    return at(line_) == '-' && (line_ + 1 >= line_end_ || text_[line_ + 1] == ' ');
  }

  /// Where the key that starts at `line_` ends, at its colon; kNone when none does.
  std::size_t key_end() const {
    std::size_t end = line_;
    while (end < line_end_ && is_key_character(text_[end])) ++end;
    bool colon = end > line_ && at(end) == ':' && (end + 1 >= line_end_ || text_[end + 1] == ' ');
    return colon && text_[line_] != '-' && end - line_ < 512 ? end : kNone;
  }

  bool block(Node& out, int depth) {
    if (depth > kMaxDepth) return false;
    return at_item() ? list(out, depth) : map(out, depth);
  }

  bool map(Node& out, int depth) {
    std::size_t column = indent();
    out = Node::map();
    out.set_position(here(line_));
    out.members().reserve(4);
    KeyIndex keys;
    while (!done_ && indent() == column && !at_item()) {
      std::size_t end = key_end();
      if (end == kNone) return false;
      std::string_view key = text_.substr(line_, end - line_);
      if (!plain_scalar(key).is_string() || keys.find(out.members(), key) != nullptr) return false;
      out.members().push_back({std::string(key), here(line_), {}});
      Node& value = out.members().back().value;
      if (blank_after(end + 1)) {
        if (!below(value, column, here(end + 1), depth, true)) return false;
      } else {
        line_ = end + 2;
        if (!inline_value(value, column, depth)) return false;
      }
    }
    return done_ || indent() < column;
  }

  bool list(Node& out, int depth) {
    std::size_t column = indent();
    out = Node::list();
    out.set_position(here(line_));
    while (!done_ && indent() == column && at_item()) {
      Node& item = out.items().emplace_back();
      if (blank_after(line_ + 1)) {
        if (!below(item, column, here(line_ + 1), depth, false)) return false;
        continue;
      }
      ++line_;
      while (text_[line_] == ' ') ++line_;
      if (at_item() || key_end() != kNone) {
        if (!block(item, depth + 1)) return false;
      } else if (!inline_value(item, column, depth)) {
        return false;
      }
    }
    // A list may stand at its key's own level, so the caller goes on at this level.
    return done_ || indent() <= column;
  }

  /// The value of a key or dash with nothing behind it: on the lines below, or null.
  bool below(Node& out, std::size_t column, Position empty, int depth, bool of_key) {
    next_line();
    bool deeper = !done_ && indent() > column;
    bool list_beside = !done_ && of_key && indent() == column && at_item();
    if (deeper || list_beside) {
      if (!deeper || at_item() || key_end() != kNone) return block(out, depth + 1);
      return inline_value(out, column, depth);
    }
    out.set_position(empty);
    return true;
  }

  /// A scalar or flow collection at `line_`, on this line only (a literal block: below it).
  bool inline_value(Node& out, std::size_t column, int depth) {
    while (at(line_) == ' ') ++line_;
    Position position = here(line_);
    char first = at(line_);
    if (first == '|') {
      if (!literal(out, column)) return false;  // stands at the line after it
    } else {
      std::size_t end = line_;
      if (first == '[' || first == '{') {
        if (!flow(out, end, depth + 1) || !blank_after(end)) return false;
      } else if (first == '"' || first == '\'') {
        if (!quoted(out, end) || !blank_after(end)) return false;
      } else if (!plain(out)) {
        return false;
      }
      next_line();
    }
    out.set_position(position);
    return done_ || indent() <= column;  // else the value goes on there
  }

  bool plain(Node& out) {
    char first = at(line_);
    bool dash = first == '-' && line_ + 1 < line_end_ && text_[line_ + 1] != ' ';
    if (!starts_plain(first) && !dash) return false;
    std::string_view text = rest();
    if (text.starts_with("---") || text.starts_with("...")) return false;
    text = text.substr(0, text.find(" #"));
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.ends_with(':') || text.contains(": ") || is_old_boolean(text)) return false;
    out = plain_scalar(text);
    return true;
  }

  /// In quotes, on one line, without escapes. `i` moves past the closing quote.
  bool quoted(Node& out, std::size_t& i) {
    char quote = text_[i];
    std::size_t end = text_.find(quote, i + 1);
    if (end == kNone || end >= line_end_) return false;
    std::string_view inside = text_.substr(i + 1, end - i - 1);
    if (quote == '"' && inside.contains('\\')) return false;
    if (quote == '\'' && at(end + 1) == '\'') return false;
    out = Node::string(std::string(inside));
    out.set_position(here(i));
    i = end + 1;
    return true;
  }

  bool flow(Node& out, std::size_t& i, int depth) {
    if (depth > kMaxDepth) return false;
    bool map = text_[i] == '{';
    char close = map ? '}' : ']';
    out = map ? Node::map() : Node::list();
    out.set_position(here(i));
    KeyIndex keys;
    ++i;
    skip_spaces(i);
    if (at(i) == close) return ++i, true;
    for (;;) {
      skip_spaces(i);
      Node* value = nullptr;
      if (map) {
        std::size_t start = i;
        while (is_key_character(at(i))) ++i;
        std::string_view key = text_.substr(start, i - start);
        bool good = !key.empty() && key.front() != '-' && at(i) == ':' && at(i + 1) == ' ' &&
                    key.size() < 512 && plain_scalar(key).is_string() &&
                    keys.find(out.members(), key) == nullptr;
        if (!good) return false;
        out.members().push_back({std::string(key), here(start), {}});
        value = &out.members().back().value;
        i += 2;
        skip_spaces(i);
      } else {
        value = &out.items().emplace_back();
      }
      if (!flow_value(*value, i, depth)) return false;
      skip_spaces(i);
      if (at(i) == close) return ++i, true;
      if (at(i) != ',' || at(i + 1) != ' ') return false;
      ++i;
    }
  }

  bool flow_value(Node& out, std::size_t& i, int depth) {
    char first = at(i);
    if (first == '[' || first == '{') return flow(out, i, depth + 1);
    std::size_t start = i;
    if (first == '"' || first == '\'') {
      if (!quoted(out, i)) return false;
    } else {
      while (is_key_character(at(i))) ++i;
      std::string_view text = text_.substr(start, i - start);
      if (text.empty() || text.front() == '-' || is_old_boolean(text)) return false;
      out = plain_scalar(text);
      out.set_position(here(start));
    }
    // What follows must end the value; ": " or a word would make it something else.
    char next = at(i);
    return next == ',' || next == ']' || next == '}' || next == ' ';
  }

  void skip_spaces(std::size_t& i) const {
    while (at(i) == ' ') ++i;
  }

  /// `|`, `|-`, `|+` and the lines below that are indented deeper than `column`.
  bool literal(Node& out, std::size_t column) {
    char chomp = at(line_ + 1);
    bool sign = chomp == '-' || chomp == '+';
    if (!blank_after(line_ + (sign ? 2 : 1)) || text_.back() != '\n') return false;
    std::string text;
    std::size_t width = 0;  // indentation of the text, once known
    for (;;) {
      done_ = !take_line();
      if (done_) break;
      line_ = line_start_;
      while (line_ < line_end_ && text_[line_] == ' ') ++line_;
      bool blank = line_ == line_end_;
      if (width == 0 && blank && indent() > 0) return false;
      if (width == 0 && !blank) {
        if (indent() <= column) return false;
        width = indent();
      }
      if (!blank && indent() < width) break;
      if (line_end_ - line_start_ > width)
        text += text_.substr(line_start_ + width, line_end_ - line_start_ - width);
      text += '\n';
    }
    std::size_t length = text.find_last_not_of('\n');
    if (length == kNone || text[length] == ' ') return false;
    if (chomp != '+') text.resize(length + (chomp == '-' ? 1 : 2));
    out = Node::string(std::move(text));
    if (!done_ && at(line_) == '#') next_line();
    return true;
  }

  std::string_view text_;
  std::size_t line_ = 0;  // where the current line's content starts
  std::size_t line_start_ = 0;
  std::size_t line_end_ = 0;
  std::size_t next_ = 0;
  int number_;
  bool done_ = false;
};

}  // namespace

std::optional<Parsed> parse_yaml_quick(const Piece& piece) {
  Parsed parsed;
  if (!QuickReader(piece).run(parsed)) return {};
  return parsed;
}

}  // namespace gwanmun::document
