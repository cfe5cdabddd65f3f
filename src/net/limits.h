// Every limit of the network layer, with why. All are tested at the limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gwanmun::net {

// ---- reading and writing ----

/// Reads of one stream in one tick before the others get their turn.
inline constexpr int kReadsPerTick = 4;
/// Staged output is kept in blocks of this size (with their header), from the loop's free list.
inline constexpr std::size_t kBlockBytes = 16 * 1024;
/// Free blocks a loop keeps; more go back to the system.
inline constexpr std::size_t kFreeBlocks = 64;
/// A write at least this large goes to the kernel at once, without the copy into a block.
inline constexpr std::size_t kDirectWriteBytes = 8 * 1024;
/// Pieces of one gathered write.
inline constexpr std::size_t kWritePieces = 16;
/// on_writable() comes when staged bytes fall to the low mark after having been above the high one.
/// A user that holds back earlier than the high mark must not wait for on_writable().
inline constexpr std::size_t kHighWaterBytes = 32 * 1024;
inline constexpr std::size_t kLowWaterBytes = 16 * 1024;

// ---- the loop ----

inline constexpr int kEventsPerTick = 256;
/// So many connections with staged output are flushed at once, before the end of the tick: their
/// blocks are still in the cache then, and are used again for the next ones.
inline constexpr std::size_t kFlushBatch = 16;
/// Rounds of deferred work (more to read, more to accept) in one tick: what is left waits until
/// new events had their turn.
inline constexpr int kDeferredRounds = 2;
/// Rounds of flushes in one tick: a flush may make room that is written into at once.
inline constexpr int kFlushRounds = 8;

// ---- closing gracefully ----

/// How long the peer may take to close after our FIN, while what it sends is discarded.
inline constexpr std::uint64_t kLingerMs = 1'000;
/// How long the peer may take none of what is still staged, and how long all of it may take.
inline constexpr std::uint64_t kLingerStallMs = 10'000;
inline constexpr std::uint64_t kLingerTotalMs = 60'000;
/// Bytes discarded from a peer that does not stop sending.
inline constexpr std::size_t kLingerBytes = 1024 * 1024;
/// Connections lingering at once on one loop; beyond this they are closed without waiting.
inline constexpr std::size_t kLingerConnections = 1'024;

// ---- accepting and connecting ----

inline constexpr int kListenBacklog = 4'096;  // the kernel cuts it to net.core.somaxconn
/// Connections accepted in one tick before running connections get their turn.
inline constexpr int kAcceptsPerTick = 64;
/// Pause after running out of descriptors or memory, instead of spinning.
inline constexpr std::uint64_t kAcceptBackoffMs = 100;
inline constexpr std::uint64_t kConnectTimeoutMs = 5'000;
/// TCP keep-alive: detects peers that vanished without a FIN, in about two minutes.
inline constexpr int kKeepAliveIdleSeconds = 60;
inline constexpr int kKeepAliveIntervalSeconds = 15;
inline constexpr int kKeepAliveProbes = 4;

// ---- coroutine frames ----

/// Frames up to this size are recycled, so many of each size class.
inline constexpr std::size_t kPooledFrameBytes = 4 * 1024;
inline constexpr std::size_t kFreeFrames = 256;

// ---- TLS ----

/// From the first byte (or the connection) to the end of the handshake.
inline constexpr std::uint64_t kTlsHandshakeMs = 5'000;
/// A ticket key makes tickets for this long and opens them twice as long again.
inline constexpr std::uint64_t kTicketKeyMs = 8ULL * 3600 * 1000;
inline constexpr std::size_t kTicketKeys = 3;
/// A client with several connections resumes each of them.
inline constexpr std::size_t kTicketsPerHandshake = 2;
/// Sessions to upstreams remembered for resumption by one client configuration.
inline constexpr std::size_t kClientSessions = 64;

// ---- PROXY protocol ----

inline constexpr std::size_t kProxyV1Bytes = 107;   // the specification's longest line
inline constexpr std::size_t kProxyV2Bytes = 4096;  // header with its TLVs; ours, not the 64 KiB
inline constexpr std::uint64_t kProxyHeaderMs = 5'000;

// ---- DNS ----

inline constexpr int kDnsTryMs = 2'000;  // one try of one server
inline constexpr int kDnsTries = 3;
/// A TTL outside these bounds is moved to the nearer one: 0 (also that of a name from /etc/hosts)
/// would ask on every use.
inline constexpr std::uint32_t kDnsMinTtlSeconds = 5;
inline constexpr std::uint32_t kDnsMaxTtlSeconds = 3'600;
inline constexpr std::size_t kDnsAddresses = 256;  // of one name; more are dropped

}  // namespace gwanmun::net
