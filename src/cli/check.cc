// `gwanmun check`: would these manifests be accepted, and do what they say? Looks once, serves
// nothing.
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/input.h"
#include "control/findings.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kText =
    "Say whether manifests would be accepted and do what they say.\n\n"
    "Judges them as the API server does (schemas, defaults, CEL rules), resolves every reference\n"
    "as the gateway does, and prints one line for each problem: file:line:column, the object, the\n"
    "field and a way out. Objects that would not be served at all (a route without a Gateway, a\n"
    "Gateway of another controller) and rules that can never match are problems as well.\n\n"
    "Exits with 0 when there is no problem, 1 when there is, 2 when called wrongly.";

constexpr std::string_view kExamples =
    "  # Check a directory before committing it\n"
    "  gwanmun check deploy/\n\n"
    "  # Check what a tool prints\n"
    "  kustomize build . | gwanmun check -\n\n"
    "  # Findings for a machine\n"
    "  gwanmun check -o json deploy/";

struct CheckOptions {
  InputOptions input;
  std::string output = "text";
};

std::string plural(std::size_t count, std::string_view word) {
  return str_cat(count, " ", word, count == 1 ? "" : "s");
}

int check(const CheckOptions& options) {
  auto source = control::FileSource::create(options.input.files(false, true));
  if (!source) return usage_error("check", source.error().message);
  (*source)->refresh();
  auto result = translate::translate((*source)->resources(), options.input.settings());
  auto findings = control::findings(**source, result);
  print(format_findings(findings, options.output));
  auto problems =
      std::ranges::count_if(findings, [](const auto& d) { return d.severity != Severity::kNote; });
  if (options.output == "text") {
    std::string files = plural((*source)->file_count(), "file");
    if (problems == 0) print(str_cat("ok: ", files, ", no problems\n"));
    else
      print_error(
          str_cat(plural(static_cast<std::size_t>(problems), "problem"), " in ", files, "\n"));
  }
  return problems == 0 ? kFine : kProblems;
}

Command::Body prepare(FlagSet& flags) {
  auto options = std::make_shared<CheckOptions>();
  options->input.declare(flags);
  flags.choice({"output", 'o', "Output format: text, json or yaml."}, options->output,
               {"text", "json", "yaml"});
  return [options](const std::vector<std::string>& arguments) {
    if (auto taken = options->input.take_arguments(arguments); !taken)
      return usage_error("check", taken.error().message);
    return check(*options);
  };
}

}  // namespace

Command make_check_command() {
  return {.name = "check",
          .usage = "check (DIR | FILE | -)... [options]",
          .summary = "Say whether manifests would be accepted and do what they say",
          .text = kText,
          .examples = kExamples,
          .prepare = prepare};
}

}  // namespace gwanmun::cli
