// See shadows.h.
#include "control/translate/shadows.h"

#include "base/text.h"
#include "control/translate/limits.h"

namespace gwanmun::translate {

namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2);
  return a * 0xff51afd7ed558ccdu;
}

}  // namespace

void Shadows::add(const RouteView& route, const RouteRules& rules, const Attachment& attachment,
                  Diagnostics& warnings) {
  if (attachment.places.empty()) return;
  std::vector<std::uint64_t> places;
  for (const auto& [listener, host] : attachment.places)
    places.push_back(mix(listener, std::hash<std::string>{}(host)));
  std::size_t next = 0;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const std::size_t first = next;
    next += rules.rules[i]->matches.size();
    const Owner* shadow = nullptr;
    bool reached = false;
    for (std::size_t m = first; m < next && !reached; ++m)
      for (std::uint64_t place : places) {
        auto at = taken_.find(mix(place, rules.match_hashes[m]));
        if (at == taken_.end()) reached = true;
        else shadow = &at->second;
      }
    if (!reached && shadow != nullptr && warnings.size() < kMaxWarnings) {
      bool own = shadow->route == &route;
      std::string other = str_cat("spec.rules[", shadow->rule, "]");
      if (!own)
        other += str_cat(" of ", name_of(shadow->route->kind), " ",
                         api::to_string(shadow->route->meta->key()));
      warnings.push_back(
          {.severity = Severity::kWarning,
           .object = str_cat(name_of(route.kind), " ", api::to_string(route.meta->key())),
           .path = str_cat("spec.rules[", rules.indexes[i], "]"),
           .message = str_cat("no request reaches this rule: ", other, " has the same matches and ",
                              own ? "comes first" : "takes precedence"),
           .hint = own ? "remove it, or make its matches differ"
                       : "remove it, or make its matches differ; between routes the oldest wins, "
                         "then the first by namespace and name"});
    }
    for (std::size_t m = first; m < next; ++m)
      for (std::uint64_t place : places)
        taken_.try_emplace(mix(place, rules.match_hashes[m]), Owner{&route, rules.indexes[i]});
  }
}

}  // namespace gwanmun::translate
