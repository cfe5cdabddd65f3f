// Every limit of the filters, with why. All are tested at the limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gwanmun::filter {

/// Copies of one request. The API allows 16 filters a rule; more mirrors than this are not sent.
inline constexpr std::size_t kMaxMirrors = 16;

/// A CheckResponse or the body of an HTTP authorizer's refusal; beyond it the answer counts as
/// broken and the request is refused.
inline constexpr std::size_t kMaxAuthAnswerBytes = 64 * 1024;
/// Header changes in one CheckResponse.
inline constexpr std::size_t kMaxAuthHeaders = 128;

/// A session token is 51 bytes; anything longer is not ours.
inline constexpr std::size_t kMaxSessionTokenBytes = 64;
/// Cookie pairs looked at to find the session's.
inline constexpr std::size_t kMaxCookiePairs = 256;

}  // namespace gwanmun::filter
