#include "proxy/router_host.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "http/uri.h"
#include "proxy/router.h"

namespace gwanmun::proxy {

using snapshot::PathMatchKind;

// ---- order ----

struct HostTable::Entry {
  const snapshot::Rule* rule;
  const snapshot::Match* match;
  std::string_view path;  // normalised, unless it is an expression
  std::uint32_t rank;
  std::uint16_t rule_index;
  std::uint16_t match_index;
  bool grpc;
  std::uint32_t sequence;  // keeps the order total
};

namespace {

/// Smaller is more important. See router.h for the order and its reasons.
int path_class(PathMatchKind kind, bool root, bool grpc) {
  if (kind == PathMatchKind::kExact) return 0;
  if (kind == PathMatchKind::kRegex) return grpc ? 2 : 1;
  return grpc && root ? 3 : grpc ? 1 : 2;
}

}  // namespace

bool HostTable::precedes(const Entry& a, const Entry& b) {
  auto key = [](const Entry& e) {
    const snapshot::Match& m = *e.match;
    bool longest_first = m.path.kind != PathMatchKind::kExact;
    return std::tuple(path_class(m.path.kind, e.path == "/", e.grpc),
                      longest_first ? -std::ssize(e.path) : 0,
                      m.path.kind == PathMatchKind::kRegex ? std::string_view() : e.path,
                      m.method.empty(), -std::ssize(m.headers), -std::ssize(m.query), e.rank,
                      e.rule_index, e.match_index, e.sequence);
  };
  return key(a) < key(b);
}

// ---- building ----

HostTable::HostTable(const Routes& routes, const RuleOf& rule_of) {
  std::vector<Entry> entries;
  Arena arena;
  grpc_ = !routes.empty() && routes.front()->kind == snapshot::RouteKind::kGrpc;
  for (const auto& route : routes) {
    std::uint16_t rule_index = 0;
    for (const auto& rule : route->rules) {
      std::uint16_t match_index = 0;
      for (const snapshot::Match& match : rule->matches) {
        entries.push_back({rule.get(), &match, normal_path(match.path, arena), route->rank,
                           rule_index, match_index++, grpc_,
                           static_cast<std::uint32_t>(entries.size())});
      }
      ++rule_index;
    }
  }
  std::sort(entries.begin(), entries.end(), precedes);
  add_candidates(entries, rule_of);
  group_paths(entries);
}

/// The form that requests' paths are compared in (http/uri.h).
std::string_view HostTable::normal_path(const snapshot::PathMatch& path, Arena& arena) {
  if (path.kind == PathMatchKind::kRegex) return path.value;
  auto normal = http::normalize_path(arena, path.value);
  if (!normal || *normal == path.value) return path.value;  // one that is refused matches nothing
  return *paths_.emplace_back(std::make_unique<const std::string>(*normal));
}

void HostTable::add_candidates(std::vector<Entry>& entries, const RuleOf& rule_of) {
  std::size_t tests = 0;
  for (const Entry& e : entries) tests += e.match->headers.size() + e.match->query.size();
  tests_.reserve(tests);  // candidates point into it
  candidates_.reserve(entries.size());
  for (const Entry& e : entries) {
    candidates_.push_back(
        {rule_of.at(e.rule), e.match, add_tests(*e.match).data(),
         static_cast<std::uint16_t>(e.match->headers.size()),
         static_cast<std::uint16_t>(e.match->query.size()),
         e.match->method.empty() && e.match->headers.empty() && e.match->query.empty()});
  }
}

std::span<const ValueTest> HostTable::add_tests(const snapshot::Match& match) {
  std::size_t first = tests_.size();
  for (const snapshot::ValueMatch& h : match.headers) {
    tests_.push_back({h.name, h.value, h.regex ? regex(h.value) : nullptr, http::field_id(h.name)});
  }
  for (const snapshot::ValueMatch& q : match.query) {
    tests_.push_back({q.name, q.value, q.regex ? regex(q.value) : nullptr});
  }
  return std::span(tests_).subspan(first);
}

const LazyRegex* HostTable::regex(std::string_view pattern) {
  regexes_.push_back(std::make_unique<const LazyRegex>(pattern));
  return regexes_.back().get();
}

void HostTable::group_paths(std::span<const Entry> entries) {
  auto count = static_cast<std::uint32_t>(entries.size());
  for (std::uint32_t begin = 0, end = 0; begin < count; begin = end) {
    const Entry& first = entries[begin];
    PathMatchKind kind = first.match->path.kind;
    end = begin + 1;
    while (end < count && entries[end].match->path.kind == kind &&
           (kind == PathMatchKind::kRegex || entries[end].path == first.path)) {
      ++end;
    }
    kind == PathMatchKind::kRegex ? group_patterns(begin, end) : add_group(first, begin, end);
  }
  if (exact_.size() > kFewGroups) {
    exact_index_ = std::make_unique<StringTable>();
    exact_index_->reserve(exact_.size());
    for (std::uint32_t i = 0; i < exact_.size(); ++i) exact_index_->insert(exact_[i].path, i);
  }
  if (prefixes_.size() > kFewGroups) index_prefixes();
}

void HostTable::add_group(const Entry& entry, std::uint32_t begin, std::uint32_t end) {
  Group group{entry.path, begin, end, nullptr};
  if (end - begin >= ValueIndex::kMinCandidates) {
    group.index =
        std::make_unique<const ValueIndex>(std::span(candidates_).subspan(begin, end - begin));
  }
  if (entry.match->path.kind == PathMatchKind::kExact) {
    exact_.push_back(std::move(group));
  } else if (entry.path == "/") {
    root_ = std::move(group);
  } else {
    prefixes_.push_back(std::move(group));
  }
}

void HostTable::group_patterns(std::uint32_t begin, std::uint32_t end) {
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::uint32_t i = begin; i < end; ++i) {
    std::string_view pattern = candidates_[i].match->path.value;
    auto [found, added] = known.emplace(pattern, patterns_.size());
    if (added) patterns_.push_back({regex(pattern), {}});
    patterns_[found->second].candidates.push_back(i);
  }
  if (patterns_.size() <= kFewPatterns) return;
  auto set = std::make_unique<RE2::Set>(regex_options(kRegexSetMemory), RE2::ANCHOR_BOTH);
  for (const Pattern& pattern : patterns_) {
    std::string_view text = pattern.regex->pattern();
    // An expression that is not one matches nothing; the set's numbers must stay ours.
    if (set->Add(re2::StringPiece(text.data(), text.size()), nullptr) < 0) {
      set->Add("[^\\x00-\\x{10FFFF}]", nullptr);
    }
  }
  if (set->Compile()) pattern_set_ = std::move(set);
}

void HostTable::index_prefixes() {
  prefix_index_ = std::make_unique<Prefixes>();
  prefix_index_->groups.reserve(prefixes_.size());
  for (std::uint32_t i = 0; i < prefixes_.size(); ++i) {
    std::string_view path = prefixes_[i].path;
    prefix_index_->groups.insert(path, i);
    prefix_index_->longest = std::max(prefix_index_->longest, path.size());
    prefix_index_->lengths.set(std::min(path.size(), kMaxPath));
  }
  if (prefix_index_->longest > kMaxPath) prefix_index_.reset();
}

// ---- finding ----

HostTable::Hit HostTable::try_group(const Group& group, const RequestView& request) const {
  auto candidates = std::span(candidates_).subspan(group.begin, group.end - group.begin);
  const Candidate* found = nullptr;
  if (group.index) {
    std::uint32_t at = group.index->find(candidates, request);
    if (at != ValueIndex::kNone) found = &candidates[at];
  } else {
    for (const Candidate& candidate : candidates) {
      if (!check_conditions(candidate, request)) continue;
      found = &candidate;
      break;
    }
  }
  if (!found) return {};
  bool prefix = found->match->path.kind == PathMatchKind::kPrefix && group.path != "/";
  return {found, prefix ? static_cast<std::uint32_t>(group.path.size()) : 0};
}

HostTable::Hit HostTable::find_exact(const RequestView& request) const {
  if (exact_index_) {
    std::uint32_t found = exact_index_->find(request.path());
    return found == StringTable::kNone ? Hit{} : try_group(exact_[found], request);
  }
  for (const Group& group : exact_) {
    if (group.path == request.path()) return try_group(group, request);
  }
  return {};
}

HostTable::Hit HostTable::find_pattern(const RequestView& request) const {
  std::uint32_t best = ValueIndex::kNone;
  auto consider = [&](const Pattern& pattern) {
    for (std::uint32_t i : pattern.candidates) {
      if (i >= best) return;
      if (!check_conditions(candidates_[i], request)) continue;
      best = i;
      return;
    }
  };
  thread_local std::vector<int> hits;  // keeps its memory from request to request
  hits.clear();
  RE2::Set::ErrorInfo error{RE2::Set::kNoError};
  if (pattern_set_) {
    pattern_set_->Match(re2::StringPiece(request.path().data(), request.path().size()), &hits,
                        &error);
    for (int i : hits) consider(patterns_[static_cast<std::size_t>(i)]);
  }
  if (!pattern_set_ || error.kind != RE2::Set::kNoError) {
    // Few, or the set ran out of memory for its automaton: never skip a rule for that.
    for (const Pattern& pattern : patterns_) {
      if (pattern.regex->full_match(request.path())) consider(pattern);
    }
  }
  return best == ValueIndex::kNone ? Hit{} : Hit{&candidates_[best], 0};
}

HostTable::Hit HostTable::find_prefix(const RequestView& request) const {
  std::string_view path = request.path();
  if (!prefix_index_) {
    for (const Group& group : prefixes_) {
      if (!covers(group.path, path)) continue;
      if (Hit hit = try_group(group, request); hit.candidate) return hit;
    }
    return {};
  }
  for (std::size_t size = std::min(path.size(), prefix_index_->longest); size > 0; --size) {
    if (size < path.size() && path[size] != '/') continue;
    if (!prefix_index_->lengths.test(size)) continue;
    std::uint32_t found = prefix_index_->groups.find(path.substr(0, size));
    if (found == StringTable::kNone) continue;
    if (Hit hit = try_group(prefixes_[found], request); hit.candidate) return hit;
  }
  return {};
}

HostTable::Hit HostTable::find_root(const RequestView& request) const {
  return root_.end > root_.begin ? try_group(root_, request) : Hit{};
}

HostTable::Hit HostTable::find(const RequestView& request) const {
  Hit hit;
  if (!exact_.empty()) hit = find_exact(request);
  if (!hit.candidate && !grpc_ && !patterns_.empty()) hit = find_pattern(request);
  if (!hit.candidate && !prefixes_.empty()) hit = find_prefix(request);
  if (!hit.candidate && grpc_ && !patterns_.empty()) hit = find_pattern(request);
  if (!hit.candidate) hit = find_root(request);
  return hit;
}

// ---- many matches on one path ----

namespace {

struct Selectivity {  // how many candidates want this value of this condition
  std::unordered_map<std::string_view, std::unordered_map<std::string_view, std::uint32_t>> headers;
  std::unordered_map<std::string_view, std::unordered_map<std::string_view, std::uint32_t>>
      parameters;

  explicit Selectivity(std::span<const Candidate> candidates) {
    for (const Candidate& candidate : candidates) {
      for (const ValueTest& test : candidate.header_tests()) ++headers[test.name][test.value];
      for (const ValueTest& test : candidate.parameter_tests()) ++parameters[test.name][test.value];
    }
  }
};

struct Choice {
  const ValueTest* test = nullptr;
  bool parameter = false;
  std::uint32_t shared = ~std::uint32_t{0};

  void offer(const ValueTest& offered, bool is_parameter, std::uint32_t count) {
    if (!offered.regex && count < shared) *this = {&offered, is_parameter, count};
  }
};

}  // namespace

ValueIndex::ValueIndex(std::span<const Candidate> candidates) : next_(candidates.size(), kNone) {
  Selectivity selectivity(candidates);
  std::uint32_t last_of_rest = kNone;
  // From the last to the first, so that each chain can be built by putting in front.
  for (auto i = static_cast<std::uint32_t>(candidates.size()); i-- > 0;) {
    Choice choice;
    for (const ValueTest& test : candidates[i].header_tests()) {
      choice.offer(test, false, selectivity.headers[test.name][test.value]);
    }
    for (const ValueTest& test : candidates[i].parameter_tests()) {
      choice.offer(test, true, selectivity.parameters[test.name][test.value]);
    }
    if (choice.test) {
      append(condition(*choice.test, choice.parameter), choice.test->value, i);
    } else {
      next_[i] = last_of_rest;
      last_of_rest = i;
    }
  }
  rest_ = last_of_rest;
}

ValueIndex::Condition& ValueIndex::condition(const ValueTest& test, bool parameter) {
  auto& names = parameter ? parameter_conditions_ : header_conditions_;
  std::uint32_t at = names.insert(test.name, static_cast<std::uint32_t>(conditions_.size()));
  if (at == conditions_.size()) conditions_.push_back({test.name, test.id, parameter, {}});
  return conditions_[at];
}

void ValueIndex::append(Condition& condition, std::string_view value, std::uint32_t candidate) {
  std::uint32_t& first = condition.first.insert(value, candidate);
  if (first == candidate) return;
  next_[candidate] = first;
  first = candidate;
}

void ValueIndex::probe(std::uint32_t first, std::span<const Candidate> candidates,
                       const RequestView& request, std::uint32_t& best) const {
  for (std::uint32_t i = first; i < best; i = next_[i]) {  // kNone is never below best
    if (!check_conditions(candidates[i], request)) continue;
    best = i;
    return;
  }
}

std::uint32_t ValueIndex::find(std::span<const Candidate> candidates,
                               const RequestView& request) const {
  std::uint32_t best = kNone;
  auto try_value = [&](const Condition& c, const std::optional<std::string_view>& value) {
    if (!value) return;
    std::uint32_t first = c.first.find(*value);
    if (first != StringTable::kNone) probe(first, candidates, request, best);
  };
  if (conditions_.size() <= kMinCandidates) {
    for (const Condition& c : conditions_) {
      try_value(c, c.parameter ? request.parameter(c.name) : request.header(c.name, c.id));
    }
  } else {
    // Many names: ask for those that the request has.
    for (const http::Field& field : request.headers()) {
      std::uint32_t found = header_conditions_.find(field.name);
      if (found == StringTable::kNone) continue;
      try_value(conditions_[found], request.header(field.name, field.id));
    }
    for (const RequestView::Parameter& parameter : request.parameters()) {
      std::uint32_t found = parameter_conditions_.find(parameter.name);
      if (found == StringTable::kNone) continue;
      try_value(conditions_[found], request.parameter(parameter.name));
    }
  }
  probe(rest_, candidates, request, best);
  return best;
}

}  // namespace gwanmun::proxy
