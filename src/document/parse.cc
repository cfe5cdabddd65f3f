// Splitting a file into documents, and choosing YAML or JSON for each; see parse.h.
#include "document/parse.h"

#include "base/text.h"
#include "document/limits.h"

namespace gwanmun::document {
namespace {

/// `---` or `...` at the start of a line, alone or before a space.
bool is_marker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  return line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r';
}

/// True when a line holds more than blanks and a comment.
bool has_content(std::string_view line) {
  std::size_t first = line.find_first_not_of(" \t\r");
  return first != line.npos && line[first] != '#';
}

/// Past blanks, counting lines.
std::size_t skip_blank(std::string_view text, std::size_t at, int& line) {
  for (; at < text.size(); ++at) {
    if (text[at] == '\n') ++line;
    else if (text[at] != ' ' && text[at] != '\t' && text[at] != '\r') break;
  }
  return at;
}

/// JSON objects one after the other; the last one may be broken.
std::vector<Parsed> parse_json_stream(Piece piece) {
  std::vector<Parsed> out;
  std::size_t at = skip_blank(piece.text, 0, piece.first_line);
  while (at < piece.text.size()) {
    piece.text.remove_prefix(at);
    std::size_t used = 0;
    out.push_back(parse_json(piece, &used));
    if (!out.back().complete) break;
    for (char c : piece.text.substr(0, used)) piece.first_line += c == '\n';
    at = skip_blank(piece.text, used, piece.first_line);
  }
  return out;
}

}  // namespace

std::vector<Piece> split_documents(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t start = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  int line = 1;
  int first_line = 1;
  bool content = false;    // the piece so far has something to read
  bool directive = false;  // it is only %directives, which belong to the --- that follows
  auto end_piece = [&](std::size_t end, std::size_t next_start, int next_line) {
    if (content) pieces.push_back({text.substr(start, end - start), first_line});
    start = next_start;
    first_line = next_line;
    content = directive = false;
  };
  for (std::size_t at = start; at < text.size(); ++line) {
    std::size_t newline = text.find('\n', at);
    std::size_t next = newline == text.npos ? text.size() : newline + 1;
    std::string_view current = text.substr(at, (newline == text.npos ? next : newline) - at);
    if (is_marker(current, "---")) {
      if (!directive) end_piece(at, at, line);
      directive = false;
      content = content || has_content(current.substr(3));
    } else if (is_marker(current, "...")) {
      end_piece(at, next, line + 1);
    } else if (!content && current.starts_with('%')) {
      directive = true;
    } else if (!content) {
      content = has_content(current);
    }
    at = next;
  }
  end_piece(text.size(), text.size(), line);
  return pieces;
}

std::vector<Parsed> parse_piece(const Piece& piece) {
  std::vector<Parsed> out;
  std::size_t first = piece.text.find_first_not_of(" \t\r\n");
  if (first != piece.text.npos && piece.text[first] == '{') {
    out = parse_json_stream(piece);
    if (out.back().complete || out.size() > 1) return out;
    Parsed yaml = parse_yaml(piece);  // flow-style YAML starts with a brace, too
    if (yaml.complete) out.back() = std::move(yaml);
    return out;
  }
  Parsed yaml = parse_yaml(piece);
  bool empty = yaml.complete && yaml.position.line == 0;
  if (!empty) out.push_back(std::move(yaml));
  return out;
}

}  // namespace gwanmun::document
