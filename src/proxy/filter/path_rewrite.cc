// How RequestRedirect and URLRewrite change a path (HTTPPathModifier of the API).
#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

bool is_path_character(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~!$&'()*+,;=:@/%").find(c) != std::string_view::npos;
}

}  // namespace

std::string clean_path(std::string_view path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  if (!path.starts_with('/')) out += '/';
  for (char c : path) {
    if (is_path_character(c)) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

PathRewriter::PathRewriter(const snapshot::PathRewrite& spec)
    : kind_(spec.kind), value_(clean_path(spec.value)) {
  // A prefix takes the place of whole segments: its trailing slash is that of what follows.
  if (kind_ == snapshot::PathRewriteKind::kReplacePrefixMatch && value_.ends_with('/')) {
    value_.pop_back();
  }
}

std::string_view PathRewriter::apply(std::string_view path, std::uint32_t prefix_length,
                                     Arena& arena) const {
  if (!path.starts_with('/')) return path;
  if (kind_ == snapshot::PathRewriteKind::kReplaceFullPath) return value_;
  std::string_view rest = path.substr(std::min<std::size_t>(prefix_length, path.size()));
  if (rest.empty()) return value_.empty() ? std::string_view("/") : value_;
  return value_.empty() ? rest : arena.concat(value_, rest);
}

std::uint32_t PathRewriter::prefix_length() const {
  return kind_ == snapshot::PathRewriteKind::kReplaceFullPath
             ? 0
             : static_cast<std::uint32_t>(value_.size());
}

}  // namespace gwanmun::filter
