// Limits of translation. The API's own limits (counts of rules, listeners, lengths) are in the
// CRDs, which document/ applies.
#pragma once

#include <cstddef>

namespace gwanmun::translate {

/// A Secret or ConfigMap holds at most 1 MiB; a certificate chain has no use for that much.
inline constexpr std::size_t kMaxPemBytes = 256 * 1024;
inline constexpr int kMaxChainCertificates = 512;  // a CA bundle of an operating system has ~150
/// A condition's message grows no further by other problems of the same kind (the API server takes
/// 32,768 characters).
inline constexpr std::size_t kMaxMessage = 2000;
/// Warnings of one translation; what comes after is counted, not told.
inline constexpr std::size_t kMaxWarnings = 1000;

}  // namespace gwanmun::translate
