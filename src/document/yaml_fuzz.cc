// YAML and JSON parsers on anything: no crash, bounded time; what they read, the writers write and
// the parsers read again as the same.
#include <cstdlib>
#include <string_view>

#include "document/parse.h"
#include "document/writer.h"
#include "document/yaml_quick.h"

namespace {

using namespace gwanmun::document;

bool same_place(Position a, Position b) { return a.line == b.line && a.column == b.column; }

/// Same values at the same places.
bool same(const Node& a, const Node& b) {
  if (!(a == b) || !same_place(a.position(), b.position())) return false;
  for (std::size_t i = 0; i < a.items().size(); ++i) {
    if (!same(a.items()[i], b.items()[i])) return false;
  }
  for (std::size_t i = 0; i < a.members().size(); ++i) {
    const Node::Member& x = a.members()[i];
    const Node::Member& y = b.members()[i];
    if (x.key != y.key || !same_place(x.position, y.position) || !same(x.value, y.value))
      return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Piece& piece : split_documents(text)) {
    if (auto quick = parse_yaml_quick(piece)) {
      Parsed full = parse_yaml_full(piece);
      if (!full.complete || !full.faults.empty() || !same(quick->node, full.node)) std::abort();
    }
    for (const Parsed& parsed : parse_piece(piece)) {
      if (!parsed.faults.empty() || !parsed.complete) continue;
      Parsed yaml = parse_yaml({to_yaml(parsed.node), 1});
      if (!yaml.complete || !(yaml.node == parsed.node)) std::abort();
      Parsed json = parse_json({to_json(parsed.node, JsonStyle::kIndented), 1});
      if (!json.complete || !(json.node == parsed.node)) std::abort();
    }
  }
  return 0;
}
