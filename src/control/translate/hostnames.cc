// See hostnames.h.
#include "control/translate/hostnames.h"

#include <algorithm>

#include "base/text.h"

namespace gwanmun::translate {

namespace {

bool is_any(std::string_view host) { return host.empty() || host == "*"; }
bool is_wildcard(std::string_view host) { return host.starts_with("*."); }

/// Backwards, so that names under a wildcard follow it in order: "*.b.c" -> "c.b.", any -> "".
std::string reversed(std::string_view host) {
  if (is_any(host)) return "";
  if (is_wildcard(host)) host.remove_prefix(1);
  return {host.rbegin(), host.rend()};
}

}  // namespace

std::string normal_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return to_lower(host);
}

bool covers(std::string_view wide, std::string_view narrow) {
  if (is_any(wide) || wide == narrow) return true;
  if (!is_wildcard(wide) || is_any(narrow)) return false;
  std::string_view suffix = wide.substr(1);  // ".example.com"
  if (is_wildcard(narrow)) narrow.remove_prefix(1);
  return narrow.size() > suffix.size() && narrow.ends_with(suffix);
}

std::optional<std::string> intersect(std::string_view listener, std::string_view route) {
  if (covers(listener, route)) return std::string(is_any(route) ? "*" : route);
  if (covers(route, listener)) return std::string(is_any(listener) ? "*" : listener);
  return std::nullopt;
}

void HostSet::add(std::string_view host) { reversed_.insert(reversed(host)); }
bool HostSet::intersects(std::string_view host) const { return search(host, true); }
bool HostSet::overlaps_other(std::string_view host) const { return search(host, false); }

bool HostSet::search(std::string_view host, bool count_equal) const {
  std::string key = reversed(host);
  // Entries that cover the host: the same name, and each wildcard above it.
  if (count_equal && reversed_.contains(key)) return true;
  if (!key.empty() && reversed_.contains("")) return true;
  for (auto dot = key.find('.'); dot != key.npos && dot + 1 < key.size();
       dot = key.find('.', dot + 1))
    if (reversed_.contains(key.substr(0, dot + 1))) return true;
  // Entries below a wildcard follow it in order.
  if (!key.empty() && key.back() != '.') return false;
  auto next = reversed_.upper_bound(key);
  return next != reversed_.end() && next->starts_with(key);
}

}  // namespace gwanmun::translate
