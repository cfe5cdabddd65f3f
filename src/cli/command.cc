// See command.h.
#include "cli/command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/text.h"

namespace gwanmun::cli {

namespace {

std::vector<Command> commands() {
  return {make_run_command(), make_check_command(), make_status_command(), make_echo_command(),
          make_version_command()};
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a closed pipe: nobody reads on
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string general_help(const std::vector<Command>& all) {
  std::string out =
      "gwanmun serves the Kubernetes Gateway API from plain manifests.\n\n"
      "Commands:\n";
  for (const auto& command : all) {
    out += str_cat("  ", command.name, std::string(10 - command.name.size(), ' '), command.summary);
    out += '\n';
  }
  out +=
      "  help      Help about a command\n\n"
      "Usage:\n"
      "  gwanmun COMMAND [options]\n\n"
      "Use \"gwanmun COMMAND --help\" for more about a command.\n";
  return out;
}

std::string command_help(const Command& command, const FlagSet& flags) {
  std::string out = str_cat(command.text, "\n\n");
  if (!command.examples.empty()) out += str_cat("Examples:\n", command.examples, "\n\n");
  return str_cat(out, flags.help(), "\nUsage:\n  gwanmun ", command.usage, "\n");
}

const Command* find(const std::vector<Command>& all, std::string_view name) {
  auto it = std::ranges::find(all, name, &Command::name);
  return it == all.end() ? nullptr : &*it;
}

int unknown_command(const std::vector<Command>& all, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& command : all) names.push_back(command.name);
  std::string hint = did_you_mean(name, names);
  print_error(str_cat("gwanmun: unknown command \"", name, "\"", hint.empty() ? "" : ", ", hint,
                      "\nSee 'gwanmun --help'.\n"));
  return kUsage;
}

}  // namespace

void print(std::string_view text) { write_all(STDOUT_FILENO, text); }
void print_error(std::string_view text) { write_all(STDERR_FILENO, text); }

int usage_error(std::string_view command, std::string_view message) {
  print_error(str_cat("gwanmun ", command, ": ", message, "\nSee 'gwanmun ", command,
                      " --help' for usage.\n"));
  return kUsage;
}

int dispatch(std::span<const std::string> arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<Command> all = commands();
  if (arguments.empty()) {
    print_error(general_help(all));
    return kUsage;
  }
  std::string_view name = arguments[0];
  bool help = name == "--help" || name == "-h" || name == "help";
  if (name == "--version") name = "version";
  if (help) {
    if (arguments.size() == 1) {
      print(general_help(all));
      return kFine;
    }
    name = arguments[1];
  }
  const Command* command = find(all, name);
  if (command == nullptr) return unknown_command(all, name);

  FlagSet flags;
  flags.boolean({"help", 'h', "Print this help."}, help);
  Command::Body body = command->prepare(flags);
  std::vector<std::string> rest;
  if (!help) {
    auto parsed = flags.parse(arguments.subspan(1));
    if (!parsed) return usage_error(name, parsed.error().message);
    rest = *std::move(parsed);
  }
  if (!help) return body(rest);
  print(command_help(*command, flags));
  return kFine;
}

}  // namespace gwanmun::cli
