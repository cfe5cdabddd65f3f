// Worker: one thread of the data plane with its loop, its listening sockets, its client and backend
// connections and its numbers. Workers share nothing that changes. Owned by Server, which talks to
// it through post(); everything else here is for the worker's own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "http/connection.h"
#include "net/loop.h"
#include "proxy/forwarded.h"
#include "proxy/mirror.h"
#include "proxy/port.h"
#include "proxy/server.h"
#include "proxy/upstream/registry.h"
#include "proxy/weights.h"
#include "proxy/worker_config.h"
#include "telemetry/access_log.h"
#include "telemetry/metrics.h"

namespace gwanmun::proxy {

struct Exchange;

/// What a worker keeps for one rule across snapshots (CompiledRule::id).
class RuleState {
 public:
  Turns turns;
  telemetry::RouteMetrics& metrics() { return *metrics_; }

 private:
  friend class Worker;
  std::shared_ptr<const CompiledRule> rule_;
  telemetry::RouteMetrics* metrics_ = nullptr;
};

/// One configuration for one worker.
struct Plan {
  std::uint64_t number = 0;  // counts apply()
  std::shared_ptr<const Router> router;
  std::vector<PortPlan> ports;
  std::vector<const PortRouter*> routers;  // by PortPlan::index
};

class Worker final : public http::ServerHandler {
 public:
  Worker(std::unique_ptr<net::Loop> loop, const Options& options, telemetry::WorkerMetrics& metrics,
         std::uint64_t seed);
  ~Worker();
  Worker(const Worker&) = delete;

  net::Loop& loop() { return *loop_; }
  /// The thread's whole life, until end().
  void run();

  // ---- the worker's thread only, as all that follows ----
  void apply(const Plan& plan);
  /// Stops accepting; `done` is called when the last connection is gone.
  void drain(std::move_only_function<void()> done);
  /// Cuts what still runs; run() returns soon after.
  void end();

  const upstream::Ref<WorkerConfig>& config() const { return config_; }
  RuleState& rule_state(const Exchange& x);
  upstream::Ref<upstream::Cluster> cluster(const WorkerConfig& config, std::uint32_t id);
  Forwarding forwarding(const Client& client) const;
  bool trusts(const net::IpAddress& ip) const;
  upstream::Random& random() { return context_.random; }
  std::uint64_t unix_seconds() const;
  const Limits& limits() const { return options_.limits; }
  const http::ServerLimits& server_limits() const { return options_.server_limits; }
  telemetry::WorkerMetrics& metrics() { return metrics_; }
  telemetry::AccessLog& access_log() { return access_log_; }
  void log(const telemetry::AccessEntry& entry);
  /// Mirrors in progress.
  MirrorList& mirrors() { return mirrors_; }
  /// False at their limit.
  bool may_mirror() const { return mirrors_.size() < limits().max_mirrors; }

  /// False at the connection limit.
  bool admit() const { return connections() < max_connections_; }
  void connection_ended();

 private:
  void on_request(http::ServerStream& stream) override;
  void on_refused(http::ServerConnection& connection, int status, std::string_view why) override;
  void on_replaced(http::ServerConnection& old, http::ServerConnection& now) override;
  void on_closed(http::ServerConnection& connection) override;

  std::uint32_t connections() const;
  void remove_unused_ports();
  void sweep();
  void finish(std::uint32_t ticks);

  std::unique_ptr<net::Loop> loop_;
  const Options& options_;
  std::uint32_t max_connections_;
  telemetry::WorkerMetrics& metrics_;
  telemetry::AccessLog access_log_;
  net::Timer log_timer_;
  upstream::Context context_;
  upstream::Registry registry_;
  net::Timer sweep_timer_;
  upstream::Ref<WorkerConfig> config_;
  std::vector<RuleState> rules_;  // by CompiledRule::id
  std::vector<std::unique_ptr<Port>> ports_;
  MirrorList mirrors_;
  bool draining_ = false;
  std::move_only_function<void()> drained_;
};

}  // namespace gwanmun::proxy
