// `gwanmun echo`: a small backend that says what it received.
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/echo_server.h"
#include "cli/signals.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kText =
    "Serve a small backend that says what it received, for trying things out.\n\n"
    "Speaks HTTP/1.1, HTTP/2 without TLS (prior knowledge), gRPC and WebSocket on one port. HTTP\n"
    "requests are answered with JSON: method, host, path, headers and who answered. The query may\n"
    "ask for more: ?status=503, ?delay=250ms, ?bytes=100000. gRPC: health checks, the conformance\n"
    "suite's GrpcEcho, and any other method, whose messages are sent back. WebSocket: messages "
    "are\n"
    "sent back.";

constexpr std::string_view kExamples =
    "  # Two backends\n"
    "  gwanmun echo --listen 127.0.0.1:9001 --name orders-v1 &\n"
    "  gwanmun echo --listen 127.0.0.1:9002 --name orders-v2 &\n\n"
    "  # A slow error\n"
    "  curl 'http://127.0.0.1:9001/?status=503&delay=1s'";

struct EchoOptions {
  std::vector<net::SocketAddress> listen;
  EchoIdentity identity{.name = "echo", .ns = "", .service = ""};
};

Result<void> parse_listen(std::string_view text, std::vector<net::SocketAddress>& out) {
  for (auto piece : split(text, ',')) {
    auto address = net::SocketAddress::parse(trim(piece));
    if (!address) return fail("expected ADDRESS:PORT, for example 127.0.0.1:9000");
    out.push_back(*address);
  }
  return {};
}

int echo(EchoOptions& options) {
  StopSignals stop;
  if (options.listen.empty())
    options.listen.push_back(*net::SocketAddress::parse("127.0.0.1:9000"));
  auto server = EchoServer::start(options.identity, options.listen);
  if (!server) {
    print_error(str_cat("gwanmun echo: ", server.error().message, "\n"));
    return kProblems;
  }
  for (const auto& address : (*server)->addresses())
    print(str_cat(options.identity.name, " listens on http://", address.to_string(), "\n"));
  (*server)->run(stop.fd());
  return kFine;
}

Command::Body prepare(FlagSet& flags) {
  auto options = std::make_shared<EchoOptions>();
  flags.custom({"listen", 'l', "Addresses to listen on; port 0 takes a free one."},
               "[127.0.0.1:9000]",
               [options](std::string_view value) { return parse_listen(value, options->listen); });
  flags.text({"name", 'n', "Who to answer as (\"pod\" in the answers)."}, options->identity.name);
  flags.text({"namespace", 0, "The namespace to answer with."}, options->identity.ns);
  flags.text({"service", 0, "The Service to answer with."}, options->identity.service);
  return [options](const std::vector<std::string>& arguments) {
    if (!arguments.empty()) return usage_error("echo", "takes no arguments; see --listen");
    return echo(*options);
  };
}

}  // namespace

Command make_echo_command() {
  return {.name = "echo",
          .usage = "echo [options]",
          .summary = "Serve a backend that says what it received",
          .text = kText,
          .examples = kExamples,
          .prepare = prepare};
}

}  // namespace gwanmun::cli
