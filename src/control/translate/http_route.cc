// Rules of HTTPRoute.
#include "base/duration.h"
#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

using snapshot::PathMatchKind;

MatchDraft translate_match(const api::HTTPRouteMatch& match, const std::string& path) {
  MatchDraft draft;
  if (match.path) {
    std::string kind = match.path->type.value_or("PathPrefix");
    std::string value = match.path->value.value_or("/");
    if (kind == "RegularExpression") {
      set_path_regex(draft, value, path + ".path.value");
    } else if (kind == "Exact" || kind == "PathPrefix") {
      bool prefix = kind == "PathPrefix";
      while (prefix && value.size() > 1 && value.ends_with('/')) value.pop_back();
      draft.match.path = {prefix ? PathMatchKind::kPrefix : PathMatchKind::kExact, value};
      if (!value.starts_with('/')) {
        draft.broken.note(reason::kUnsupportedValue,
                          path + ".path.value: a path begins with \"/\"");
        draft.nothing_known = true;
      }
    } else {
      draft.broken.note(reason::kUnsupportedValue,
                        str_cat(path, ".path.type: ", kind, " is not supported"));
      draft.nothing_known = true;
    }
  }
  draft.match.method = match.method.value_or("");
  translate_values(match.headers, true, path + ".headers", draft.match.headers, draft.broken);
  translate_values(match.queryParams, false, path + ".queryParams", draft.match.query,
                   draft.broken);
  return draft;
}

std::optional<Milliseconds> duration(const api::Text& text, const std::string& path,
                                     Problem& problem) {
  if (!text) return std::nullopt;
  auto parsed = parse_duration(*text);
  if (!parsed)
    problem.note(reason::kUnsupportedValue, str_cat(path, ": \"", *text, "\" is not a duration"));
  return parsed;
}

void translate_retry(const api::HTTPRouteRetry& retry, const std::string& path,
                     snapshot::Rule& rule, Problem& problem) {
  rule.retry.emplace();
  if (retry.attempts)
    rule.retry->attempts = static_cast<std::uint32_t>(std::max(0, *retry.attempts));
  rule.retry->backoff =
      duration(retry.backoff, path + ".retry.backoff", problem).value_or(rule.retry->backoff);
  rule.retry->codes.assign(retry.codes.begin(), retry.codes.end());
}

void translate_rule(const RouteInput& route, const api::HTTPRouteRule& spec, std::size_t index,
                    RouteRules& out) {
  std::string path = str_cat("spec.rules[", index, "]");
  snapshot::Rule rule;
  rule.origin = route.origin(spec.name.value_or(str_cat("rule[", index, "]")));
  Problem problem;
  if (Problem bad = translate_filters(route, spec.filters, path + ".filters", out, rule.filters))
    problem = bad;
  rule.backends = translate_backends(route, spec.backendRefs, path, out);
  if (spec.timeouts) {
    rule.timeouts.request = duration(spec.timeouts->request, path + ".timeouts.request", problem);
    rule.timeouts.backend_request =
        duration(spec.timeouts->backendRequest, path + ".timeouts.backendRequest", problem);
  }
  if (spec.retry) translate_retry(*spec.retry, path, rule, problem);
  rule.session = translate_session(spec.sessionPersistence, rule.origin, problem);
  std::vector<MatchDraft> matches;
  for (std::size_t i = 0; i < spec.matches.size(); ++i)
    matches.push_back(translate_match(spec.matches[i], str_cat(path, ".matches[", i, "]")));
  if (matches.empty()) matches.emplace_back();
  file_rule(out, std::move(rule), std::move(matches), problem);
}

}  // namespace

std::shared_ptr<const RouteRules> translate_rules(const Context& context,
                                                  const api::HTTPRoute& route) {
  auto out = std::make_shared<RouteRules>();
  out->all_invalid = true;
  RouteInput input{context, RouteKind::kHttp, route.metadata};
  for (std::size_t i = 0; i < route.spec.rules.size(); ++i)
    translate_rule(input, route.spec.rules[i], i, *out);
  finish_rules(*out);
  return out;
}

}  // namespace gwanmun::translate
