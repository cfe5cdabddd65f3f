// What each filter implements, and how filter.cc makes it from its specification. Internal to this
// folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/filter/filter.h"

namespace gwanmun::filter {

/// One compiled filter: immutable, any thread.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual Verdict on_request(Exchange&) const { return Verdict::kContinue; }
  virtual void on_response(Exchange&, http::ResponseHead&) const {}
};

using FilterPointer = std::unique_ptr<const Filter>;
FilterPointer make_filter(const snapshot::RequestHeaderModifier& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::ResponseHeaderModifier& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::RequestRedirect& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::UrlRewrite& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::Mirror& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::Cors& spec, ClusterIds& clusters);
FilterPointer make_filter(const snapshot::ExternalAuth& spec, ClusterIds& clusters);

/// Fields that frame a message or belong to one connection: connections write them, nobody's
/// configuration and no authorizer may (RFC 9110 §7.6.1).
bool is_connection_field(std::string_view lower_name);

/// A path that may stand in a request line: a "/" is put in front when it has none, and what a path
/// cannot hold (spaces, controls, "?", "#", non-ASCII) is percent-encoded.
std::string clean_path(std::string_view path);

/// RequestRedirect.path and URLRewrite.path.
class PathRewriter {
 public:
  explicit PathRewriter(const snapshot::PathRewrite& spec);
  /// The new path, in the arena or in this object; `path` itself when it is "*" or empty.
  std::string_view apply(std::string_view path, std::uint32_t prefix_length, Arena& arena) const;
  /// How much of apply()'s result takes the place of the prefix.
  std::uint32_t prefix_length() const;

 private:
  snapshot::PathRewriteKind kind_;
  std::string value_;
};

}  // namespace gwanmun::filter
