// What HTTPRoute and GRPCRoute rules have in common: values to match, backends, session
// persistence, and where a rule goes that cannot work.
#include <re2/re2.h>

#include <algorithm>
#include <functional>

#include "base/duration.h"
#include "base/text.h"
#include "control/translate/rules.h"
#include "snapshot/limits.h"

namespace gwanmun::translate {

namespace {

/// What RE2 says against an expression, or nothing.
std::string regex_problem(const std::string& text) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(snapshot::kRegexMemory);
  RE2 compiled(text, options);
  return compiled.ok() ? "" : str_cat("not a regular expression (RE2): ", compiled.error());
}

/// The whole path segments that everything the expression matches must begin with; "" when there
/// is none for certain.
std::string literal_prefix(std::string_view regex) {
  if (regex.find('|') != regex.npos) return "";
  if (regex.starts_with('^')) regex.remove_prefix(1);
  std::string out;
  std::size_t i = 0;
  constexpr std::string_view kPlain = "/_~%-@:,;=";
  for (; i < regex.size(); ++i) {
    char c = regex[i];
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 kPlain.find(c) != kPlain.npos;
    if (!plain) break;
    out += c;
  }
  if (i < regex.size() && std::string_view("*?{").find(regex[i]) != std::string_view::npos &&
      !out.empty())
    out.pop_back();
  auto slash = out.rfind('/');
  return slash == out.npos || !out.starts_with('/') ? "" : out.substr(0, slash);
}

/// Told by ResolvedRefs. Reasons compare as text: equal literals may have several addresses.
bool is_reference(const Problem& problem) {
  return problem && std::string_view(problem.reason) == reason::kInvalidKind;
}

/// FNV-1a: the same in every build.
std::uint32_t stable_hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

std::uint64_t hash_of(const snapshot::Match& match) {
  std::string text =
      str_cat(static_cast<int>(match.path.kind), match.path.value, '\0', match.method, '\0');
  auto append = [&text](std::vector<snapshot::ValueMatch> values) {
    std::ranges::sort(values, {}, &snapshot::ValueMatch::name);
    for (const auto& value : values)
      text += str_cat(value.name, '\0', value.regex ? 'r' : 'e', value.value, '\0');
    text += '\1';
  };
  append(match.headers);
  append(match.query);
  return std::hash<std::string>{}(text);
}

}  // namespace

void translate_values(const std::vector<api::NamedValueMatch>& values, bool header,
                      const std::string& path, std::vector<snapshot::ValueMatch>& into,
                      Problem& broken) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& value = values[i];
    std::string here = str_cat(path, "[", i, "]");
    std::string name = header ? to_lower(value.name) : value.name;
    if (header && !is_header_name(name)) {
      broken.note(reason::kUnsupportedValue,
                  str_cat(here, ".name: \"", name, "\" is not a header name"));
      continue;
    }
    if (std::ranges::find(into, name, &snapshot::ValueMatch::name) != into.end()) continue;
    std::string kind = value.type.value_or("Exact");
    std::string wrong;
    if (kind == "RegularExpression") wrong = regex_problem(value.value);
    else if (kind != "Exact") wrong = str_cat("type ", kind, " is not supported");
    if (wrong.empty()) {
      into.push_back({std::move(name), value.value, kind == "RegularExpression"});
    } else {
      broken.note(reason::kUnsupportedValue, str_cat(here, ".value: ", wrong));
      into.push_back({std::move(name), ".*", true});  // at most: the field is there
    }
  }
}

void set_path_regex(MatchDraft& draft, std::string regex, const std::string& path) {
  std::string wrong = regex_problem(regex);
  if (wrong.empty()) {
    draft.match.path = {snapshot::PathMatchKind::kRegex, std::move(regex)};
    return;
  }
  draft.broken.note(reason::kUnsupportedValue, str_cat(path, ": ", wrong));
  draft.match.path = {snapshot::PathMatchKind::kPrefix, literal_prefix(regex)};
  draft.nothing_known |= draft.match.path.value.empty();
}

std::vector<snapshot::Backend> translate_backends(const RouteInput& route,
                                                  const std::vector<api::FilteredBackendRef>& refs,
                                                  const std::string& path, RouteRules& out) {
  std::vector<snapshot::Backend> backends;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    std::string here = str_cat(path, ".backendRefs[", i, "]");
    snapshot::Backend backend;
    backend.weight = static_cast<std::uint32_t>(std::max(0, refs[i].weight.value_or(1)));
    Target target = resolve_backend(route, refs[i], here, out);
    backend.cluster = std::move(target.cluster);
    Problem problem = std::move(target.problem);
    if (Problem bad =
            translate_filters(route, refs[i].filters, here + ".filters", out, backend.filters))
      problem.note(bad.reason, bad.message);
    if (problem) {
      out.refs.also(problem.reason, problem.message);
      backend.status = 500;
      backend.reason = std::move(problem.message);
      backend.filters.clear();
    }
    backends.push_back(std::move(backend));
  }
  return backends;
}

std::optional<snapshot::SessionPersistence> translate_session(
    const std::optional<api::SessionPersistence>& session, const snapshot::Origin& origin,
    Problem& problem) {
  if (!session) return std::nullopt;
  snapshot::SessionPersistence out;
  bool header = session->type.value_or("Cookie") == "Header";
  out.kind = header ? snapshot::SessionPersistence::Kind::kHeader
                    : snapshot::SessionPersistence::Kind::kCookie;
  // The same name for the same rule in every replica, and another one for every other rule.
  std::string usual =
      str_cat(header ? "x-gwanmun-session-" : "gwanmun-session-", stable_hash(to_string(origin)));
  out.name = session->sessionName.value_or(usual);
  if (header) out.name = to_lower(out.name);
  if (!is_header_name(out.name) || (header && is_framing_header(out.name)))
    problem.note(reason::kUnsupportedValue,
                 str_cat("sessionPersistence.sessionName: \"", out.name, "\" cannot be used as a ",
                         header ? "header" : "cookie", " name"));
  out.permanent = session->cookieConfig &&
                  session->cookieConfig->lifetimeType.value_or("Session") == "Permanent";
  if (session->absoluteTimeout) {
    out.absolute_timeout = parse_duration(*session->absoluteTimeout);
    if (!out.absolute_timeout)
      problem.note(reason::kUnsupportedValue, "sessionPersistence.absoluteTimeout: not a duration");
  }
  return out;
}

void file_rule(RouteRules& out, snapshot::Rule rule, std::vector<MatchDraft> matches,
               const Problem& problem) {
  snapshot::Rule broken = rule;
  const std::size_t index = out.seen++;
  Problem first = problem;
  if (problem && !is_reference(problem)) first.message += "; requests of this rule answer 500";
  for (auto& draft : matches) {
    if (draft.broken)
      first.note(draft.broken.reason,
                 str_cat(draft.broken.message,
                         draft.nothing_known ? "; the match is left out, as nothing is known of "
                                               "the requests it is for"
                                             : "; requests it may be for answer 500"));
    if (!draft.broken) rule.matches.push_back(std::move(draft.match));
    else if (!draft.nothing_known) broken.matches.push_back(std::move(draft.match));
  }
  if (problem) {
    rule.status = 500;
    rule.reason = problem.message;
  }
  // A reference is told by ResolvedRefs; everything else makes the rule invalid.
  if (is_reference(first)) out.refs.also(first.reason, first.message);
  else if (first) out.invalid.also(first.reason, first.message);
  bool works = !rule.matches.empty() && (!problem || is_reference(first));
  if (works) out.all_invalid = false;
  if (!broken.matches.empty()) {
    broken.filters.clear();
    broken.backends.clear();
    broken.status = 500;
    broken.reason = first.message;
    out.broken.push_back(std::make_shared<const snapshot::Rule>(std::move(broken)));
  }
  if (rule.matches.empty()) return;
  out.indexes.push_back(index);
  for (const auto& match : rule.matches) out.match_hashes.push_back(hash_of(match));
  out.rules.push_back(std::make_shared<const snapshot::Rule>(std::move(rule)));
}

void finish_rules(RouteRules& out) {
  if (out.seen == 0) out.all_invalid = false;
  if (out.all_invalid) return;
  if (out.invalid) out.invalid.message = str_cat("Dropped Rule: ", out.invalid.message);
}

}  // namespace gwanmun::translate
