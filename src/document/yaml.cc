// YAML documents by libyaml's events. parse_yaml() is for every document; the ones people and
// kubectl usually write are read by the quick reader (yaml_quick.cc), which gives up on
// anything unusual, errors included, so that this file has the last word.
#include <yaml.h>

#include <map>
#include <utility>

#include "base/text.h"
#include "document/keys.h"
#include "document/limits.h"
#include "document/parse.h"
#include "document/scalar.h"
#include "document/yaml_quick.h"

namespace gwanmun::document {
namespace {

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items()) count += count_nodes(item);
  for (const Node::Member& member : node.members()) count += count_nodes(member.value);
  return count;
}

/// libyaml's words, and what helps.
std::string hint_for(std::string_view problem) {
  if (problem.contains("mapping values are not allowed")) {
    return "quote a value that contains \": \", or check the indentation";
  }
  if (problem.contains("cannot start any token")) {
    return "indent with spaces, not tabs, and quote a value that starts with @, ` or %";
  }
  if (problem.contains("expected key") || problem.contains("expected '-'") ||
      problem.contains("block end")) {
    return "check that this line is indented like its neighbours";
  }
  if (problem.contains("could not find expected ':'")) {
    return "a field is written `name: value`, with a space after the colon";
  }
  if (problem.contains("unexpected end of stream")) return "a quote or bracket is not closed";
  return {};
}

class Builder {
 public:
  explicit Builder(const Piece& piece) : piece_(piece) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &parser_, reinterpret_cast<const unsigned char*>(piece.text.data()), piece.text.size());
  }
  ~Builder() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Parsed run() {
    while (out_.complete && next()) {
      if (event_.type == YAML_STREAM_END_EVENT) break;
      if (event_.type == YAML_STREAM_START_EVENT || event_.type == YAML_DOCUMENT_START_EVENT ||
          event_.type == YAML_DOCUMENT_END_EVENT) {
        continue;
      }
      if (++roots_ > 1) {
        fault(here(), "a second document starts here", "separate documents by a line \"---\"");
        break;
      }
      out_.position = here();
      value(out_.node, 0);
    }
    return std::move(out_);
  }

 private:
  Position at(const yaml_mark_t& mark) const {
    return {static_cast<int>(mark.line) + piece_.first_line, static_cast<int>(mark.column) + 1};
  }
  /// libyaml decodes ahead, so for a bad byte it knows only the offset.
  Position at_offset(std::size_t offset) const {
    Position position{piece_.first_line, 1};
    for (char c : piece_.text.substr(0, offset)) {
      position.column = c == '\n' ? 1 : position.column + 1;
      position.line += c == '\n';
    }
    return position;
  }
  Position here() const { return at(event_.start_mark); }

  /// Records what is wrong and ends the document there.
  bool fault(Position position, std::string message, std::string hint = {}) {
    out_.faults.push_back({Severity::kError, position, std::move(message), std::move(hint)});
    out_.complete = false;
    return false;
  }
  void note(Severity severity, Position position, std::string message, std::string hint) {
    if (out_.faults.size() >= kMaxFindings) return;
    out_.faults.push_back({severity, position, std::move(message), std::move(hint)});
  }

  bool next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) != 0) return true;
    std::string_view problem = parser_.problem == nullptr ? "unreadable" : parser_.problem;
    bool reading = parser_.error == YAML_READER_ERROR;
    Position position = reading ? at_offset(parser_.problem_offset) : at(parser_.problem_mark);
    std::string context;
    if (!reading && parser_.context != nullptr) context = str_cat(" ", parser_.context);
    return fault(position, str_cat("YAML: ", problem, context), hint_for(problem));
  }

  /// The value the current event starts. False: the document is broken off.
  bool value(Node& out, int depth) {
    Position position = here();
    if (depth > kMaxDepth) {
      return fault(position, str_cat("nested deeper than ", kMaxDepth, " levels"));
    }
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        return scalar(out);
      case YAML_ALIAS_EVENT:
        return alias(out);
      case YAML_SEQUENCE_START_EVENT:
        return list(out, depth);
      case YAML_MAPPING_START_EVENT:
        return map(out, depth);
      default:
        return fault(position, "YAML: expected a value");
    }
  }

  bool list(Node& out, int depth) {
    out = Node::list();
    out.set_position(here());
    std::string anchor(view(event_.data.sequence_start.anchor));
    while (next()) {
      if (event_.type == YAML_SEQUENCE_END_EVENT) return remember(std::move(anchor), out);
      if (!value(out.items().emplace_back(), depth + 1)) return false;
    }
    return false;
  }

  bool map(Node& out, int depth) {
    out = Node::map();
    out.set_position(here());
    std::string anchor(view(event_.data.mapping_start.anchor));
    std::vector<Node> merged;
    KeyIndex keys;
    while (next()) {
      if (event_.type == YAML_MAPPING_END_EVENT) {
        for (const Node& source : merged) {
          if (!merge(out, source)) return false;
        }
        return remember(std::move(anchor), out);
      }
      std::string key_text;
      Position position = here();
      bool merge_key = false;
      if (!key(key_text, merge_key) || !next()) return false;
      if (merge_key) {
        if (!value(merged.emplace_back(), depth + 1)) return false;
        continue;
      }
      if (const Node::Member* first = keys.find(out.members(), key_text)) {
        note(Severity::kError, position, str_cat("the field \"", key_text, "\" is here twice"),
             str_cat("first on line ", first->position.line, "; keep one of them"));
        Node dropped;
        if (!value(dropped, depth + 1)) return false;
        continue;
      }
      out.members().push_back({std::move(key_text), position, {}});
      if (!value(out.members().back().value, depth + 1)) return false;
    }
    return false;
  }

  bool key(std::string& out, bool& merge_key) {
    if (event_.type != YAML_SCALAR_EVENT) {
      return fault(here(), "a field name must be a plain word or a quoted text",
                   "check for braces { } that should be quoted");
    }
    std::string_view text(reinterpret_cast<const char*>(event_.data.scalar.value),
                          event_.data.scalar.length);
    bool plain = event_.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    merge_key = plain && text == "<<";
    if (!plain) {
      out = text;
      return true;
    }
    Node resolved = plain_scalar(text);
    if (resolved.is_null()) return fault(here(), "a field name is missing before the colon");
    if (resolved.is_integer()) out = str_cat(resolved.as_integer());
    else if (resolved.is_bool()) out = resolved.as_bool() ? "true" : "false";
    else out = text;
    return true;
  }

  bool scalar(Node& out) {
    const auto& data = event_.data.scalar;
    std::string_view text(reinterpret_cast<const char*>(data.value), data.length);
    std::string_view tag = view(data.tag);
    bool plain = data.style == YAML_PLAIN_SCALAR_STYLE;
    if (tag.empty()) {
      out = plain ? plain_scalar(text) : Node::string(std::string(text));
    } else if (!tagged(tag, text, out)) {
      return fault(here(), str_cat("the tag ", tag, " does not fit here"), "remove the tag");
    }
    if (plain && tag.empty() && is_old_boolean(text)) warn_about(text);
    out.set_position(here());
    return remember(std::string(view(data.anchor)), out);
  }

  void warn_about(std::string_view text) {
    note(Severity::kWarning, here(),
         str_cat("\"", text, "\" is text here, but older YAML readers take it for a boolean"),
         str_cat("write \"", text, "\" in quotes, or true or false"));
  }

  static bool tagged(std::string_view tag, std::string_view text, Node& out) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag == "!") tag = "str";
    else if (tag.starts_with(kCore)) tag.remove_prefix(kCore.size());
    else return false;
    out = tag == "str" ? Node::string(std::string(text)) : plain_scalar(text);
    switch (out.kind()) {
      case Node::Kind::kString:
        return tag == "str";
      case Node::Kind::kNull:
        return tag == "null";
      case Node::Kind::kBool:
        return tag == "bool";
      case Node::Kind::kInteger:
        return tag == "int" || tag == "float";
      case Node::Kind::kFloat:
        return tag == "float";
      default:
        return false;
    }
  }

  bool remember(std::string anchor, const Node& node) {
    if (anchor.empty()) return true;
    if (!grow(count_nodes(node))) return false;
    anchors_[std::move(anchor)] = node;
    return true;
  }

  bool alias(Node& out) {
    std::string name(view(event_.data.alias.anchor));
    auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      return fault(here(), str_cat("*", name, " refers to nothing"),
                   str_cat("an anchor &", name, " must stand complete above it"));
    }
    if (!grow(count_nodes(found->second))) return false;
    out = found->second;
    return true;
  }

  /// `<<: *map` or `<<: [*a, *b]`: what is not there yet is taken over.
  bool merge(Node& out, const Node& source) {
    if (source.is_list()) {
      for (const Node& item : source.items()) {
        if (!item.is_map()) return fault(item.position(), "<< needs maps");
        if (!merge(out, item)) return false;
      }
      return true;
    }
    if (!source.is_map()) return fault(source.position(), "<< needs a map or a list of maps");
    for (const Node::Member& member : source.members()) {
      if (out.find(member.key) != nullptr) continue;
      if (!grow(count_nodes(member.value))) return false;
      out.members().push_back(member);
    }
    return true;
  }

  bool grow(std::size_t nodes) {
    alias_nodes_ += nodes;
    if (alias_nodes_ <= kMaxAliasNodes) return true;
    return fault(here(), str_cat("anchors and aliases make more than ", kMaxAliasNodes, " values"),
                 "write the values out");
  }

  const Piece& piece_;
  yaml_parser_t parser_;
  yaml_event_t event_{};
  Parsed out_;
  int roots_ = 0;
  std::map<std::string, Node> anchors_;
  std::size_t alias_nodes_ = 0;
};

}  // namespace

Parsed parse_yaml_full(const Piece& piece) { return Builder(piece).run(); }

Parsed parse_yaml(const Piece& piece) {
  if (auto quick = parse_yaml_quick(piece)) return *std::move(quick);
  return parse_yaml_full(piece);
}

}  // namespace gwanmun::document
