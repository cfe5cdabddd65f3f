// HostTable: all matches of all rules for one host of one listener, indexed so that a request finds
// its rule without trying them all. Built by the router's compile step, shared between Routers
// while the host's routes stay the same objects. Internal to the router; immutable when built.
//
// How a match is found: paths are grouped (a hash of exact paths and of prefixes, tried from the
// longest; a scan when there are few). A group with many matches is indexed by the most selective
// exact header or query value of each, so that 5,000 matches told apart by a header cost one hash
// look-up. Regular expressions on paths run as one RE2::Set.
#pragma once

#include <re2/set.h>

#include <bitset>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/router_match.h"
#include "proxy/router_table.h"
#include "snapshot/snapshot.h"

namespace gwanmun::proxy {

/// Some candidates, by the exact value of one condition of each.
class ValueIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  /// Fewer candidates than this are tried one by one.
  static constexpr std::uint32_t kMinCandidates = 8;

  explicit ValueIndex(std::span<const Candidate> candidates);
  /// The first candidate whose conditions hold, or kNone.
  std::uint32_t find(std::span<const Candidate> candidates, const RequestView& request) const;

 private:
  struct Condition {  // a header or parameter that some candidates want to have one value
    std::string_view name;
    http::FieldId id = http::FieldId::kOther;
    bool parameter = false;
    StringTable first;  // value to candidate; then next_
  };
  Condition& condition(const ValueTest& test, bool parameter);
  void append(Condition& condition, std::string_view value, std::uint32_t candidate);
  void probe(std::uint32_t first, std::span<const Candidate> candidates, const RequestView& request,
             std::uint32_t& best) const;

  std::vector<Condition> conditions_;
  StringTable header_conditions_;  // by name
  StringTable parameter_conditions_;
  std::vector<std::uint32_t> next_;  // the next candidate with the same value
  std::uint32_t rest_ = kNone;       // the first candidate without an exact condition; then next_
};

class HostTable {
 public:
  using Routes = std::vector<std::shared_ptr<const snapshot::Route>>;

  using RuleOf = std::unordered_map<const snapshot::Rule*, const CompiledRule*>;

  /// `rule_of` maps every rule of the routes; the rules outlive the table.
  HostTable(const Routes& routes, const RuleOf& rule_of);
  HostTable(const HostTable&) = delete;

  struct Hit {
    const Candidate* candidate = nullptr;
    std::uint32_t prefix_length = 0;
  };
  Hit find(const RequestView& request) const;

  /// All matches, most important first.
  std::span<const Candidate> candidates() const { return candidates_; }

 private:
  static constexpr std::size_t kMaxPath = 1024;  // the API's limit; longer ones are scanned
  static constexpr std::size_t kFewGroups = 8;
  static constexpr std::size_t kFewPatterns = 4;

  struct Group {  // candidates [begin, end) share this path
    std::string_view path;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::unique_ptr<const ValueIndex> index;
  };
  struct Pattern {
    const LazyRegex* regex = nullptr;
    std::vector<std::uint32_t> candidates;  // ascending
  };
  struct Prefixes {  // only when there are many
    StringTable groups;
    std::bitset<kMaxPath + 1> lengths;
    std::size_t longest = 0;
  };

  struct Entry;
  static bool precedes(const Entry& a, const Entry& b);
  std::string_view normal_path(const snapshot::PathMatch& path, Arena& arena);
  void add_candidates(std::vector<Entry>& entries, const RuleOf& rule_of);
  std::span<const ValueTest> add_tests(const snapshot::Match& match);
  const LazyRegex* regex(std::string_view pattern);
  void group_paths(std::span<const Entry> entries);
  void add_group(const Entry& entry, std::uint32_t begin, std::uint32_t end);
  void group_patterns(std::uint32_t begin, std::uint32_t end);
  void index_prefixes();

  Hit try_group(const Group& group, const RequestView& request) const;
  Hit find_exact(const RequestView& request) const;
  Hit find_pattern(const RequestView& request) const;
  Hit find_prefix(const RequestView& request) const;
  Hit find_root(const RequestView& request) const;

  std::vector<Candidate> candidates_;
  std::vector<ValueTest> tests_;
  std::vector<std::unique_ptr<const LazyRegex>> regexes_;
  std::vector<std::unique_ptr<const std::string>> paths_;  // those that normalising changed
  std::vector<Group> exact_;
  std::vector<Group> prefixes_;  // longest first, without the root
  Group root_;                   // empty without a match of the root
  std::vector<Pattern> patterns_;
  std::unique_ptr<RE2::Set> pattern_set_;
  std::unique_ptr<StringTable> exact_index_;
  std::unique_ptr<Prefixes> prefix_index_;
  bool grpc_ = false;
};

}  // namespace gwanmun::proxy
