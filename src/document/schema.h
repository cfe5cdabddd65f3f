// Schema: what the API server accepts for one version of one kind, compiled from its CRD (or, for
// the core kinds, from schemas/): structural OpenAPI v3 with defaults and CEL rules. check()
// applies and judges; find_schema() is the store. Used by load(), and by tests that compare the
// typed resources of api/ with the schemas.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/cel.h"
#include "document/finding.h"
#include "document/load.h"
#include "document/node.h"

namespace re2 {
class RE2;
}

namespace gwanmun::document {

/// One schema node. Plain data; immutable once compiled.
struct Schema {
  enum class Type : std::uint8_t { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };
  enum class ListType : std::uint8_t { kAtomic, kSet, kMap };

  struct Property;
  struct Rule {
    CelProgram program;
    std::optional<CelProgram> message_expression;
    std::string message;     // "failed rule: ..." where the CRD gives none
    std::string field_path;  // ".spec.x" relative to this node, or empty
    bool about_change;       // speaks of oldSelf
  };

  Type type = Type::kAny;
  bool nullable = false;
  bool int_or_string = false;
  bool preserve_unknown = false;
  ListType list_type = ListType::kAtomic;
  std::vector<Property> properties;      // sorted by name
  std::vector<std::uint16_t> defaulted;  // those of them with a default value
  std::vector<std::string> required;
  std::vector<std::string> list_map_keys;
  std::unique_ptr<Schema> items;
  std::unique_ptr<Schema> additional;  // of a map with free keys
  std::vector<Node> enumeration;
  std::optional<Node> default_value;
  const re2::RE2* pattern = nullptr;  // owned by the process, shared by equal patterns
  std::string pattern_text;
  std::string format;
  std::size_t min_length = 0;  // code points
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  std::size_t min_items = 0;  // of a list, or properties of a map
  std::size_t max_items = std::numeric_limits<std::size_t>::max();
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<Schema> all_of, any_of, one_of;
  std::unique_ptr<Schema> none_of;  // `not`
  std::vector<Rule> rules;

  const Schema* find(std::string_view property) const;
};

struct Schema::Property {
  std::string name;
  Schema schema;
};

/// Compiles an OpenAPI v3 structural schema. Fails naming the place: an unknown keyword, a bad
/// pattern, a CEL rule that does not compile.
Result<Schema> compile_schema(const Node& openapi);

/// Applies defaults in place, then reports everything the API server would refuse about `object`,
/// CEL included. `where` comes before the paths. Nulls of fields that cannot be null are removed,
/// as the API server does.
void check(const Schema& schema, Node& object, std::string_view where, Findings& findings);

/// One served or once served version of a kind.
struct SchemaVersion {
  std::string_view group;
  std::string_view kind;
  std::string_view version;
  std::string_view deprecation;  // what the API server warns about, or empty
  bool namespaced = true;
  bool served = true;
};

/// Every version of every kind of a channel, core kinds included, in no promised order.
const std::vector<SchemaVersion>& schema_versions(Channel channel);

/// nullptr: no such kind or version in this channel. Compiled at first use and kept for the life of
/// the process. Any thread.
const Schema* find_schema(Channel channel, std::string_view group, std::string_view version,
                          std::string_view kind);

/// The schema of `metadata`, the same for every kind.
const Schema& metadata_schema();

}  // namespace gwanmun::document
