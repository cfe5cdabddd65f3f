// From a checked document::Node to a typed object, by the field tables. Called by sources and
// tests through decode(); judges nothing that a schema judges.
#include <limits>
#include <type_traits>

#include "api/resource_set.h"
#include "base/text.h"

namespace gwanmun::api {
namespace {

using document::Node;

/// Reads `node` into `out`; on a value of a wrong type returns false with its path in `where`
/// (built from the inside out) and what was expected in `expected`.
struct Reader {
  std::string where;
  const char* expected = "";

  bool wrong(const char* wanted) {
    expected = wanted;
    return false;
  }
  void step_out(std::string_view step) {
    const char* dot = where.empty() || where.front() == '[' ? "" : ".";
    where = str_cat(step, dot, where);
  }

  bool read(const Node& node, std::string& out) {
    if (!node.is_string()) return wrong("a string");
    out = node.as_string();
    return true;
  }
  bool read(const Node& node, bool& out) {
    if (node.kind() != Node::Kind::kBool) return wrong("true or false");
    out = node.as_bool();
    return true;
  }
  template <std::integral T>
  bool read(const Node& node, T& out) {
    if (node.kind() != Node::Kind::kInteger) return wrong("an integer");
    if (!std::in_range<T>(node.as_integer())) return wrong("an integer in range");
    out = static_cast<T>(node.as_integer());
    return true;
  }
  template <class T>
  bool read(const Node& node, std::optional<T>& out) {
    return read(node, out.emplace());
  }
  template <class T>
  bool read(const Node& node, std::vector<T>& out) {
    if (!node.is_list()) return wrong("a list");
    out.clear();
    out.reserve(node.items().size());
    for (const Node& item : node.items()) {
      if (read(item, out.emplace_back())) continue;
      step_out(str_cat("[", out.size() - 1, "]"));
      return false;
    }
    return true;
  }
  bool read(const Node& node, Strings& out) {
    if (!node.is_map()) return wrong("a map");
    out.clear();
    for (const auto& [key, position, value] : node.members()) {
      if (value.is_null() || read(value, out[key])) continue;
      step_out(key);
      return false;
    }
    return true;
  }
  template <Tabled T>
  bool read(const Node& node, T& out) {
    if (!node.is_map()) return wrong("a map");
    bool good = true;
    for_each_field<T>([&](const auto& field) {
      if (!good) return;
      const Node* value = node.find(field.name);
      if (value == nullptr || value->is_null()) return;
      good = read(*value, out.*(field.member));
      if (!good) step_out(field.name);
    });
    return good;
  }
};

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// RFC 4648 §4 with padding; line breaks are skipped, as Kubernetes does.
std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0, padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    int value = sextet(c);
    if (value < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++count == 4) {
      out += static_cast<char>(bits >> 16);
      out += static_cast<char>(bits >> 8 & 0xff);
      out += static_cast<char>(bits & 0xff);
      count = 0, bits = 0;
    }
  }
  if (count == 1 || padding != (4 - count) % 4) return std::nullopt;
  if (count >= 2) out += static_cast<char>(bits >> (count == 2 ? 4 : 10) & 0xff);
  if (count == 3) out += static_cast<char>(bits >> 2 & 0xff);
  return out;
}

template <class T>
Result<void> finish(T&) {
  return {};
}
Result<void> finish(Secret& secret) {
  for (auto& [key, value] : secret.data) {
    auto plain = from_base64(value);
    if (!plain) return fail(str_cat("data.", key, ": expected base64"));
    value = *std::move(plain);
  }
  return {};
}

std::string_view group_of(std::string_view api_version) {
  auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

template <class T>
Result<Resource> decode_as(const Node& node) {
  auto object = std::make_shared<T>();
  Reader reader;
  if (!reader.read(node, *object))
    return fail(str_cat(reader.where, ": expected ", reader.expected));
  if (object->metadata.name.empty()) return fail("metadata.name: required");
  if (auto finished = finish(*object); !finished) return std::unexpected(finished.error());
  return Resource(std::shared_ptr<const T>(std::move(object)));
}

template <class... T>
Result<Resource> decode_any(const Node& node, std::variant<std::shared_ptr<const T>...>*) {
  std::string_view kind = node.text("kind"), group = group_of(node.text("apiVersion"));
  Result<Resource> out = fail(
      str_cat("kind: ", node.text("apiVersion"), " ", kind, " is not a kind this program reads"));
  bool found = false;
  ((!found && kind == T::kKind && group == T::kGroup
        ? (found = true, out = decode_as<T>(node), void())
        : void()),
   ...);
  return out;
}

}  // namespace

Result<Resource> decode(const Node& object) {
  return decode_any(object, static_cast<Resource*>(nullptr));
}

}  // namespace gwanmun::api
