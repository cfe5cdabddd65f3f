// FlagSet: the options of one command: declared once, parsed strictly, printed as kubectl prints
// them. Used by every command of cli/; knows nothing about what the options mean.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/result.h"

namespace gwanmun::cli {

/// How an option is called: "filename" with the short form 'f' (0: none), and the sentence of help.
struct FlagName {
  std::string name;
  char short_name = 0;
  std::string help;
};

/// Targets are owned by the caller, hold the defaults, and must outlive parse().
class FlagSet {
 public:
  using Parser = std::function<Result<void>(std::string_view value)>;

  /// `--name`, `--name=true|false`.
  void boolean(FlagName flag, bool& target);
  void text(FlagName flag, std::string& target);
  /// One of `allowed`; anything else is an error that lists them.
  void choice(FlagName flag, std::string& target, std::vector<std::string> allowed);
  /// May be given several times; each value may hold several, separated by commas.
  void list(FlagName flag, std::vector<std::string>& target);
  void number(FlagName flag, std::uint32_t& target, std::uint32_t max);
  /// GEP-2257: "30s", "1m30s".
  void duration(FlagName flag, Milliseconds& target);
  /// `parser` judges and keeps each value; `default_text` is for the help only.
  void custom(FlagName flag, std::string default_text, Parser parser);

  /// Reads the arguments; returns those that are no options, in order ("-" is one; "--" ends the
  /// options). Errors name the option and, for a typo, the nearest one.
  Result<std::vector<std::string>> parse(std::span<const std::string> arguments);

  /// The "Options:" block of a command's help, sorted by name.
  std::string help() const;

 private:
  struct Flag {
    FlagName name;
    bool is_boolean = false;
    std::string default_text;
    Parser parser;
  };
  void add(FlagName name, bool is_boolean, std::string default_text, Parser parser);
  const Flag* find(std::string_view name) const;
  const Flag* find(char short_name) const;
  Result<void> apply(const Flag& flag, std::string_view shown, std::string_view value) const;
  Error unknown(std::string_view shown, std::string_view name) const;

  std::vector<Flag> flags_;
};

}  // namespace gwanmun::cli
