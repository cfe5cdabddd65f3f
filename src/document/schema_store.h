// The schemas embedded in the program: rows made at build time by embed/main.cc from the CRD files
// and from schemas/. Used by schema_store.cc only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gwanmun::document {

constexpr std::uint8_t kInStandard = 1;
constexpr std::uint8_t kInExperimental = 2;

struct EmbeddedSchema {
  std::string_view group;
  std::string_view kind;
  std::string_view version;
  std::string_view deprecation;
  std::string_view json;  // the OpenAPI schema, without descriptions
  std::uint8_t channels;
  bool namespaced;
  bool served;
};

std::span<const EmbeddedSchema> embedded_schemas();

}  // namespace gwanmun::document
