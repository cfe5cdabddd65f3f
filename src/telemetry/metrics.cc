// Adding the workers' counters up and printing them for Prometheus. Called by admin/ on a scrape;
// never on the request path.
#include "telemetry/metrics.h"

#include "base/text.h"
#include "telemetry/limits.h"

namespace gwanmun::telemetry {

std::string_view to_string(UpstreamPhase phase) {
  switch (phase) {
    case UpstreamPhase::kConnect:
      return "connect";
    case UpstreamPhase::kTls:
      return "tls";
    case UpstreamPhase::kSend:
      return "send";
    case UpstreamPhase::kHead:
      return "head";
    case UpstreamPhase::kBody:
      return "body";
    case UpstreamPhase::kCount:
      break;
  }
  return "unknown";
}

RouteMetrics& WorkerMetrics::route(const std::string& name) {
  if (auto found = routes_.find(name); found != routes_.end()) return *found->second;
  const std::string& key = routes_.size() < kMaxRoutes ? name : std::string("other");
  std::lock_guard lock(mutex_);
  auto& slot = routes_[key];
  if (!slot) slot = std::make_unique<RouteMetrics>();
  return *slot;
}

Metrics::Metrics(std::size_t workers) {
  for (std::size_t i = 0; i < workers; ++i) workers_.push_back(std::make_unique<WorkerMetrics>());
}

void Metrics::config_applied(std::uint64_t version, std::int64_t unix_seconds) {
  version_.store(version, std::memory_order_relaxed);
  applied_at_.store(unix_seconds, std::memory_order_relaxed);
}

namespace {

void describe(std::string& out, std::string_view name, std::string_view type,
              std::string_view help) {
  out += str_cat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
  out += name;
  if (!labels.empty()) out += str_cat("{", labels, "}");
  out += str_cat(" ", value, "\n");
}

/// Microseconds as seconds, exactly.
std::string seconds(std::uint64_t us) {
  std::string fraction = std::to_string(us % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return str_cat(us / 1'000'000, ".", fraction);
}

/// Label values escape backslash, quote and line feed.
std::string label(std::string_view key, std::string_view value) {
  std::string out = str_cat(key, "=\"");
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out += '"';
}

struct Simple {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  Counter WorkerMetrics::* member;
};

constexpr Simple kSimple[] = {
    {"gwanmun_connections_total", "counter", "Client connections accepted.",
     &WorkerMetrics::connections_accepted},
    {"gwanmun_connections_active", "gauge", "Client connections open.",
     &WorkerMetrics::connections_active},
    {"gwanmun_connections_refused_total", "counter",
     "Client connections closed at the connection limit.", &WorkerMetrics::connections_refused},
    {"gwanmun_tls_failures_total", "counter", "TLS handshakes with clients that failed.",
     &WorkerMetrics::tls_failures},
    {"gwanmun_requests_active", "gauge", "Requests in progress.", &WorkerMetrics::requests_active},
    {"gwanmun_requests_refused_total", "counter",
     "Requests refused before routing (malformed or too large).", &WorkerMetrics::requests_refused},
    {"gwanmun_client_aborts_total", "counter", "Exchanges that the client ended early.",
     &WorkerMetrics::client_aborts},
    {"gwanmun_upstream_connects_total", "counter", "Connections opened to backends.",
     &WorkerMetrics::upstream_connects},
    {"gwanmun_upstream_connections_active", "gauge", "Connections to backends open.",
     &WorkerMetrics::upstream_connections_active},
    {"gwanmun_upstream_requests_total", "counter", "Requests sent to backends, retries included.",
     &WorkerMetrics::upstream_requests},
    {"gwanmun_upstream_retries_total", "counter", "Requests sent to a backend once more.",
     &WorkerMetrics::upstream_retries},
    {"gwanmun_upstream_ejections_total", "counter",
     "Endpoints taken out of balancing for their failures.", &WorkerMetrics::upstream_ejections},
    {"gwanmun_mirrored_requests_total", "counter", "Copies of requests sent to mirrors.",
     &WorkerMetrics::mirrored},
    {"gwanmun_access_log_dropped_total", "counter",
     "Access log lines dropped because their reader is too slow.",
     &WorkerMetrics::log_lines_dropped},
};

struct RouteSum {
  std::array<std::uint64_t, 6> by_class{};
  std::uint64_t duration_us = 0;
};

void print_routes(std::string& out, const std::map<std::string, RouteSum>& routes) {
  describe(out, "gwanmun_requests_total", "counter",
           "Requests by route and status class; class 0: ended without a status.");
  for (const auto& [name, sum] : routes) {
    for (std::size_t c = 0; c < sum.by_class.size(); ++c) {
      if (sum.by_class[c] == 0) continue;
      const std::string code = c == 0 ? "0" : str_cat(c, "xx");
      sample(out, "gwanmun_requests_total", str_cat(label("route", name), ",", label("code", code)),
             sum.by_class[c]);
    }
  }
  describe(out, "gwanmun_route_duration_seconds", "summary", "Time spent on requests by route.");
  for (const auto& [name, sum] : routes) {
    std::uint64_t count = 0;
    for (auto n : sum.by_class) count += n;
    if (count == 0) continue;
    out += str_cat("gwanmun_route_duration_seconds_sum{", label("route", name), "} ",
                   seconds(sum.duration_us), "\n");
    sample(out, "gwanmun_route_duration_seconds_count", label("route", name), count);
  }
}

void print_histogram(std::string& out, const std::vector<std::unique_ptr<WorkerMetrics>>& workers) {
  constexpr std::string_view kName = "gwanmun_request_duration_seconds";
  describe(out, kName, "histogram", "From a request's head to the end of its response.");
  std::uint64_t count = 0, sum = 0;
  for (std::size_t i = 0; i <= DurationHistogram::kBoundsUs.size(); ++i) {
    for (const auto& worker : workers) count += worker->duration.bucket(i);
    const std::string bound = i < DurationHistogram::kBoundsUs.size()
                                  ? seconds(DurationHistogram::kBoundsUs[i])
                                  : std::string("+Inf");
    sample(out, str_cat(kName, "_bucket"), label("le", bound), count);
  }
  for (const auto& worker : workers) sum += worker->duration.sum_us();
  out += str_cat(kName, "_sum ", seconds(sum), "\n");
  sample(out, str_cat(kName, "_count"), "", count);
}

}  // namespace

std::string Metrics::prometheus(std::int64_t now_unix_seconds) const {
  std::string out;
  for (const Simple& metric : kSimple) {
    std::uint64_t total = 0;
    for (const auto& worker : workers_) total += ((*worker).*metric.member).value();
    describe(out, metric.name, metric.type, metric.help);
    sample(out, metric.name, "", total);
  }
  describe(out, "gwanmun_upstream_errors_total", "counter",
           "Exchanges with backends that failed, by phase.");
  for (std::size_t i = 0; i < static_cast<std::size_t>(UpstreamPhase::kCount); ++i) {
    std::uint64_t total = 0;
    for (const auto& worker : workers_) total += worker->upstream_errors[i].value();
    sample(out, "gwanmun_upstream_errors_total",
           label("phase", to_string(static_cast<UpstreamPhase>(i))), total);
  }
  std::map<std::string, RouteSum> routes;
  for (const auto& worker : workers_) {
    std::lock_guard lock(worker->mutex_);
    for (const auto& [name, metrics] : worker->routes_) {
      RouteSum& sum = routes[name];
      for (std::size_t c = 0; c < sum.by_class.size(); ++c)
        sum.by_class[c] += metrics->by_class[c].value();
      sum.duration_us += metrics->duration_us.value();
    }
  }
  print_routes(out, routes);
  print_histogram(out, workers_);
  describe(out, "gwanmun_config_version", "gauge", "Version of the configuration all workers run.");
  sample(out, "gwanmun_config_version", "", config_version());
  describe(out, "gwanmun_config_age_seconds", "gauge",
           "Seconds since that configuration was applied.");
  const std::int64_t at = applied_at_.load(std::memory_order_relaxed);
  sample(out, "gwanmun_config_age_seconds", "",
         at == 0 || now_unix_seconds < at ? 0 : static_cast<std::uint64_t>(now_unix_seconds - at));
  return out;
}

}  // namespace gwanmun::telemetry
