// check(): defaults, then everything the API server would refuse; see schema.h. One walk: a node's
// own CEL rules run after its children are defaulted and judged, and only when nothing below is
// missing or of a wrong type, as a rule could not say anything useful there.
#include <re2/re2.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "document/formats.h"
#include "document/limits.h"
#include "document/schema.h"
#include "document/utf8.h"
#include "document/writer.h"

namespace gwanmun::document {
namespace {

/// The way from the root to a node, kept on the stack; spelt out only for a finding.
struct Path {
  const Path* parent = nullptr;
  std::string_view key;
  std::ptrdiff_t index = -1;  // of a list item
  bool free_key = false;      // of a map with free keys: printed in brackets
};

std::string spell(const Path& path, std::string_view where) {
  std::string out = path.parent == nullptr ? std::string(where) : spell(*path.parent, where);
  if (path.index >= 0) return str_cat(out, "[", path.index, "]");
  if (path.key.empty()) return out;
  if (path.free_key) return str_cat(out, "[", path.key, "]");
  return out.empty() ? std::string(path.key) : str_cat(out, ".", path.key);
}

/// A value as messages show it.
std::string show(const Node& node) {
  constexpr std::size_t kLongest = 80;
  if (node.is_map()) return "an object";
  if (node.is_list()) return "a list";
  std::string out = to_json(node);
  if (out.size() > kLongest) out = str_cat(out.substr(0, kLongest), "...");
  return out;
}

std::string_view type_name(Schema::Type type) {
  switch (type) {
    case Schema::Type::kObject:
      return "an object";
    case Schema::Type::kArray:
      return "a list";
    case Schema::Type::kString:
      return "a string";
    case Schema::Type::kInteger:
      return "an integer";
    case Schema::Type::kNumber:
      return "a number";
    case Schema::Type::kBoolean:
      return "true or false";
    case Schema::Type::kAny:
      break;
  }
  return "anything";
}

bool has_type(const Node& node, const Schema& schema) {
  if (schema.int_or_string) return node.is_integer() || node.is_string();
  switch (schema.type) {
    case Schema::Type::kObject:
      return node.is_map();
    case Schema::Type::kArray:
      return node.is_list();
    case Schema::Type::kString:
      return node.is_string();
    case Schema::Type::kInteger:
      return node.is_integer();
    case Schema::Type::kNumber:
      return node.is_number();
    case Schema::Type::kBoolean:
      return node.is_bool();
    case Schema::Type::kAny:
      break;
  }
  return true;
}

std::string type_hint(const Node& node, Schema::Type type) {
  if (type == Schema::Type::kString && (node.is_number() || node.is_bool())) {
    return str_cat("write \"", show(node), "\" in quotes");
  }
  bool scalar = type == Schema::Type::kInteger || type == Schema::Type::kBoolean;
  if (scalar && node.is_string()) return "without quotes";
  if (type == Schema::Type::kArray && node.is_map()) return "start each item with \"- \"";
  if (type == Schema::Type::kObject && node.is_list()) return "no \"- \" here";
  return {};
}

class Checker {
 public:
  Checker(std::string_view where, Findings& findings) : where_(where), findings_(findings) {}

  /// False: something is missing or of a wrong type, so that rules about it make no sense.
  bool check(const Schema& schema, Node& node, const Path& path, Position around) {
    Position position = node.position().line > 0 ? node.position() : around;
    if (node.is_null() && schema.nullable) return true;
    if (!has_type(node, schema)) {
      std::string_view expected =
          schema.int_or_string ? "an integer or a string" : type_name(schema.type);
      report(position, path, str_cat("Invalid value: ", show(node), ": must be ", expected),
             type_hint(node, schema.type));
      return false;
    }
    bool sound = true;
    if (node.is_map()) sound = check_map(schema, node, path, position);
    else if (node.is_list()) sound = check_list(schema, node, path, position);
    else if (node.is_string()) sound = check_text(schema, node, path, position);
    else if (node.is_number()) check_number(schema, node, path, position);
    sound &= check_enumeration(schema, node, path, position);
    check_alternatives(schema, node, path, position);
    if (sound) check_rules(schema, node, path, position);
    return sound;
  }

 private:
  void report(Position position, const Path& path, std::string message, std::string hint = {}) {
    if (findings_.size() >= kMaxFindings) return;
    findings_.push_back(
        {Severity::kError, position, spell(path, where_), std::move(message), std::move(hint)});
  }

  bool check_map(const Schema& schema, Node& node, const Path& path, Position position) {
    bool sound = true;
    drop_nulls(schema, node);
    for (std::uint16_t i : schema.defaulted) {
      const Schema::Property& property = schema.properties[i];
      if (node.find(property.name) == nullptr)
        node.set(property.name, *property.schema.default_value);
    }
    for (const std::string& name : schema.required) {
      if (node.find(name) != nullptr) continue;
      report(position, {&path, name}, "Required value");
      sound = false;
    }
    for (Node::Member& member : node.members()) {
      Path inner{&path, member.key};
      Position place = member.position.line > 0 ? member.position : position;
      if (const Schema* property = schema.find(member.key)) {
        sound &= check(*property, member.value, inner, place);
      } else if (schema.additional != nullptr) {
        inner.free_key = true;
        sound &= check(*schema.additional, member.value, inner, place);
      } else if (schema.type == Schema::Type::kObject && !schema.preserve_unknown) {
        report(place, inner, "unknown field", suggest(schema, node, member.key));
      }
    }
    return check_count(schema, node.members().size(), "properties", path, position) && sound;
  }

  /// A null stands for "not given" where the field cannot be null (apiextensions, "nullable").
  static void drop_nulls(const Schema& schema, Node& node) {
    std::erase_if(node.members(), [&](const Node::Member& member) {
      if (!member.value.is_null()) return false;
      const Schema* property = schema.find(member.key);
      return property != nullptr && !property->nullable && !property->preserve_unknown;
    });
  }

  static std::string suggest(const Schema& schema, const Node& node, std::string_view key) {
    std::vector<std::string_view> names;
    for (const Schema::Property& property : schema.properties) {
      if (node.find(property.name) == nullptr) names.push_back(property.name);
    }
    return did_you_mean(key, names);
  }

  bool check_count(const Schema& schema, std::size_t count, std::string_view what, const Path& path,
                   Position position) {
    if (count > schema.max_items) {
      report(position, path,
             str_cat("Too many: ", count, ": must have at most ", schema.max_items, " ", what));
      return false;
    }
    if (count < schema.min_items) {
      report(
          position, path,
          str_cat("Invalid value: ", count, " ", what, ": must have at least ", schema.min_items));
    }
    return true;
  }

  bool check_list(const Schema& schema, Node& node, const Path& path, Position position) {
    bool sound = check_count(schema, node.items().size(), "items", path, position);
    if (!sound) return false;  // a list far too long would only repeat itself
    if (schema.items != nullptr) {
      for (std::size_t i = 0; i < node.items().size(); ++i) {
        sound &= check(*schema.items, node.items()[i], {&path, {}, static_cast<std::ptrdiff_t>(i)},
                       position);
      }
    }
    if (schema.list_type != Schema::ListType::kAtomic) check_unique(schema, node, path, position);
    return sound;
  }

  void check_unique(const Schema& schema, const Node& node, const Path& path, Position position) {
    if (node.items().size() < 2) return;
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < node.items().size(); ++i) {
      const Node& item = node.items()[i];
      std::string key;
      if (schema.list_type == Schema::ListType::kMap) {
        for (const std::string& name : schema.list_map_keys) {
          const Node* part = item.find(name);
          key += str_cat(key.empty() ? "" : ", ", name, ": ",
                         part == nullptr ? std::string("null") : to_json(*part));
        }
      } else {
        key = to_json(item);
      }
      if (seen.insert(key).second) continue;
      report(item.position().line > 0 ? item.position() : position,
             {&path, {}, static_cast<std::ptrdiff_t>(i)}, str_cat("Duplicate value: ", key));
    }
  }

  bool check_text(const Schema& schema, const Node& node, const Path& path, Position position) {
    const std::string& text = node.as_string();
    // Bytes are never fewer than code points, so counting is only for long texts.
    std::size_t length = text.size();
    if (length > schema.max_length || schema.min_length > 1) length = count_code_points(text);
    if (length > schema.max_length) {
      report(position, path,
             str_cat("Too long: may not be more than ", schema.max_length, " characters, has ",
                     length));
      return false;
    }
    if (length < schema.min_length) {
      report(position, path,
             str_cat("Invalid value: ", show(node), ": must have at least ", schema.min_length,
                     " characters"));
    }
    if (schema.pattern != nullptr && !RE2::PartialMatch(text, *schema.pattern)) {
      report(position, path,
             str_cat("Invalid value: ", show(node), ": must match '", schema.pattern_text, "'"),
             pattern_hint(schema, text));
    }
    if (!schema.format.empty() && !fits_format(schema.format, text)) {
      report(position, path,
             str_cat("Invalid value: ", show(node), ": must be of format ", schema.format));
    }
    return true;
  }

  /// The most usual slips.
  static std::string pattern_hint(const Schema& schema, std::string_view text) {
    auto fits = [&](const std::string& other) { return RE2::PartialMatch(other, *schema.pattern); };
    std::string lower = to_lower(text);
    if (lower != text && fits(lower)) return "use lower case";
    std::string dashed = lower;
    std::ranges::replace(dashed, '_', '-');
    if (dashed != text && fits(dashed)) return str_cat("for example \"", dashed, "\"");
    return {};
  }

  void check_number(const Schema& schema, const Node& node, const Path& path, Position position) {
    double value = node.as_number();
    double least = schema.minimum;
    double most = schema.maximum;
    if (schema.format == "int32") {
      least = std::max(least, -2147483648.0);
      most = std::min(most, 2147483647.0);
    }
    if (value >= least && value <= most) return;
    bool low = value < least;
    report(position, path,
           str_cat("Invalid value: ", show(node), ": must be ", low ? "at least " : "at most ",
                   to_json(Node::integer(static_cast<std::int64_t>(low ? least : most)))));
  }

  bool check_enumeration(const Schema& schema, const Node& node, const Path& path,
                         Position position) {
    if (schema.enumeration.empty()) return true;
    if (std::ranges::find(schema.enumeration, node) != schema.enumeration.end()) return true;
    std::string supported;
    std::vector<std::string_view> names;
    for (const Node& value : schema.enumeration) {
      supported += str_cat(supported.empty() ? "" : ", ", to_json(value));
      names.push_back(value.as_string());
    }
    report(position, path,
           str_cat("Unsupported value: ", show(node), ": supported values: ", supported),
           node.is_string() ? suggest_value(node.as_string(), names) : std::string());
    return false;
  }

  /// The nearest value, or the only one that contains what was written ("Prefix").
  static std::string suggest_value(std::string_view text,
                                   const std::vector<std::string_view>& names) {
    constexpr std::size_t kTelling = 3;  // letters
    std::string hint = did_you_mean(text, names);
    if (!hint.empty() || text.size() < kTelling) return hint;
    std::string lower = to_lower(text);
    for (std::string_view name : names) {
      if (!to_lower(name).contains(lower)) continue;
      if (!hint.empty()) return {};
      hint = str_cat("did you mean \"", name, "\"?");
    }
    return hint;
  }

  static std::size_t count_fitting(const std::vector<Schema>& alternatives, const Node& node,
                                   Findings& misfits) {
    std::size_t fitting = 0;
    for (const Schema& alternative : alternatives) {
      Findings findings;
      Node copy = node;
      Checker({}, findings).check(alternative, copy, {}, {});
      if (findings.empty()) ++fitting;
      else misfits.insert(misfits.end(), findings.begin(), findings.end());
    }
    return fitting;
  }

  void check_alternatives(const Schema& schema, const Node& node, const Path& path,
                          Position position) {
    Findings misfits;
    auto first = [&] {
      if (misfits.empty()) return std::string();
      return str_cat(misfits.front().path, misfits.front().path.empty() ? "" : ": ",
                     misfits.front().message);
    };
    if (!schema.one_of.empty() && count_fitting(schema.one_of, node, misfits) != 1) {
      report(position, path, "Invalid value: must fit exactly one of the allowed forms (oneOf)",
             first());
    }
    if (!schema.any_of.empty() && count_fitting(schema.any_of, node, misfits) == 0) {
      report(position, path,
             str_cat("Invalid value: ", show(node), ": fits none of the allowed forms"), first());
    }
    if (!schema.all_of.empty() &&
        count_fitting(schema.all_of, node, misfits) != schema.all_of.size()) {
      report(position, path, "Invalid value: must fit all forms (allOf)", first());
    }
    if (schema.none_of == nullptr) return;
    Findings findings;
    Node copy = node;
    Checker({}, findings).check(*schema.none_of, copy, {}, {});
    if (findings.empty()) report(position, path, "Invalid value: has a forbidden form (not)");
  }

  void check_rules(const Schema& schema, const Node& node, const Path& path, Position position) {
    for (const Schema::Rule& rule : schema.rules) {
      if (rule.about_change) continue;  // about a change; there is no older object
      Result<bool> answer = rule.program.evaluate(node);
      if (answer && *answer) continue;
      std::string message = rule.message;
      if (!answer) {
        message = str_cat("rule evaluation error: ", answer.error().message, " (", message, ")");
      } else if (rule.message_expression) {
        if (auto text = rule.message_expression->evaluate_text(node)) message = *std::move(text);
      }
      bool scalar = !node.is_map() && !node.is_list();
      report(position, path, str_cat("Invalid value: ", scalar ? show(node) + ": " : "", message));
      if (!rule.field_path.empty() && !findings_.empty()) findings_.back().path += rule.field_path;
    }
  }

  std::string_view where_;
  Findings& findings_;
};

}  // namespace

void check(const Schema& schema, Node& object, std::string_view where, Findings& findings) {
  Checker(where, findings).check(schema, object, {}, {});
}

}  // namespace gwanmun::document
