// Build tool: CRD files in, one C++ file with their schemas out (EmbeddedSchema rows). Run by
// CMake, never shipped. Usage: embed OUT.cc --standard FILE... --experimental FILE... --core
// FILE... Descriptions are dropped, and equal schemas are stored once.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "document/parse.h"
#include "document/schema_store.h"
#include "document/writer.h"

namespace gwanmun::document {
namespace {

struct Row {
  std::string group, kind, version, deprecation, json;
  unsigned channels = 0;
  bool namespaced = true;
  bool served = true;
};

/// Without what only people read. `description` may also be a property's name: that is a map.
void strip(Node& schema) {
  std::erase_if(schema.members(), [](const Node::Member& member) {
    bool for_people = member.key == "description" || member.key == "title";
    return for_people && member.value.is_string();
  });
  for (Node::Member& member : schema.members()) {
    if (member.key != "default" && member.key != "enum") strip(member.value);
  }
  if (schema.is_list()) {
    for (Node& item : schema.items()) strip(item);
  }
}

class Embedder {
 public:
  bool read(const std::string& path, unsigned channels) {
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    if (!file) return say(path, "cannot be read");
    for (const Piece& piece : split_documents(text)) {
      for (Parsed& parsed : parse_piece(piece)) {
        if (!parsed.complete) return say(path, parsed.faults.back().message);
        if (parsed.node.text("kind") == "CustomResourceDefinition") add(parsed.node, channels);
      }
    }
    return true;
  }

  bool write(const std::string& path) const {
    std::ofstream out(path);
    out << "// Made by src/document/embed from the CRDs of the Gateway API. Do not edit.\n"
           "#include \"document/schema_store.h\"\n\nnamespace gwanmun::document {\nnamespace {\n";
    std::map<std::string, std::size_t> texts;
    for (const Row& row : rows_) {
      if (!texts.emplace(row.json, texts.size()).second) continue;
      out << "const char kSchema" << texts.size() - 1 << "[] =\n";
      // Compilers limit the length of one literal, not of a concatenation of many.
      for (std::size_t at = 0; at < row.json.size(); at += 8000) {
        out << "    R\"~~(" << row.json.substr(at, 8000) << ")~~\"\n";
      }
      out << "    ;\n";
    }
    out << "const EmbeddedSchema kRows[] = {\n";
    for (const Row& row : rows_) {
      out << "    {\"" << row.group << "\", \"" << row.kind << "\", \"" << row.version
          << "\", R\"~~(" << row.deprecation << ")~~\", {kSchema" << texts.at(row.json)
          << ", sizeof kSchema" << texts.at(row.json) << " - 1}, " << row.channels << ", "
          << (row.namespaced ? "true" : "false") << ", " << (row.served ? "true" : "false")
          << "},\n";
    }
    out << "};\n}  // namespace\n\nstd::span<const EmbeddedSchema> embedded_schemas() { return "
           "kRows; }\n\n}  // namespace gwanmun::document\n";
    return out.good();
  }

 private:
  static bool say(const std::string& path, std::string_view what) {
    std::fprintf(stderr, "embed: %s: %.*s\n", path.c_str(), static_cast<int>(what.size()),
                 what.data());
    return false;
  }

  void add(Node& crd, unsigned channels) {
    Node& spec = *crd.find("spec");
    for (Node& version : spec.find("versions")->items()) {
      Node& schema = *version.find("schema")->find("openAPIV3Schema");
      strip(schema);
      // ObjectMeta has a schema of its own.
      if (Node* properties = schema.find("properties");
          properties && properties->find("metadata")) {
        properties->find("metadata")
            ->set("x-kubernetes-preserve-unknown-fields", Node::boolean(true));
      }
      const Node* served = version.find("served");
      rows_.push_back({std::string(spec.text("group")),
                       std::string(spec.find("names")->text("kind")),
                       std::string(version.text("name")),
                       std::string(version.text("deprecationWarning")), to_json(schema), channels,
                       spec.text("scope") != "Cluster", served == nullptr || served->as_bool()});
    }
  }

  std::vector<Row> rows_;
};

}  // namespace
}  // namespace gwanmun::document

int main(int argc, char** argv) {
  using namespace gwanmun::document;
  Embedder embedder;
  unsigned channels = 0;
  for (int i = 2; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--standard") channels = kInStandard;
    else if (argument == "--experimental") channels = kInExperimental;
    else if (argument == "--core") channels = kInStandard | kInExperimental;
    else if (!embedder.read(argument, channels)) return 1;
  }
  return argc > 2 && embedder.write(argv[1]) ? 0 : 1;
}
