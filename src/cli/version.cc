// `gwanmun version`: what this binary is.
#include <memory>

#include "base/text.h"
#include "cli/command.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kVersion = GWANMUN_VERSION;
constexpr std::string_view kGatewayApi = GATEWAY_API_VERSION;

struct VersionOptions {
  std::string output = "text";
};

int version(const VersionOptions& options) {
  if (options.output == "json")
    print(str_cat("{\"version\":\"", kVersion, "\",\"gatewayApi\":\"", kGatewayApi, "\"}\n"));
  else if (options.output == "yaml")
    print(str_cat("version: ", kVersion, "\ngatewayApi: ", kGatewayApi, "\n"));
  else print(str_cat("gwanmun ", kVersion, " (Gateway API ", kGatewayApi, ")\n"));
  return kFine;
}

Command::Body prepare(FlagSet& flags) {
  auto options = std::make_shared<VersionOptions>();
  flags.choice({"output", 'o', "Output format: text, json or yaml."}, options->output,
               {"text", "json", "yaml"});
  return [options](const std::vector<std::string>& arguments) {
    if (!arguments.empty()) return usage_error("version", "takes no arguments");
    return version(*options);
  };
}

}  // namespace

Command make_version_command() {
  return {.name = "version",
          .usage = "version [options]",
          .summary = "Print the version",
          .text = "Print the version of gwanmun and of the Gateway API it implements.",
          .examples = "",
          .prepare = prepare};
}

}  // namespace gwanmun::cli
