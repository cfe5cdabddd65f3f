// Counters of the data plane. Each worker writes its own without locks or shared cache lines; a
// scrape adds them up. Written by proxy/, read by admin/. Names and labels are bounded.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gwanmun::telemetry {

/// A number that one thread changes and any thread reads.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How long requests took; fixed buckets from 0.5 ms to 60 s.
class DurationHistogram {
 public:
  static constexpr std::array<std::uint32_t, 14> kBoundsUs = {
      500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,
      100'000, 250'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000};

  void record(std::uint64_t us) {
    std::size_t at = 0;
    while (at < kBoundsUs.size() && us > kBoundsUs[at]) ++at;
    buckets_[at].add();
    sum_us_.add(us);
  }
  /// The count in a bucket alone, not cumulated; the last one is beyond all bounds.
  std::uint64_t bucket(std::size_t at) const { return buckets_[at].value(); }
  std::uint64_t sum_us() const { return sum_us_.value(); }

 private:
  std::array<Counter, kBoundsUs.size() + 1> buckets_;
  Counter sum_us_;
};

/// One route's share on one worker.
struct RouteMetrics {
  std::array<Counter, 6> by_class;  // [0]: ended without a status; [n]: nxx
  Counter duration_us;
};

/// Where an exchange with an upstream went wrong.
enum class UpstreamPhase : std::uint8_t { kConnect, kTls, kSend, kHead, kBody, kCount };
std::string_view to_string(UpstreamPhase phase);

/// One worker's numbers.
class WorkerMetrics {
 public:
  Counter connections_accepted;
  Counter connections_active;   // a gauge
  Counter connections_refused;  // beyond the connection limit
  Counter tls_failures;         // handshakes that failed
  Counter requests;
  Counter requests_active;   // a gauge
  Counter requests_refused;  // malformed or too large, answered before routing
  Counter client_aborts;
  Counter upstream_connects;
  Counter upstream_connections_active;  // a gauge
  Counter upstream_requests;
  Counter upstream_retries;
  Counter upstream_ejections;
  Counter mirrored;
  Counter log_lines_dropped;
  std::array<Counter, static_cast<std::size_t>(UpstreamPhase::kCount)> upstream_errors;
  DurationHistogram duration;

  /// The worker's thread only: the counters of a route by its name ("HTTPRoute/shop/orders"),
  /// valid as long as this object. Beyond kMaxRoutes all share one, "other".
  RouteMetrics& route(const std::string& name);

 private:
  friend class Metrics;
  mutable std::mutex mutex_;  // guards the shape of the table, not the counters
  std::map<std::string, std::unique_ptr<RouteMetrics>> routes_;
};

/// All numbers of the process. Any thread, except as said.
class Metrics {
 public:
  explicit Metrics(std::size_t workers);
  WorkerMetrics& worker(std::size_t index) { return *workers_[index]; }
  const WorkerMetrics& worker(std::size_t index) const { return *workers_[index]; }
  std::size_t workers() const { return workers_.size(); }

  /// The configuration that all workers run since `unix_seconds`.
  void config_applied(std::uint64_t version, std::int64_t unix_seconds);
  std::uint64_t config_version() const { return version_.load(std::memory_order_relaxed); }

  /// Prometheus text format 0.0.4.
  std::string prometheus(std::int64_t now_unix_seconds) const;

 private:
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::int64_t> applied_at_{0};
};

}  // namespace gwanmun::telemetry
