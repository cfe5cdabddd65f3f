// One worker's configuration, connections and end.
#include "proxy/worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "proxy/exchange.h"
#include "proxy/filter/session.h"
#include "proxy/serve.h"

namespace gwanmun::proxy {

Worker::Worker(std::unique_ptr<net::Loop> loop, const Options& options,
               telemetry::WorkerMetrics& metrics, std::uint64_t seed)
    : loop_(std::move(loop)),
      options_(options),
      max_connections_(std::max(
          1u, options.limits.max_connections / static_cast<std::uint32_t>(options.workers))),
      metrics_(metrics),
      access_log_(options.access_log, options.access_log_fd),
      context_{*loop_,
               metrics,
               options.upstream_limits,
               options.client_limits,
               upstream::Random(seed),
               filter::endpoint_id},
      registry_(context_),
      config_(new WorkerConfig) {}

Worker::~Worker() = default;

void Worker::run() {
  loop_->bind();
  sweep();
  loop_->run();
}

void Worker::apply(const Plan& plan) {
  auto* config = new WorkerConfig;
  config->number = plan.number;
  config->router = plan.router;
  config->ports = plan.routers;
  config_ = upstream::Ref<WorkerConfig>(config);
  registry_.update(plan.router->clusters());
  if (rules_.size() < plan.router->rule_slots()) rules_.resize(plan.router->rule_slots());
  for (const auto& port : ports_) {
    if (port->closed()) continue;
    const auto planned = std::find_if(plan.ports.begin(), plan.ports.end(),
                                      [&](const auto& p) { return p.index == port->index(); });
    if (planned != plan.ports.end()) port->update(*planned);
    else port->drain();
  }
  for (const PortPlan& planned : plan.ports)
    if (planned.fd >= 0) ports_.push_back(std::make_unique<Port>(*this, planned));
  remove_unused_ports();
}

void Worker::drain(std::move_only_function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  for (const auto& port : ports_) port->drain();
  connection_ended();
}

void Worker::end() {
  draining_ = true;
  for (const auto& port : ports_) {
    port->drain();
    port->abort();
  }
  mirrors_.give_up_all();
  config_ = upstream::Ref<WorkerConfig>();
  finish(limits().ticks_to_end);
}

/// What was cut is gone at the end of this tick; a handshake is with the event that tells it, in
/// one of the next ticks.
void Worker::finish(std::uint32_t ticks) {
  loop_->post([this, ticks] {
    if (ticks > 0 && connections() + mirrors_.size() > 0) return finish(ticks - 1);
    access_log_.flush();
    registry_.update({});
    loop_->post([this] { loop_->stop(); });
  });
}

void Worker::remove_unused_ports() {
  std::erase_if(ports_,
                [](const auto& port) { return port->closed() && port->connections() == 0; });
}

void Worker::connection_ended() {
  if (!draining_ || connections() > 0 || !drained_) return;
  loop_->post(std::exchange(drained_, nullptr));
}

std::uint32_t Worker::connections() const {
  std::uint32_t sum = 0;
  for (const auto& port : ports_) sum += port->connections();
  return sum;
}

void Worker::sweep() {
  registry_.sweep();
  remove_unused_ports();
  sweep_timer_.arm(
      *loop_, static_cast<std::uint64_t>(options_.upstream_limits.sweep_interval.count()),
      [](void* self) { static_cast<Worker*>(self)->sweep(); }, this);
}

// ---- what exchanges ask for ----

RuleState& Worker::rule_state(const Exchange& x) {
  const CompiledRule& rule = *x.match.rule;
  RuleState& state = rules_[rule.id];
  if (state.rule_.get() == &rule) return state;
  state.rule_ = x.config->router->rules()[rule.id];
  state.turns.reset(rule, random());
  const bool named = rule.spec && x.match.match;
  state.metrics_ =
      &metrics_.route(named ? str_cat(rule.spec->origin.kind, "/", rule.spec->origin.ns, "/",
                                      rule.spec->origin.name)
                            : std::string("none"));
  return state;
}

upstream::Ref<upstream::Cluster> Worker::cluster(const WorkerConfig& config, std::uint32_t id) {
  const auto clusters = config.router->clusters();
  if (id >= clusters.size()) return {};
  return registry_.get(id, clusters[id]);
}

Forwarding Worker::forwarding(const Client& client) const {
  return {client.ip(), client.trusted, options_.trusted_proxies, options_.limits.max_forwarded_hops,
          options_.limits.max_request_id_bytes};
}

bool Worker::trusts(const net::IpAddress& ip) const {
  return std::any_of(options_.trusted_proxies.begin(), options_.trusted_proxies.end(),
                     [&](const net::Cidr& cidr) { return cidr.contains(ip); });
}

std::uint64_t Worker::unix_seconds() const {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

void Worker::log(const telemetry::AccessEntry& entry) {
  if (!access_log_.append(entry)) metrics_.log_lines_dropped.add();
  if (log_timer_.armed()) return;
  log_timer_.arm(
      *loop_, static_cast<std::uint64_t>(limits().access_log_delay.count()),
      [](void* self) { static_cast<Worker*>(self)->access_log_.flush(); }, this);
}

// ---- connections ----

void Worker::on_request(http::ServerStream& stream) { net::spawn(serve(*this, stream)); }

void Worker::on_refused(http::ServerConnection& connection, int status, std::string_view why) {
  metrics_.requests_refused.add();
  if (!access_log_.enabled()) return;
  const auto* client = static_cast<const Client*>(connection.context);
  telemetry::AccessEntry entry;
  entry.unix_ms = static_cast<std::int64_t>(unix_seconds()) * 1000;
  if (client) entry.client = client->ip();
  entry.status = status;
  entry.ended_by = to_string(Side::kClient);
  entry.phase = to_string(Phase::kRoute);
  entry.reason = why;
  log(entry);
}

void Worker::on_replaced(http::ServerConnection&, http::ServerConnection& now) {
  static_cast<Client*>(now.context)->connection = &now;
}

void Worker::on_closed(http::ServerConnection& connection) {
  auto& client = *static_cast<Client*>(connection.context);
  client.port->remove(client);
}

}  // namespace gwanmun::proxy
