// Every limit of the file source, with why. Times are milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gwanmun::control {

constexpr std::size_t kMaxFiles = 100'000;           // a wrong directory ("/") ends in an error
constexpr int kMaxDirectoryDepth = 32;               // symbolic links that go in circles
constexpr std::size_t kMaxFileBytes = 256ull << 20;  // 40,000 routes in one file are about 40 MB

constexpr std::size_t kCacheBytes = 64u << 10;  // files above this are read again by document

constexpr std::uint64_t kQuietMs = 3;        // events this close together are one change
constexpr std::uint64_t kMaxBatchMs = 50;    // ... but a long series is served in between
constexpr std::uint64_t kWritingMs = 1'000;  // a file that is open for writing is left alone this
                                             // long after its last write, then read as it is
constexpr std::uint64_t kMissingMs = 250;    // a file that vanished or was emptied may come back:
                                             // git checkout and some editors do that
constexpr std::uint64_t kRescanMs = 10'000;  // safety net for file systems without events
constexpr std::uint64_t kRacyNs =
    20'000'000;  // a file read this soon after its mtime is read again

}  // namespace gwanmun::control
