// See input.h.
#include "cli/input.h"

#include <algorithm>

#include "base/text.h"
#include "document/node.h"
#include "document/writer.h"
#include "net/address.h"

namespace gwanmun::cli {

namespace {

constexpr std::string_view kBackendForm =
    "expected NAMESPACE/SERVICE:PORT=IP:PORT, for example shop/orders:80=127.0.0.1:9000";

Result<snapshot::Endpoint> parse_endpoint(std::string_view text) {
  std::string address(text);
  if (address.starts_with("localhost:")) address.replace(0, 9, "127.0.0.1");
  auto parsed = net::SocketAddress::parse(address);
  if (!parsed || parsed->port == 0) return fail(std::string(kBackendForm));
  return snapshot::Endpoint{parsed->ip.to_string(), parsed->port};
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

document::Node to_node(const Diagnostic& d) {
  auto out = document::Node::map();
  auto text = [&out](const char* key, std::string_view value) {
    if (!value.empty()) out.set(key, document::Node::string(std::string(value)));
  };
  text("severity", severity_name(d.severity));
  text("file", d.file);
  if (d.line > 0) out.set("line", document::Node::integer(d.line));
  if (d.column > 0) out.set("column", document::Node::integer(d.column));
  text("object", d.object);
  text("path", d.path);
  text("message", d.message);
  text("hint", d.hint);
  return out;
}

}  // namespace

Result<void> parse_backend(
    std::string_view text,
    std::map<translate::ServicePort, std::vector<snapshot::Endpoint>>& backends) {
  auto equals = text.find('=');
  auto service = text.substr(0, equals);
  auto colon = service.rfind(':');
  if (equals == text.npos || colon == service.npos) return fail(std::string(kBackendForm));
  auto port = parse_uint(service.substr(colon + 1));
  auto name = service.substr(0, colon);
  auto slash = name.find('/');
  translate::ServicePort key;
  key.ns = slash == name.npos ? "default" : name.substr(0, slash);
  key.name = slash == name.npos ? name : name.substr(slash + 1);
  if (!port || *port == 0 || *port > 65535 || key.name.empty() || key.ns.empty())
    return fail(std::string(kBackendForm));
  key.port = static_cast<std::int32_t>(*port);
  for (auto piece : split(text.substr(equals + 1), ',')) {
    GW_TRY(auto endpoint, parse_endpoint(piece));
    backends[key].push_back(std::move(endpoint));
  }
  return {};
}

void InputOptions::declare(FlagSet& flags) {
  flags.list({"filename", 'f',
              "Directories or files with manifests, or - for standard input; the same as naming "
              "them as arguments. Directories are read recursively (*.yaml, *.yml, *.json)."},
             paths_);
  flags.choice({"channel", 0,
                "Release channel of the Gateway API whose schemas judge the manifests: standard or "
                "experimental."},
               channel_, {"standard", "experimental"});
  flags.list({"controller-name", 0,
              "Controller names whose GatewayClasses are served. Give it to take the classes of "
              "another controller over."},
             controller_names_);
  flags.custom({"backend", 0,
                "Endpoints that stand in for a Service's own, whether it exists or not: "
                "NAMESPACE/SERVICE:PORT=IP:PORT[,IP:PORT]. Repeatable."},
               "[]", [this](std::string_view value) { return parse_backend(value, backends_); });
}

Result<void> InputOptions::take_arguments(const std::vector<std::string>& arguments) {
  paths_.insert(paths_.end(), arguments.begin(), arguments.end());
  if (paths_.empty()) return fail("no manifests given: name a directory, a file or -");
  return {};
}

control::FileOptions InputOptions::files(bool watch, bool keep_nodes) const {
  return {.paths = paths_,
          .channel = channel_ == "standard" ? document::Channel::kStandard
                                            : document::Channel::kExperimental,
          .watch = watch,
          .keep_nodes = keep_nodes};
}

translate::Settings InputOptions::settings() const {
  auto settings = translate::Settings::for_files();
  settings.controller_names = controller_names_;
  settings.backends = backends_;
  return settings;
}

std::string InputOptions::shown_paths() const {
  if (paths_.size() == 1) return paths_[0];
  return str_cat(paths_[0], " and ", paths_.size() - 1, " more");
}

std::string format_findings(const Diagnostics& findings, std::string_view format) {
  if (format == "text") {
    std::string out;
    for (const auto& d : findings) out += to_string(d) + "\n";
    return out;
  }
  auto list = document::Node::list();
  for (const auto& d : findings) list.items().push_back(to_node(d));
  auto root = document::Node::map();
  root.set("findings", std::move(list));
  if (format == "yaml") return document::to_yaml(root);
  return document::to_json(root, document::JsonStyle::kIndented) + "\n";
}

}  // namespace gwanmun::cli
