// The schema store: embedded schemas, compiled at first use; see schema.h.
#include "document/schema_store.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include "base/text.h"
#include "document/parse.h"
#include "document/schema.h"

namespace gwanmun::document {
namespace {

std::uint8_t bit_of(Channel channel) {
  return channel == Channel::kStandard ? kInStandard : kInExperimental;
}

const EmbeddedSchema* find_row(Channel channel, std::string_view group, std::string_view version,
                               std::string_view kind) {
  for (const EmbeddedSchema& row : embedded_schemas()) {
    if ((row.channels & bit_of(channel)) != 0 && row.kind == kind && row.version == version &&
        row.group == group) {
      return &row;
    }
  }
  return nullptr;
}

/// Equal schema texts (v1 and v1beta1 of most kinds) are compiled once.
const Schema& compiled(const EmbeddedSchema& row) {
  static std::mutex mutex;
  static std::map<const char*, Schema> schemas;
  std::lock_guard lock(mutex);
  auto found = schemas.find(row.json.data());
  if (found != schemas.end()) return found->second;
  Parsed parsed = parse_json({row.json, 1});
  Result<Schema> schema = compile_schema(parsed.node);
  if (!schema) {
    // The build embedded what this program cannot compile: a test sees to it that this is not
    // shipped.
    std::fprintf(stderr, "gwanmun: schema of %s: %s\n", std::string(row.kind).c_str(),
                 schema.error().message.c_str());
    std::abort();
  }
  return schemas.emplace(row.json.data(), *std::move(schema)).first->second;
}

}  // namespace

const std::vector<SchemaVersion>& schema_versions(Channel channel) {
  auto select = [](Channel wanted) {
    std::vector<SchemaVersion> out;
    for (const EmbeddedSchema& row : embedded_schemas()) {
      if ((row.channels & bit_of(wanted)) == 0 || row.kind == "ObjectMeta") continue;
      out.push_back(
          {row.group, row.kind, row.version, row.deprecation, row.namespaced, row.served});
    }
    return out;
  };
  static const std::vector<SchemaVersion> standard = select(Channel::kStandard);
  static const std::vector<SchemaVersion> experimental = select(Channel::kExperimental);
  return channel == Channel::kStandard ? standard : experimental;
}

const Schema* find_schema(Channel channel, std::string_view group, std::string_view version,
                          std::string_view kind) {
  const EmbeddedSchema* row = find_row(channel, group, version, kind);
  return row == nullptr ? nullptr : &compiled(*row);
}

const Schema& metadata_schema() {
  static const Schema& schema = compiled(*find_row(Channel::kStandard, "", "v1", "ObjectMeta"));
  return schema;
}

}  // namespace gwanmun::document
