// Rules of GRPCRoute. A method match becomes a match on the path "/service/method".
#include <re2/re2.h>

#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

using snapshot::PathMatchKind;

void translate_method(const api::GRPCMethodMatch& method, const std::string& path,
                      MatchDraft& draft) {
  constexpr const char* kAny = "[^/]+";
  std::string service = method.service.value_or(""), name = method.method.value_or("");
  std::string kind = method.type.value_or("Exact");
  if (service.empty() && name.empty()) return;
  if (kind == "RegularExpression") {
    // The plain form first: what can be known of a broken one is read off its beginning.
    std::string plain =
        str_cat("/", service.empty() ? kAny : service, "/", name.empty() ? kAny : name);
    if (RE2(service, RE2::Quiet).ok() && RE2(name, RE2::Quiet).ok())
      plain = str_cat("/(?:", service.empty() ? kAny : service, ")/(?:", name.empty() ? kAny : name,
                      ")");
    set_path_regex(draft, plain, path);
  } else if (kind != "Exact") {
    draft.broken.note(reason::kUnsupportedValue,
                      str_cat(path, ".type: ", kind, " is not supported"));
    draft.nothing_known = true;
  } else if (service.empty()) {
    draft.match.path = {PathMatchKind::kRegex, str_cat("/", kAny, "/", RE2::QuoteMeta(name))};
  } else if (name.empty()) {
    draft.match.path = {PathMatchKind::kPrefix, str_cat("/", service)};
  } else {
    draft.match.path = {PathMatchKind::kExact, str_cat("/", service, "/", name)};
  }
}

void translate_rule(const RouteInput& route, const api::GRPCRouteRule& spec, std::size_t index,
                    RouteRules& out) {
  std::string path = str_cat("spec.rules[", index, "]");
  snapshot::Rule rule;
  rule.origin = route.origin(spec.name.value_or(str_cat("rule[", index, "]")));
  Problem problem;
  if (Problem bad = translate_filters(route, spec.filters, path + ".filters", out, rule.filters))
    problem = bad;
  rule.backends = translate_backends(route, spec.backendRefs, path, out);
  rule.session = translate_session(spec.sessionPersistence, rule.origin, problem);
  std::vector<MatchDraft> matches;
  for (std::size_t i = 0; i < spec.matches.size(); ++i) {
    std::string here = str_cat(path, ".matches[", i, "]");
    MatchDraft& draft = matches.emplace_back();
    if (spec.matches[i].method) translate_method(*spec.matches[i].method, here + ".method", draft);
    translate_values(spec.matches[i].headers, true, here + ".headers", draft.match.headers,
                     draft.broken);
  }
  if (matches.empty()) matches.emplace_back();
  file_rule(out, std::move(rule), std::move(matches), problem);
}

}  // namespace

std::shared_ptr<const RouteRules> translate_rules(const Context& context,
                                                  const api::GRPCRoute& route) {
  auto out = std::make_shared<RouteRules>();
  out->all_invalid = true;
  RouteInput input{context, RouteKind::kGrpc, route.metadata};
  for (std::size_t i = 0; i < route.spec.rules.size(); ++i)
    translate_rule(input, route.spec.rules[i], i, *out);
  finish_rules(*out);
  return out;
}

}  // namespace gwanmun::translate
