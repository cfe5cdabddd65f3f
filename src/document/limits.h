// Every limit of document/, with its reason. Input is a user's file or an API object: wrong, not
// hostile, but a wrong one must not take the program down. Each is tested at the limit.
#pragma once

#include <cstddef>

namespace gwanmun::document {

/// One file: 5,000 routes are 3 MB, a full dump of a large cluster some 100 MB.
inline constexpr std::size_t kMaxFileSize = std::size_t{256} << 20;
/// Lists and maps inside each other; the deepest CRD needs 20. Bounds every recursion here.
inline constexpr int kMaxDepth = 100;
/// Nodes one document may gain by aliases and merge keys ("billion laughs").
inline constexpr std::size_t kMaxAliasNodes = 10'000;
/// Findings about one document; the rest would only repeat the same mistake.
inline constexpr std::size_t kMaxFindings = 100;
/// Documents a LoadCache remembers; beyond that all are read again.
inline constexpr std::size_t kMaxCachedDocuments = 100'000;

/// CEL: characters of a rule, its operators and operands, nesting, and steps one evaluation may
/// take (the API server's own budget is of the same order; the dearest rule of v1.6.1, on a
/// Gateway with 64 listeners, takes some 100,000).
inline constexpr std::size_t kMaxCelLength = 16'384;
inline constexpr std::size_t kMaxCelExpressions = 2'000;
inline constexpr int kMaxCelDepth = 64;
inline constexpr long kMaxCelSteps = 2'000'000;

}  // namespace gwanmun::document
