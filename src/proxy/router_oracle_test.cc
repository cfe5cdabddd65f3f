// The compiled router against a slow, literal reading of the specification, on generated routes and
// requests. The oracle looks at every match of every route and sorts by the sentences of
// HTTPRouteRule.matches and GRPCRouteRule.matches; it shares no code with the router.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <regex>

#include "proxy/router_for_test.h"

namespace gwanmun::proxy {
namespace {

using namespace testing;  // NOLINT: the builders

// ---- the specification, literally ----

struct Spec {
  const snapshot::Snapshot& snapshot;
  const http::RequestHead& request;
  std::string host;

  static bool covers_host(const std::string& pattern, const std::string& name) {
    if (pattern.empty() || pattern == "*") return true;
    if (!pattern.starts_with("*.")) return pattern == name;
    std::string suffix = pattern.substr(1);
    return name.size() > suffix.size() && name.ends_with(suffix);
  }
  /// "Characters in a matching non-wildcard hostname", then "characters in a matching hostname".
  static std::pair<std::size_t, std::size_t> host_rank(const std::string& pattern) {
    bool any = pattern.empty() || pattern == "*";
    bool wildcard = pattern.starts_with("*");
    return {wildcard || any ? 0 : pattern.size(), any ? 0 : pattern.size()};
  }

  static std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out;
    for (std::string_view piece : split(path, '/')) out.emplace_back(piece);
    return out;
  }

  bool path_matches(const snapshot::PathMatch& match) const {
    std::string path(request.path);
    if (match.kind == PathMatchKind::kExact) return path == match.value;
    if (match.kind == PathMatchKind::kRegex) return std::regex_match(path, std::regex(match.value));
    if (match.value == "/") return true;
    auto wanted = segments(match.value), given = segments(path);
    return wanted.size() <= given.size() && std::equal(wanted.begin(), wanted.end(), given.begin());
  }

  static bool value_matches(const ValueMatch& match, const std::string& value) {
    return match.regex ? std::regex_match(value, std::regex(match.value)) : value == match.value;
  }

  bool header_matches(const ValueMatch& match) const {
    std::string joined;
    int count = 0;
    for (const http::Field& field : request.headers) {
      if (field.name != match.name) continue;
      joined += (count++ == 0 ? "" : ", ") + std::string(field.value);
    }
    return count > 0 && value_matches(match, joined);
  }

  bool query_matches(const ValueMatch& match) const {
    for (std::string_view pair : split(request.query, '&')) {
      std::size_t equals = pair.find('=');
      if (pair.substr(0, equals) != match.name) continue;
      return value_matches(match, equals == pair.npos ? "" : std::string(pair.substr(equals + 1)));
    }
    return false;
  }

  bool matches(const Match& match) const {
    return path_matches(match.path) && (match.method.empty() || match.method == request.method) &&
           std::ranges::all_of(match.headers, [&](auto& h) { return header_matches(h); }) &&
           std::ranges::all_of(match.query, [&](auto& q) { return query_matches(q); });
  }

  struct Found {
    std::pair<std::size_t, std::size_t> host;
    const Match* match;
    const snapshot::Route* route;
    std::size_t rule, index;
  };

  static bool better(const Found& a, const Found& b) {
    if (a.host != b.host) return a.host > b.host;
    auto kind = [](const Found& f) { return f.match->path.kind; };
    auto length = [](const Found& f) { return f.match->path.value.size(); };
    if (a.route->kind == snapshot::RouteKind::kHttp) {
      for (auto wanted : {PathMatchKind::kExact, PathMatchKind::kRegex}) {
        if ((kind(a) == wanted) != (kind(b) == wanted)) return kind(a) == wanted;
      }
      if (length(a) != length(b)) return length(a) > length(b);
    } else {
      auto service = [&](const Found& f) {
        if (kind(f) == PathMatchKind::kRegex) return std::size_t{0};
        std::string_view path = std::string_view(f.match->path.value).substr(1);
        return path.substr(0, path.find('/')).size();
      };
      auto method = [&](const Found& f) {
        if (kind(f) == PathMatchKind::kRegex) return length(f);
        return length(f) - 1 - service(f);
      };
      if (service(a) != service(b)) return service(a) > service(b);
      if (method(a) != method(b)) return method(a) > method(b);
    }
    if (a.match->method.empty() != b.match->method.empty()) return !a.match->method.empty();
    if (a.match->headers.size() != b.match->headers.size()) {
      return a.match->headers.size() > b.match->headers.size();
    }
    if (a.match->query.size() != b.match->query.size()) {
      return a.match->query.size() > b.match->query.size();
    }
    return std::tuple(a.route->rank, a.rule, a.index) < std::tuple(b.route->rank, b.rule, b.index);
  }

  const Match* find() const {
    const snapshot::Listener* listener = nullptr;
    for (const auto& candidate : snapshot.listeners) {
      if (!covers_host(candidate->hostname, host)) continue;
      if (!listener || host_rank(candidate->hostname) > host_rank(listener->hostname)) {
        listener = candidate.get();
      }
    }
    if (!listener) return nullptr;
    std::vector<Found> found;
    for (const auto& [pattern, routes] : listener->hosts) {
      if (!covers_host(pattern, host)) continue;
      for (const auto& route : routes) {
        for (std::size_t r = 0; r < route->rules.size(); ++r) {
          const auto& all = route->rules[r]->matches;
          for (std::size_t i = 0; i < all.size(); ++i) {
            if (matches(all[i])) found.push_back({host_rank(pattern), &all[i], route.get(), r, i});
          }
        }
      }
    }
    if (found.empty()) return nullptr;
    return std::ranges::min_element(found, better)->match;
  }
};

// ---- generated worlds: few words, so that they meet often ----

class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {}

  std::shared_ptr<const snapshot::Snapshot> make() {
    kind_ = chance(4) ? snapshot::RouteKind::kGrpc : snapshot::RouteKind::kHttp;
    matches_a_host_ = chance(3) ? 60 : 6;
    std::vector<std::shared_ptr<const snapshot::Listener>> listeners;
    std::vector<std::string> hostnames = {"", "*.b.c", "a.b.c", "*.a.b.c", "x.y"};
    std::ranges::shuffle(hostnames, random_);
    hostnames.resize(1 + below(hostnames.size()));
    for (const std::string& hostname : hostnames) {
      snapshot::HostTable hosts;
      std::uint32_t rank = 0;
      for (std::size_t i = 0, n = below(4); i <= n; ++i) {
        auto& routes = hosts[host_pattern()];
        for (std::size_t k = 0, m = below(3); k <= m; ++k) routes.push_back(route(rank++));
      }
      listeners.push_back(make_listener(hostname, hostname, std::move(hosts)));
    }
    return make_snapshot(std::move(listeners));
  }

  std::unique_ptr<TestRequest> request() {
    std::string target = path(below(4));
    if (chance(2)) {
      target += "?";
      for (std::size_t i = 0, n = below(3); i <= n; ++i) {
        target += (i ? "&" : "") + pick({"a", "b", "c"}) + (chance(8) ? "" : "=" + word());
      }
    }
    auto request = std::make_unique<TestRequest>(host(), target, pick({"GET", "POST", "PUT"}));
    for (std::size_t i = 0, n = below(5); i < n; ++i) request->header(name(), word());
    return request;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<const char*> words) {
    return words.begin()[below(words.size())];
  }
  std::string word() { return pick({"1", "2", "3", "v1", "v22", "x"}); }
  std::string name() { return pick({"h-a", "h-b", "accept", "cookie"}); }
  std::string host() { return pick({"a.b.c", "x.b.c", "q.a.b.c", "b.c", "x.y", "z.x.y", "other"}); }
  std::string host_pattern() {
    return pick({"*", "*.b.c", "a.b.c", "*.a.b.c", "x.b.c", "x.y", "*.y"});
  }

  std::string path(std::size_t depth) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += "/" + pick({"a", "b", "ab", "v1"});
    return out.empty() || chance(8) ? out + "/" : out;
  }
  std::string stored_path(std::size_t depth, bool may_end_in_slash) {
    std::string out = path(depth);
    while (!may_end_in_slash && out.size() > 1 && out.ends_with('/')) out.pop_back();
    return out;
  }

  ValueMatch value(std::string name) {
    if (chance(4)) return {std::move(name), pick({"v[0-9]+", ".*", "1|2", "[^1]"}), true};
    return {std::move(name), word(), false};
  }

  snapshot::PathMatch path_match() {
    if (kind_ == snapshot::RouteKind::kGrpc) {
      std::string service = "/" + pick({"a", "b", "ab"});
      if (chance(3)) return {PathMatchKind::kPrefix, service};
      if (chance(3)) return {PathMatchKind::kRegex, "/[^/]+/" + pick({"a", "b"})};
      if (chance(3)) return {PathMatchKind::kPrefix, "/"};
      return {PathMatchKind::kExact, service + "/" + pick({"a", "b", "v1"})};
    }
    if (chance(3)) return {PathMatchKind::kExact, stored_path(below(4), true)};
    if (chance(4)) {
      return {PathMatchKind::kRegex, pick({"/a/.*", "/[ab]+", ".*", "/a(/b)?", "/v[0-9]+", "/.*/b",
                                           "/a/a|/b/b", "/(a|ab)/.*"})};
    }
    return {PathMatchKind::kPrefix, stored_path(below(4), false)};
  }

  Match match() {
    Match made{.path = path_match()};
    if (kind_ == snapshot::RouteKind::kHttp && chance(4)) made.method = pick({"GET", "POST"});
    std::vector<std::string> names = {"h-a", "h-b", "accept", "cookie"};
    std::ranges::shuffle(names, random_);
    for (std::size_t i = 0, n = below(3); i < n; ++i) made.headers.push_back(value(names[i]));
    if (kind_ == snapshot::RouteKind::kHttp && chance(3)) {
      made.query.push_back(value(pick({"a", "b"})));
    }
    return made;
  }

  std::shared_ptr<snapshot::Route> route(std::uint32_t rank) {
    std::vector<std::shared_ptr<const snapshot::Rule>> rules;
    for (std::size_t i = 0, n = below(3); i <= n; ++i) {
      std::vector<Match> matches;
      for (std::size_t k = 0, m = below(matches_a_host_); k <= m; ++k) matches.push_back(match());
      rules.push_back(make_rule(str_cat("r", next_++), std::move(matches)));
    }
    return make_route(rank, std::move(rules), kind_);
  }

  std::mt19937 random_;
  snapshot::RouteKind kind_ = snapshot::RouteKind::kHttp;
  std::size_t matches_a_host_ = 6;
  int next_ = 0;
};

std::string describe(const Match* match) {
  if (!match) return "nothing";
  std::string out =
      str_cat(static_cast<int>(match->path.kind), " ", match->path.value, " ", match->method);
  for (const auto& h : match->headers) out += str_cat(" h:", h.name, "=", h.value);
  for (const auto& q : match->query) out += str_cat(" q:", q.name, "=", q.value);
  return out;
}

TEST(RouterOracle, AgreesOnGeneratedWorlds) {
  std::shared_ptr<const Router> previous;
  int matched = 0, total = 0;
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    World world(seed);
    auto snapshot = world.make();
    // Every other one grows out of the Router before, to check what that shares.
    auto router = Router::compile(snapshot, seed % 2 ? nullptr : previous.get());
    for (int i = 0; i < 40; ++i) {
      auto request = world.request();
      RouteMatch got = router->port("", 80)->match(request->head);
      const Match* want =
          Spec{*snapshot, request->head, std::string(request->head.authority)}.find();
      ++total;
      matched += want != nullptr;
      ASSERT_EQ(got.match, want) << "seed " << seed << " request " << i << ": "
                                 << request->head.authority << " " << request->head.method << " "
                                 << request->head.path << "?" << request->head.query << "\n got "
                                 << describe(got.match) << "\nwant " << describe(want);
    }
    previous = router;
  }
  EXPECT_GT(matched, total / 4) << "the worlds must not be empty";
  EXPECT_LT(matched, total);
}

}  // namespace
}  // namespace gwanmun::proxy
