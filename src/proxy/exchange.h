// Exchange: one request from its head to its end; lives in the frame of serve(). One coroutine
// waits for everything that can happen to it (the client, the backend, both bodies, the deadlines)
// on one event, `wake`, and looks at all conditions when woken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/stream.h"
#include "net/event.h"
#include "net/loop.h"
#include "proxy/client.h"
#include "proxy/error.h"
#include "proxy/filter/filter.h"
#include "proxy/filter/session.h"
#include "proxy/router.h"
#include "proxy/upstream/cluster.h"
#include "proxy/worker_config.h"

namespace gwanmun::proxy {

class Worker;

struct Exchange {
  Exchange(Worker& owner, http::ServerStream& served);
  /// Counts, logs and releases the stream.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Arena& arena() { return stream.arena(); }
  const CompiledRule& rule() const { return *match.rule; }
  net::Loop& loop();

  /// Why to stop now: the client is gone, or a deadline has passed.
  Error interrupted();
  /// Wakes the coroutine at the earliest deadline.
  void arm();
  /// The other end's fault in the phase that is on.
  Error upstream_error(http::Fault fault) const { return {Side::kUpstream, phase, fault, 0, {}}; }
  Error client_error(http::Fault fault) const { return {Side::kClient, phase, fault, 0, {}}; }

  Worker& worker;
  http::ServerStream& stream;
  http::RequestHead& request;
  Client& client;
  upstream::Ref<WorkerConfig> config;
  net::Event wake;

  // ---- routing ----
  RouteMatch match;
  std::optional<filter::Exchange> filters;  // when the rule or the backend has any
  const CompiledBackend* backend = nullptr;
  upstream::Ref<upstream::Cluster> cluster;
  std::optional<filter::Session> session;  // as received
  bool grpc = false;                       // the client speaks gRPC: errors go into grpc-status

  // ---- time; 0: none ----
  std::uint64_t request_deadline_ms = 0;
  std::uint64_t attempt_deadline_ms = 0;
  std::uint64_t resume_at_ms = 0;  // the end of a pause between two tries
  net::Timer timer;

  // ---- the request's body as far as it was kept for another try ----
  std::string kept;
  bool keeping = false;

  // ---- what happened, for the log ----
  Phase phase = Phase::kRoute;
  Error error;
  int status = 0;  // sent
  int grpc_status = -1;
  std::uint32_t attempts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t started_us = 0;
  std::string_view client_ip;  // who everything judges by
  std::string_view request_id;
  std::string_view host;                       // as asked for, before any rewrite
  std::string_view path;                       // as matched
  upstream::Ref<upstream::Endpoint> endpoint;  // of the last try

 private:
  void write_log(std::uint64_t took_us);
};

}  // namespace gwanmun::proxy
