// An exchange's beginning, its deadlines, and its end in numbers and in the log.
#include "proxy/exchange.h"

#include <chrono>

#include "base/text.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

namespace {

/// "application/grpc", "application/grpc+proto"; not grpc-web, which has its status in the body.
bool speaks_grpc(const http::RequestHead& request) {
  const http::Field* type = request.headers.find(http::FieldId::kContentType);
  if (!type || !type->value.starts_with("application/grpc")) return false;
  const std::string_view rest = type->value.substr(16);
  return rest.empty() || rest[0] == '+' || rest[0] == ';';
}

std::string_view protocol_name(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2";
  }
  return "";
}

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Exchange::Exchange(Worker& owner, http::ServerStream& served)
    : worker(owner),
      stream(served),
      request(served.request()),
      client(*static_cast<Client*>(served.connection().context)),
      config(owner.config()),
      started_us(net::Loop::now_us()),
      client_ip(client.ip()),
      host(request.authority),
      path(request.path) {
  grpc = speaks_grpc(request);
  stream.readable().forward_to(&wake);
  stream.writable().forward_to(&wake);
  stream.gone().forward_to(&wake);
  worker.metrics().requests.add();
  worker.metrics().requests_active.add();
}

Exchange::~Exchange() {
  const std::uint64_t took_us = net::Loop::now_us() - started_us;
  telemetry::WorkerMetrics& metrics = worker.metrics();
  metrics.requests_active.subtract();
  metrics.duration.record(took_us);
  if (error.side == Side::kClient) metrics.client_aborts.add();
  if (match.rule) {
    telemetry::RouteMetrics& route = worker.rule_state(*this).metrics();
    route.by_class[static_cast<std::size_t>(status / 100 % 6)].add();
    route.duration_us.add(took_us);
  }
  if (worker.access_log().enabled()) write_log(took_us);
  stream.readable().forward_to(nullptr);
  stream.writable().forward_to(nullptr);
  stream.gone().forward_to(nullptr);
  stream.release();
}

void Exchange::write_log(std::uint64_t took_us) {
  telemetry::AccessEntry entry;
  entry.unix_ms = unix_ms_now() - static_cast<std::int64_t>(took_us / 1000);
  entry.client = client_ip;
  entry.method = request.method;
  entry.authority = host;
  entry.path = path;
  entry.protocol = protocol_name(request.version);
  entry.status = status;
  entry.grpc_status = grpc_status;
  entry.bytes_in = bytes_in;
  entry.bytes_out = bytes_out;
  entry.duration_us = took_us;
  std::string route;
  if (match.rule && match.match) entry.route = route = to_string(match.rule->spec->origin);
  if (backend) entry.backend = backend->spec->cluster;
  if (endpoint) entry.endpoint = endpoint->label();
  entry.attempts = attempts;
  entry.ended_by = to_string(error.side);
  if (error) {
    entry.phase = to_string(error.phase);
    entry.reason = error.reason.empty() ? http::to_string(error.fault) : error.reason;
  }
  entry.request_id = request_id;
  worker.log(entry);
}

net::Loop& Exchange::loop() { return worker.loop(); }

Error Exchange::interrupted() {
  if (stream.is_gone()) return client_error(http::Fault::kCancelled);
  const std::uint64_t now = loop().now_ms();
  const bool late = (request_deadline_ms != 0 && now >= request_deadline_ms) ||
                    (attempt_deadline_ms != 0 && now >= attempt_deadline_ms);
  return late ? upstream_error(http::Fault::kTimeout) : Error{};
}

void Exchange::arm() {
  std::uint64_t first = 0;
  for (std::uint64_t deadline : {request_deadline_ms, attempt_deadline_ms, resume_at_ms})
    if (deadline != 0 && (first == 0 || deadline < first)) first = deadline;
  if (first == 0) return timer.disarm();
  const std::uint64_t now = loop().now_ms();
  timer.arm(
      loop(), first > now ? first - now : 0,
      [](void* self) { static_cast<Exchange*>(self)->wake.fire(); }, this);
}

}  // namespace gwanmun::proxy
