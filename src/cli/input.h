// What every command that reads manifests shares: which files, how they are judged, and the
// settings of translation. Declares its options, gives the options of control/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "control/source/files.h"
#include "control/translate/translate.h"

namespace gwanmun::cli {

class InputOptions {
 public:
  void declare(FlagSet& flags);
  /// Adds the arguments that are no options; fails when there is no path at all.
  Result<void> take_arguments(const std::vector<std::string>& arguments);

  control::FileOptions files(bool watch, bool keep_nodes) const;
  translate::Settings settings() const;
  /// "DIR" or "DIR and 2 more", for messages.
  std::string shown_paths() const;

 private:
  std::vector<std::string> paths_;
  std::string channel_ = "experimental";
  std::vector<std::string> controller_names_{translate::kControllerName};
  std::map<translate::ServicePort, std::vector<snapshot::Endpoint>> backends_;
};

/// `shop/orders:80=127.0.0.1:9000[,127.0.0.1:9001]`; without a namespace: default.
Result<void> parse_backend(
    std::string_view text,
    std::map<translate::ServicePort, std::vector<snapshot::Endpoint>>& backends);

/// Findings for people, one line each ("text"), or as one document ("json", "yaml").
std::string format_findings(const Diagnostics& findings, std::string_view format);

}  // namespace gwanmun::cli
