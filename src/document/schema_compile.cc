// OpenAPI v3 structural schemas to Schema; see schema.h. Every keyword is known or refused, so that
// a new release of the CRDs cannot bring one that is silently not judged.
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "document/schema.h"

namespace gwanmun::document {
namespace {

/// Equal patterns share one compiled RE2 for the life of the process: v1.6.1 has 820 patterns and
/// 22 different ones.
Result<const RE2*> shared_pattern(const std::string& text) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<RE2>> patterns;
  std::lock_guard lock(mutex);
  auto& pattern = patterns[text];
  if (pattern == nullptr) pattern = std::make_unique<RE2>(text, RE2::Quiet);
  if (!pattern->ok()) return fail(str_cat("bad pattern ", text, ": ", pattern->error()));
  return pattern.get();
}

class Compiler {
 public:
  Result<Schema> compile(const Node& openapi, const std::string& path) {
    Schema schema;
    if (!openapi.is_map()) return fail(str_cat(path, ": a schema must be a map"));
    for (const Node::Member& member : openapi.members()) {
      GW_TRY([[maybe_unused]] bool done, keyword(schema, member.key, member.value, path));
    }
    for (std::size_t i = 0; i < schema.properties.size(); ++i) {
      if (schema.properties[i].schema.default_value) {
        schema.defaulted.push_back(static_cast<std::uint16_t>(i));
      }
    }
    return schema;
  }

 private:
  Result<bool> keyword(Schema& schema, std::string_view key, const Node& value,
                       const std::string& path) {
    if (key.starts_with("x-kubernetes-")) {
      return extension(schema, key.substr(std::string_view("x-kubernetes-").size()), value, path);
    }
    if (key == "properties") return properties(schema, value, path);
    if (key == "items") return child(schema.items, value, path + "[]");
    if (key == "additionalProperties") return child(schema.additional, value, path + "{}");
    if (key == "not") return child(schema.none_of, value, path);
    if (key == "allOf") return children(schema.all_of, value, path);
    if (key == "anyOf") return children(schema.any_of, value, path);
    if (key == "oneOf") return children(schema.one_of, value, path);
    if (key == "type") return type(schema, value.as_string(), path);
    if (key == "pattern") {
      schema.pattern_text = value.as_string();
      GW_TRY(schema.pattern, shared_pattern(value.as_string()));
      return true;
    }
    return limit(schema, key, value, path);
  }

  static Result<bool> limit(Schema& schema, std::string_view key, const Node& value,
                            const std::string& path) {
    auto count = static_cast<std::size_t>(std::max<std::int64_t>(value.as_integer(), 0));
    if (key == "default") schema.default_value = value;
    else if (key == "enum") schema.enumeration = value.items();
    else if (key == "format") schema.format = value.as_string();
    else if (key == "nullable") schema.nullable = value.as_bool();
    else if (key == "required") schema.required = texts(value);
    else if (key == "minimum") schema.minimum = value.as_number();
    else if (key == "maximum") schema.maximum = value.as_number();
    else if (key == "minLength") schema.min_length = count;
    else if (key == "maxLength") schema.max_length = count;
    else if (key == "minItems" || key == "minProperties") schema.min_items = count;
    else if (key == "maxItems" || key == "maxProperties") schema.max_items = count;
    else if (key != "description" && key != "title") {
      return fail(str_cat(path, ": unknown keyword ", key));
    }
    return true;
  }

  Result<bool> extension(Schema& schema, std::string_view key, const Node& value,
                         const std::string& path) {
    if (key == "validations") return validations(schema, value, path);
    if (key == "int-or-string") {
      schema.int_or_string = value.as_bool();
    } else if (key == "preserve-unknown-fields") {
      schema.preserve_unknown = value.as_bool();
    } else if (key == "list-map-keys") {
      schema.list_map_keys = texts(value);
    } else if (key == "list-type") {
      schema.list_type = value.as_string() == "map"   ? Schema::ListType::kMap
                         : value.as_string() == "set" ? Schema::ListType::kSet
                                                      : Schema::ListType::kAtomic;
    } else if (key != "map-type") {
      return fail(str_cat(path, ": unknown keyword x-kubernetes-", key));
    }
    return true;
  }

  static Result<bool> type(Schema& schema, std::string_view name, const std::string& path) {
    constexpr std::pair<std::string_view, Schema::Type> kTypes[] = {
        {"object", Schema::Type::kObject}, {"array", Schema::Type::kArray},
        {"string", Schema::Type::kString}, {"integer", Schema::Type::kInteger},
        {"number", Schema::Type::kNumber}, {"boolean", Schema::Type::kBoolean},
    };
    for (auto [known, value] : kTypes) {
      if (known != name) continue;
      schema.type = value;
      return true;
    }
    return fail(str_cat(path, ": unknown type ", name));
  }

  Result<bool> properties(Schema& schema, const Node& value, const std::string& path) {
    for (const Node::Member& member : value.members()) {
      std::string inner = path.empty() ? member.key : str_cat(path, ".", member.key);
      GW_TRY(Schema property, compile(member.value, inner));
      schema.properties.push_back({member.key, std::move(property)});
    }
    std::ranges::sort(schema.properties, {}, &Schema::Property::name);
    return true;
  }

  Result<bool> child(std::unique_ptr<Schema>& out, const Node& value, const std::string& path) {
    GW_TRY(Schema schema, compile(value, path));
    out = std::make_unique<Schema>(std::move(schema));
    return true;
  }

  Result<bool> children(std::vector<Schema>& out, const Node& value, const std::string& path) {
    for (const Node& item : value.items()) {
      GW_TRY(Schema schema, compile(item, path));
      out.push_back(std::move(schema));
    }
    return true;
  }

  static Result<bool> validations(Schema& schema, const Node& value, const std::string& path) {
    for (const Node& item : value.items()) {
      auto program = CelProgram::compile(item.text("rule"));
      if (!program)
        return fail(str_cat(path, ": ", item.text("rule"), ": ", program.error().message));
      bool about_change = program->uses_old_self();
      Schema::Rule rule{*std::move(program),
                        {},
                        std::string(item.text("message")),
                        std::string(item.text("fieldPath")),
                        about_change};
      if (rule.message.empty()) rule.message = str_cat("failed rule: ", trim(item.text("rule")));
      if (const Node* expression = item.find("messageExpression")) {
        auto compiled = CelProgram::compile(expression->as_string());
        if (!compiled)
          return fail(str_cat(path, ": messageExpression: ", compiled.error().message));
        rule.message_expression = *std::move(compiled);
      }
      schema.rules.push_back(std::move(rule));
    }
    return true;
  }

  static std::vector<std::string> texts(const Node& list) {
    std::vector<std::string> out;
    for (const Node& item : list.items()) out.push_back(item.as_string());
    return out;
  }
};

}  // namespace

const Schema* Schema::find(std::string_view property) const {
  auto found = std::ranges::lower_bound(properties, property, {}, &Property::name);
  return found == properties.end() || found->name != property ? nullptr : &found->schema;
}

Result<Schema> compile_schema(const Node& openapi) { return Compiler().compile(openapi, {}); }

}  // namespace gwanmun::document
