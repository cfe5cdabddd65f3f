// Every limit of the HTTP layer, with why. All are tested at the limit.
#pragma once

#include <chrono>
#include <cstdint>

namespace gwanmun::http {

using Milliseconds = std::chrono::milliseconds;

struct ServerLimits {
  std::uint32_t max_head_bytes = 64 * 1024;    // request line and fields; HTTP/2: decoded size
  std::uint32_t max_fields = 128;              // field lines in a head or trailer section
  std::uint32_t max_target_bytes = 16 * 1024;  // 414 beyond
  std::uint32_t max_trailer_bytes = 16 * 1024;
  std::uint32_t max_chunk_line_bytes = 256;    // chunk size with extensions
  std::uint32_t max_staged_bytes = 64 * 1024;  // BodyWriter::ready() is false above this
  Milliseconds head_timeout{5'000};            // first byte (or connection) to the end of the head
  Milliseconds idle_timeout{60'000};           // between requests, 0 streams
  Milliseconds body_idle_timeout{
      30'000};  // no byte of a body in either direction while we wait for the client
  std::uint32_t min_body_rate = 240;  // bytes a second, averaged, after the grace time
  Milliseconds min_rate_grace{10'000};
  std::uint64_t max_discarded_bytes = 64 * 1024;  // of a request body nobody read; more: closed
  Milliseconds drain_idle{300};  // draining: an idle connection may still have a request on its way
  // HTTP/2
  std::uint32_t max_concurrent_streams = 128;
  std::uint32_t initial_window_bytes = 64 * 1024;       // per stream
  std::uint32_t connection_window_bytes = 1024 * 1024;  // shared by the streams
  std::uint32_t header_table_bytes = 4096;
  std::uint32_t max_resets =
      200;  // client or provoked resets without a finished request, then GOAWAY
  std::uint32_t max_control_frames =
      1'000;  // PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE without progress
  std::uint32_t max_queued_control_bytes = 64 * 1024;
  std::uint32_t max_continuation_frames = 32;
};

struct ClientLimits {
  std::uint32_t max_head_bytes = 64 * 1024;
  std::uint32_t max_fields = 256;
  std::uint32_t max_trailer_bytes = 16 * 1024;
  std::uint32_t max_chunk_line_bytes = 256;
  std::uint32_t max_staged_bytes = 64 * 1024;
  std::uint32_t max_informational = 16;  // 1xx heads before the final one
  // HTTP/2
  std::uint32_t max_concurrent_streams = 256;      // never more than the server allows
  std::uint32_t initial_window_bytes = 64 * 1024;  // what a stalled client can leave unread here
  // Twice what all streams together may leave unread, as credit is given back in halves: clients
  // that do not read must not stop the others on the same connection.
  std::uint32_t connection_window_bytes = 32 * 1024 * 1024;
  std::uint32_t header_table_bytes = 4096;
  std::uint32_t max_control_frames = 1'000;  // without progress, as for clients
  std::uint32_t max_queued_control_bytes = 64 * 1024;
  std::uint32_t max_continuation_frames = 32;
  Milliseconds settings_timeout{10'000};  // a server that sends none speaks something else
};

}  // namespace gwanmun::http
