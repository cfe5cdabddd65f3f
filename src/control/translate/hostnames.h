// Host names with wildcards: which a listener and a route share, and which sets overlap. Pure text;
// names are lower-case without a trailing dot (normal_host makes them so). "" and "*" mean any.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace gwanmun::translate {

std::string normal_host(std::string_view host);

/// "*.example.com" covers "a.example.com", "a.b.example.com" and "*.b.example.com", not
/// "example.com"; equal names cover each other; "" covers all.
bool covers(std::string_view wide, std::string_view narrow);

/// What both admit: the narrower of the two, or nothing (HTTPRouteSpec.hostnames).
std::optional<std::string> intersect(std::string_view listener, std::string_view route);

/// Host names that answer quickly whether another one shares a request's host with any of them.
class HostSet {
 public:
  void add(std::string_view host);
  /// Some name in the set and `host` admit a common host.
  bool intersects(std::string_view host) const;
  /// As intersects(), but an entry equal to `host` does not count.
  bool overlaps_other(std::string_view host) const;
  bool empty() const { return reversed_.empty(); }

 private:
  bool search(std::string_view host, bool count_equal) const;
  std::set<std::string> reversed_;  // "moc.elpmaxe.a"; wildcards end in a dot; any is ""
};

}  // namespace gwanmun::translate
