// `gwanmun status`: the conditions a cluster would show for these manifests.
#include <ctime>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/signals.h"
#include "control/findings.h"
#include "control/loop.h"
#include "control/status/objects.h"
#include "control/status/table.h"
#include "document/writer.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kText =
    "Show the statuses that a cluster would show for manifests: conditions, attachedRoutes and\n"
    "supportedKinds of GatewayClasses, Gateways, ListenerSets, routes and policies.\n\n"
    "Exits with 0 when all is well, 1 when something is not, 2 when called wrongly.";

constexpr std::string_view kExamples =
    "  # Tables\n"
    "  gwanmun status deploy/\n\n"
    "  # Whole objects with their statuses\n"
    "  gwanmun status -o yaml deploy/\n\n"
    "  # Again after every change, until Ctrl-C\n"
    "  gwanmun status --watch deploy/";

struct StatusOptions {
  InputOptions input;
  std::string output = "text";
  bool watch = false;
};

std::string now_text() {
  std::time_t now = std::time(nullptr);
  tm parts;
  gmtime_r(&now, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return out;
}

std::string format_objects(const std::vector<document::Node>& objects, bool json) {
  if (!json) return document::to_yaml(objects);
  auto list = document::Node::map();
  list.set("apiVersion", document::Node::string("v1"));
  list.set("kind", document::Node::string("List"));
  list.set("items", document::Node::list(objects));
  return document::to_json(list, document::JsonStyle::kIndented) + "\n";
}

class StatusPrinter {
 public:
  explicit StatusPrinter(const StatusOptions& options) : options_(options) {}

  void show(const control::FileSource& source, const translate::Translation& result) {
    auto problems = source.diagnostics();
    print_error(format_findings(problems, "text"));
    code_ = control::has_problems(control::findings(source, result)) ? kProblems : kFine;
    std::string text;
    if (options_.output == "text") {
      text = control::status_tables(source.resources(), result);
    } else {
      book_.update(result, now_text());
      text = format_objects(
          book_.objects([&](const api::ObjectRef& ref) { return source.node_of(ref); }),
          options_.output == "json");
    }
    if (text == last_) return;
    if (!last_.empty()) print(options_.output == "yaml" ? "---\n" : "\n");
    print(text);
    last_ = std::move(text);
  }

  int code() const { return code_; }

 private:
  const StatusOptions& options_;
  control::StatusBook book_;
  std::string last_;
  int code_ = kFine;
};

int status(const StatusOptions& options) {
  StatusPrinter printer(options);
  auto source = control::FileSource::create(options.input.files(options.watch, true));
  if (!source) return usage_error("status", source.error().message);
  auto settings = options.input.settings();
  if (options.watch) {
    StopSignals stop;
    control::run(**source, settings, stop.fd(),
                 [&](const auto& from, const auto& result) { printer.show(from, result); });
    return kFine;
  }
  (*source)->refresh();
  printer.show(**source, translate::translate((*source)->resources(), settings));
  return printer.code();
}

Command::Body prepare(FlagSet& flags) {
  auto options = std::make_shared<StatusOptions>();
  options->input.declare(flags);
  flags.choice({"output", 'o', "Output format: text, yaml or json."}, options->output,
               {"text", "yaml", "json"});
  flags.boolean({"watch", 'w', "Print again after every change, until Ctrl-C."}, options->watch);
  return [options](const std::vector<std::string>& arguments) {
    if (auto taken = options->input.take_arguments(arguments); !taken)
      return usage_error("status", taken.error().message);
    return status(*options);
  };
}

}  // namespace

Command make_status_command() {
  return {.name = "status",
          .usage = "status (DIR | FILE | -)... [options]",
          .summary = "Show the conditions a cluster would show",
          .text = kText,
          .examples = kExamples,
          .prepare = prepare};
}

}  // namespace gwanmun::cli
