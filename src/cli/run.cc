// `gwanmun run`: serves manifests. Puts the pieces together: control/loop on this thread, the
// proxy's workers and the admin server on their own; all the rest is in those modules.
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "admin/server.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/banner.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/limits.h"
#include "cli/signals.h"
#include "control/findings.h"
#include "control/loop.h"
#include "proxy/server.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kText =
    "Serve the Gateways and routes of manifests.\n\n"
    "Reads Gateway API objects, Services, EndpointSlices, Secrets and ConfigMaps from files, "
    "binds\n"
    "the ports of the Gateways' listeners and serves them. The files are watched: every change "
    "takes\n"
    "effect at once and loses no request. A file that is damaged is reported, and the last good\n"
    "version of its objects keeps serving.\n\n"
    "SIGTERM and Ctrl-C drain: no new connections, running requests finish, at most for the grace\n"
    "period. A second signal ends at once.";

constexpr std::string_view kExamples =
    "  # Serve a directory\n"
    "  gwanmun run examples/quickstart\n\n"
    "  # Serve an example that was made for a cluster\n"
    "  gwanmun run pasted.yaml --backend shop/orders:80=127.0.0.1:9000 --map-port 80:8080\n\n"
    "  # In production: JSON logs, an access log, behind a load balancer\n"
    "  gwanmun run /etc/gwanmun --log-format json --access-log json --trusted-proxies 10.0.0.0/8";

struct RunOptions {
  InputOptions input;
  proxy::Options proxy;
  std::uint32_t workers = 0;
  std::string admin;  // empty: the default address, if it is free
  std::string access_log = "off";
  std::string log_level = "info";
  std::string log_format = "auto";
};

Result<void> parse_port_map(std::string_view text, std::map<std::uint16_t, std::uint16_t>& map) {
  for (auto piece : split(text, ',')) {
    auto colon = piece.find(':');
    auto from = parse_uint(piece.substr(0, colon));
    auto to = colon == piece.npos ? std::nullopt : parse_uint(piece.substr(colon + 1));
    if (!from || !to || *from == 0 || *from > 65535 || *to > 65535)
      return fail("expected LISTENER:BIND, for example 80:8080");
    map[static_cast<std::uint16_t>(*from)] = static_cast<std::uint16_t>(*to);
  }
  return {};
}

Result<void> parse_cidrs(std::string_view text, std::vector<net::Cidr>& out) {
  for (auto piece : split(text, ',')) {
    auto cidr = net::Cidr::parse(trim(piece));
    if (!cidr) return fail("expected addresses such as 10.0.0.0/8 or ::1");
    out.push_back(*cidr);
  }
  return {};
}

/// Tells a person, or a log, what changed with each configuration.
class Reporter {
 public:
  Reporter(const RunOptions& options, bool talk) : options_(options), talk_(talk) {}

  void report(const control::FileSource& source, const translate::Translation& result,
              const proxy::Applied& applied) {
    report_ports(applied.ports);
    log::info("serving", {{"version", str_cat(applied.version)},
                          {"listeners", str_cat(result.snapshot->listeners.size())},
                          {"files", str_cat(source.file_count())}});
    report_findings(control::findings(source, result));
    if (first_ && talk_) greet(*result.snapshot, applied.ports);
    first_ = false;
  }

 private:
  void report_ports(const std::vector<proxy::PortState>& ports) {
    std::map<std::uint16_t, std::string> now;
    for (const auto& port : ports) {
      std::string state = port.bound != 0 ? str_cat("bound ", port.bound) : port.error;
      now[port.port] = state;
      if (auto before = ports_.find(port.port); before != ports_.end() && before->second == state)
        continue;
      if (port.bound != 0)
        log::info("listening", {{"port", str_cat(port.port)}, {"bound", str_cat(port.bound)}});
      else
        log::error(
            "port is not served",
            {{"port", str_cat(port.port)}, {"reason", port.error}, {"hint", port_hint(port)}});
    }
    for (const auto& [port, state] : ports_)
      if (!now.contains(port)) log::info("no longer listening", {{"port", str_cat(port)}});
    ports_ = std::move(now);
  }

  void report_findings(const Diagnostics& findings) {
    std::set<std::string> now;
    for (const auto& d : findings) {
      std::string line = to_string(d);
      if (!findings_.contains(line)) {
        if (d.severity == Severity::kError) log::error(line);
        else if (d.severity == Severity::kWarning) log::warn(line);
        else log::info(line);
      }
      now.insert(std::move(line));
    }
    if (!findings_.empty() && now.empty()) log::info("all earlier findings are mended");
    findings_ = std::move(now);
  }

  void greet(const snapshot::Snapshot& snapshot, const std::vector<proxy::PortState>& ports) {
    std::string urls = urls_to_try(snapshot, ports);
    if (urls.empty())
      print(str_cat("Serving ", options_.input.shown_paths(),
                    ", which has no HTTP route to try yet; changes take effect at once.\n"));
    else print(str_cat("Serving ", options_.input.shown_paths(), ". Try:\n", urls));
  }

  const RunOptions& options_;
  bool talk_;
  bool first_ = true;
  std::map<std::uint16_t, std::string> ports_;
  std::set<std::string> findings_;
};

void configure_log(const RunOptions& options) {
  const std::map<std::string, log::Level> levels{{"debug", log::Level::kDebug},
                                                 {"info", log::Level::kInfo},
                                                 {"warn", log::Level::kWarn},
                                                 {"error", log::Level::kError}};
  bool text = options.log_format == "text" ||
              (options.log_format == "auto" && ::isatty(STDERR_FILENO) == 1);
  log::configure(levels.at(options.log_level), text ? log::Format::kText : log::Format::kJson);
}

/// A default address that is taken (a second gateway on the machine) costs the admin pages, an
/// address that was asked for the start. nullptr without an error: no admin server.
Result<std::unique_ptr<admin::Server>> start_admin(const RunOptions& options,
                                                   proxy::Server& server) {
  if (options.admin == "off") return nullptr;
  admin::Options where;
  if (!options.admin.empty()) where.address = options.admin;
  auto started = admin::Server::start(where, admin::sources_of(server));
  if (started) {
    log::info("admin", {{"address", (*started)->address().to_string()}});
  } else if (options.admin.empty()) {
    log::warn("no admin address", {{"reason", started.error().message},
                                   {"hint", "choose another with --admin ADDRESS:PORT"}});
    return nullptr;
  }
  return started;
}

int run(RunOptions& options) {
  configure_log(options);
  StopSignals stop;  // before any thread, so that all inherit the mask
  auto source = control::FileSource::create(options.input.files(true, false));
  if (!source) return usage_error("run", source.error().message);
  auto server = proxy::Server::start(options.proxy);
  if (!server) {
    log::error("cannot start", {{"reason", server.error().message}});
    return kProblems;
  }
  auto admin = start_admin(options, **server);
  if (!admin) {
    log::error("cannot start", {{"reason", admin.error().message}});
    return kProblems;
  }
  bool access_log_on_stdout = options.proxy.access_log != telemetry::AccessFormat::kOff;
  Reporter reporter(options, !access_log_on_stdout && options.log_format != "json");
  control::run(**source, options.input.settings(), stop.fd(),
               [&](const auto& from, const auto& result) {
                 reporter.report(from, result, (*server)->apply(result.snapshot));
               });

  log::info("draining", {{"grace-period", to_string(options.proxy.grace_period)}});
  stop.next_one_kills();
  if (*admin) (*admin)->set_draining();
  bool all_done = (*server)->drain();
  log::info(all_done ? "stopped" : "stopped; the grace period was over before all requests were");
  return kFine;
}

void declare_proxy(FlagSet& flags, RunOptions& options) {
  flags.number({"workers", 0, "Worker threads; 0: one for each core."}, options.workers,
               kMaxWorkers);
  flags.custom({"trusted-proxies", 0,
                "Peers (CIDR,...) whose X-Forwarded-* and Forwarded fields are believed; those of "
                "all others are replaced."},
               "[]", [&options](std::string_view value) {
                 return parse_cidrs(value, options.proxy.trusted_proxies);
               });
  flags.custom({"map-port", 0,
                "Bind another port than a listener names: LISTENER:BIND,... for example 80:8080; "
                "BIND 0 takes a free one."},
               "[]", [&options](std::string_view value) {
                 return parse_port_map(value, options.proxy.port_map);
               });
  flags.duration({"grace-period", 0, "How long running requests may take to finish on stop."},
                 options.proxy.grace_period);
}

Command::Body prepare(FlagSet& flags) {
  auto options = std::make_shared<RunOptions>();
  options->input.declare(flags);
  declare_proxy(flags, *options);
  flags.custom(
      {"admin", 0, "Address of the admin server (/healthz, /readyz, /metrics, /config), or off."},
      "'127.0.0.1:19000'", [options](std::string_view value) -> Result<void> {
        options->admin = value;
        return {};
      });
  flags.choice({"access-log", 0, "Access log on standard output: off, text or json."},
               options->access_log, {"off", "text", "json"});
  flags.choice({"log-level", 0, "debug, info, warn or error."}, options->log_level,
               {"debug", "info", "warn", "error"});
  flags.choice({"log-format", 0, "text, json, or auto: text on a terminal, else JSON."},
               options->log_format, {"auto", "text", "json"});
  return [options](const std::vector<std::string>& arguments) {
    if (auto taken = options->input.take_arguments(arguments); !taken)
      return usage_error("run", taken.error().message);
    options->proxy.workers = static_cast<int>(options->workers);
    if (options->access_log == "text") options->proxy.access_log = telemetry::AccessFormat::kText;
    if (options->access_log == "json") options->proxy.access_log = telemetry::AccessFormat::kJson;
    return run(*options);
  };
}

}  // namespace

Command make_run_command() {
  return {.name = "run",
          .usage = "run (DIR | FILE | -)... [options]",
          .summary = "Serve manifests",
          .text = kText,
          .examples = kExamples,
          .prepare = prepare};
}

}  // namespace gwanmun::cli
