// One match of a rule against one request: the conditions a request must meet besides being found
// by its path. Used by the host tables (router_host) and by whoever explains why a match lost: both
// run the same functions. Internal to the router.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "http/message.h"
#include "snapshot/limits.h"
#include "snapshot/snapshot.h"

namespace gwanmun::proxy {

struct CompiledRule;

/// Memory for the automaton of one expression (RE2 falls back to a slower, still linear, search
/// beyond it), and of a set of them.
inline constexpr std::int64_t kRegexMemory = snapshot::kRegexMemory;
inline constexpr std::int64_t kRegexSetMemory = 16 << 20;

/// The options that every expression of a route is compiled with.
RE2::Options regex_options(std::int64_t memory);

/// An expression compiled when first needed. Any thread. The pattern's memory is the snapshot's.
class LazyRegex {
 public:
  explicit LazyRegex(std::string_view pattern) : pattern_(pattern) {}
  /// The whole text must match. An expression that does not compile matches nothing.
  bool full_match(std::string_view text) const;
  std::string_view pattern() const { return pattern_; }

 private:
  std::string_view pattern_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<RE2> regex_;
};

/// A header or query parameter that must have a value.
struct ValueTest {
  std::string_view name;
  std::string_view value;
  const LazyRegex* regex = nullptr;  // nullptr: equal to `value`
  http::FieldId id = http::FieldId::kOther;
};

/// A match of a rule in the order of precedence. `tests` are the headers, then the parameters.
struct Candidate {
  const CompiledRule* rule = nullptr;
  const snapshot::Match* match = nullptr;
  const ValueTest* tests = nullptr;
  std::uint16_t headers = 0;
  std::uint16_t parameters = 0;
  bool plain = false;  // no condition but the path

  std::span<const ValueTest> header_tests() const { return {tests, headers}; }
  std::span<const ValueTest> parameter_tests() const { return {tests + headers, parameters}; }
};

/// A request as matches see it; parses the query when first asked.
class RequestView {
 public:
  explicit RequestView(const http::RequestHead& head) : head_(head) {}

  std::string_view path() const { return head_.path; }
  std::string_view method() const { return head_.method; }
  const http::Headers& headers() const { return head_.headers; }
  /// The value of a header, several joined by ", "; nothing when it is absent.
  std::optional<std::string_view> header(std::string_view name, http::FieldId id) const;
  /// The first value of a query parameter, decoded; nothing when it is absent.
  std::optional<std::string_view> parameter(std::string_view name) const;

  struct Parameter {
    std::string_view name;
    std::string_view value;
  };
  std::span<const Parameter> parameters() const;

 private:
  const http::RequestHead& head_;
  mutable const Parameter* parameters_ = nullptr;
  mutable std::uint32_t parameter_count_ = 0;
  mutable bool parsed_ = false;
};

/// Query parameters beyond this many are not looked at.
inline constexpr std::uint32_t kMaxParameters = 256;

/// The first condition that a request does not meet, in this order.
enum class Mismatch : std::uint8_t { kNone, kPath, kMethod, kHeader, kParameter };

struct MatchResult {
  Mismatch mismatch = Mismatch::kNone;
  std::uint16_t index = 0;  // of the header or parameter test
  explicit operator bool() const { return mismatch == Mismatch::kNone; }
};

/// Method, headers and parameters; the path has been judged by the caller.
MatchResult check_conditions(const Candidate& candidate, const RequestView& request);

/// Whether whole segments of `path` start with `prefix` ("/" covers everything, also "*").
bool covers(std::string_view prefix, std::string_view path);

}  // namespace gwanmun::proxy
