// Node to YAML and JSON; see writer.h.
#include "document/writer.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/log.h"
#include "document/parse.h"
#include "document/scalar.h"

namespace gwanmun::document {
namespace {

/// A whole float (it is beyond 2^53) gets an exponent, so as not to be read back as an integer.
void append_number(std::string& out, const Node& node) {
  char buffer[40];
  char* end = buffer + sizeof buffer;
  if (node.is_integer()) {
    end = std::to_chars(buffer, end, node.as_integer()).ptr;
  } else {
    bool whole = std::trunc(node.as_number()) == node.as_number();
    auto format = whole ? std::chars_format::scientific : std::chars_format::general;
    end = std::to_chars(buffer, end, node.as_number(), format).ptr;
  }
  out.append(buffer, end);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  log::append_json_escaped(out, text);
  out += '"';
}

/// In double quotes; what YAML takes for control characters or line breaks beyond ASCII (C1, NEL,
/// LS, PS, BOM) is escaped, too.
void append_yaml_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    bool two = text.starts_with("\xC2") && text.size() > 1;
    bool three = (text.starts_with("\xE2\x80") || text.starts_with("\xEF")) && text.size() > 2;
    std::size_t length = two ? 2 : three ? 3 : 1;
    if (length == 1) {
      log::append_json_escaped(out, text.substr(0, 1));
    } else {
      unsigned code = two ? 0 : static_cast<unsigned char>(text[0]) & 0x0F;
      for (std::size_t i = length == 2 ? 0 : 1; i < length; ++i) {
        code = code << 6 | (static_cast<unsigned char>(text[i]) & (two && i == 0 ? 0x1F : 0x3F));
      }
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 15];
    }
    text.remove_prefix(length);
  }
  out += '"';
}

bool has_control(std::string_view text) {
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\n') || c == 0x7F) return true;
  }
  // Beyond ASCII, YAML has non-printable and line-breaking code points of its own.
  return text.find("\xC2") != text.npos || text.find("\xE2\x80") != text.npos ||
         text.find("\xEF") != text.npos;
}

/// True when the text, written without quotes, is read back as this very text.
bool is_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.find_first_of("\n") != text.npos || has_control(text)) return false;
  if (std::string_view("!&*|>@`\"'%#,[]{}").find(text.front()) != text.npos) return false;
  bool dash = text.front() == '-' || text.front() == '?' || text.front() == ':';
  if (dash && (text.size() == 1 || text[1] == ' ')) return false;
  if (text.starts_with("---") || text.starts_with("...") || text == "=" || text == "<<") {
    return false;
  }
  if (text.find(": ") != text.npos || text.find(" #") != text.npos || text.back() == ':') {
    return false;
  }
  return plain_scalar(text).is_string() && !is_old_boolean(text) && text.front() != '.';
}

/// A literal block keeps a text of several lines as it is; some texts it cannot hold.
bool fits_block(std::string_view text) {
  return text.find('\n') != text.npos && !has_control(text) && text.front() != ' ' &&
         text.front() != '\n' && text.find(" \n") == text.npos && text.back() != ' ';
}

class YamlWriter {
 public:
  std::string run(const Node& node) {
    if (node.is_map() && !node.members().empty()) map(node, 0);
    else if (node.is_list() && !node.items().empty()) list(node, 0);
    else scalar(node, 0);
    if (out_.back() != '\n') out_ += '\n';
    return std::move(out_);
  }

 private:
  void indent(int level) { out_.append(static_cast<std::size_t>(level) * 2, ' '); }

  void map(const Node& node, int level, bool first_indented = false) {
    for (const Node::Member& member : node.members()) {
      if (!first_indented) indent(level);
      first_indented = false;
      if (is_plain(member.key)) out_ += member.key;
      else append_yaml_quoted(out_, member.key);
      out_ += ':';
      after_key(member.value, level);
    }
  }

  void after_key(const Node& value, int level) {
    if (value.is_map() && !value.members().empty()) {
      out_ += '\n';
      map(value, level + 1);
    } else if (value.is_list() && !value.items().empty()) {
      out_ += '\n';
      list(value, level);
    } else {
      out_ += ' ';
      scalar(value, level);
      if (out_.back() != '\n') out_ += '\n';
    }
  }

  void list(const Node& node, int level, bool first_indented = false) {
    for (const Node& item : node.items()) {
      if (!first_indented) indent(level);
      first_indented = false;
      out_ += "- ";
      if (item.is_map() && !item.members().empty()) {
        map(item, level + 1, true);
      } else if (item.is_list() && !item.items().empty()) {
        list(item, level + 1, true);
      } else {
        scalar(item, level);
        if (out_.back() != '\n') out_ += '\n';
      }
    }
  }

  void scalar(const Node& node, int level) {
    switch (node.kind()) {
      case Node::Kind::kNull:
        out_ += "null";
        break;
      case Node::Kind::kBool:
        out_ += node.as_bool() ? "true" : "false";
        break;
      case Node::Kind::kInteger:
      case Node::Kind::kFloat:
        append_number(out_, node);
        break;
      case Node::Kind::kList:
        out_ += "[]";
        break;
      case Node::Kind::kMap:
        out_ += "{}";
        break;
      case Node::Kind::kString:
        text(node.as_string(), level);
        break;
    }
  }

  void text(std::string_view value, int level) {
    if (is_plain(value)) out_ += value;
    else if (fits_block(value)) block(value, level + 1);
    else append_yaml_quoted(out_, value);
  }

  void block(std::string_view value, int level) {
    bool ends = value.back() == '\n';
    bool several = value.ends_with("\n\n");
    out_ += several ? "|+" : ends ? "|" : "|-";
    out_ += '\n';
    if (ends) value.remove_suffix(1);
    while (true) {
      std::size_t newline = value.find('\n');
      std::string_view line = value.substr(0, newline);
      if (!line.empty()) indent(level);
      out_ += line;
      out_ += '\n';
      if (newline == value.npos) return;
      value.remove_prefix(newline + 1);
    }
  }

  std::string out_;
};

class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style) : style_(style) {}
  std::string run(const Node& node) {
    value(node, 0);
    return std::move(out_);
  }

 private:
  void line(int level) {
    if (style_ == JsonStyle::kCompact) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(level) * 4, ' ');
  }

  void value(const Node& node, int level) {
    switch (node.kind()) {
      case Node::Kind::kNull:
        out_ += "null";
        break;
      case Node::Kind::kBool:
        out_ += node.as_bool() ? "true" : "false";
        break;
      case Node::Kind::kInteger:
      case Node::Kind::kFloat:
        append_number(out_, node);
        break;
      case Node::Kind::kString:
        append_quoted(out_, node.as_string());
        break;
      case Node::Kind::kList:
        list(node, level);
        break;
      case Node::Kind::kMap:
        map(node, level);
        break;
    }
  }

  void list(const Node& node, int level) {
    out_ += '[';
    bool first = true;
    for (const Node& item : node.items()) {
      if (!first) out_ += ',';
      first = false;
      line(level + 1);
      value(item, level + 1);
    }
    if (!first) line(level);
    out_ += ']';
  }

  void map(const Node& node, int level) {
    out_ += '{';
    bool first = true;
    for (const Node::Member& member : node.members()) {
      if (!first) out_ += ',';
      first = false;
      line(level + 1);
      append_quoted(out_, member.key);
      out_ += style_ == JsonStyle::kCompact ? ":" : ": ";
      value(member.value, level + 1);
    }
    if (!first) line(level);
    out_ += '}';
  }

  JsonStyle style_;
  std::string out_;
};

}  // namespace

std::string to_yaml(const Node& node) { return YamlWriter().run(node); }

std::string to_yaml(std::span<const Node> documents) {
  std::string out;
  for (const Node& document : documents) {
    if (!out.empty()) out += "---\n";
    out += to_yaml(document);
  }
  return out;
}

std::string to_json(const Node& node, JsonStyle style) { return JsonWriter(style).run(node); }

}  // namespace gwanmun::document
