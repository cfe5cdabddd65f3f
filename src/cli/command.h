// The commands of gwanmun and how they are found, run and explained. main.cc calls dispatch();
// each command has a file of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"

namespace gwanmun::cli {

/// What the shell sees.
enum ExitCode : int { kFine = 0, kProblems = 1, kUsage = 2 };

/// One subcommand. `prepare` declares the options and returns what runs once they are parsed, with
/// the arguments that are no options; the state lives in what it returns.
struct Command {
  using Body = std::function<int(const std::vector<std::string>& arguments)>;
  std::string_view name;
  std::string_view usage;     // "run (DIR | FILE | -)... [options]"
  std::string_view summary;   // one line, for the list of commands
  std::string_view text;      // the whole explanation
  std::string_view examples;  // as kubectl prints them: "# what for" and a command line each
  Body (*prepare)(FlagSet& flags);
};

Command make_run_command();
Command make_check_command();
Command make_status_command();
Command make_echo_command();
Command make_version_command();

/// Runs `gwanmun ARGUMENTS`; returns the exit code.
int dispatch(std::span<const std::string> arguments);

/// Prints `gwanmun COMMAND: message` and where to find help; returns kUsage.
int usage_error(std::string_view command, std::string_view message);

/// Standard output and standard error, whole and unbuffered.
void print(std::string_view text);
void print_error(std::string_view text);

}  // namespace gwanmun::cli
