// See table.h.
#include "control/status/table.h"

#include <algorithm>
#include <variant>

#include "base/text.h"
#include "control/status/condition.h"

namespace gwanmun::control {

namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

std::string status_of(const api::Conditions& conditions, std::string_view type) {
  const auto* condition = api::find(conditions, type);
  return condition == nullptr ? "" : condition->status;
}

std::string kinds_of(const api::ListenerStatus& status) {
  std::vector<std::string> kinds;
  for (const auto& kind : status.supportedKinds) kinds.push_back(kind.kind);
  return join(kinds, ",");
}

std::string shown(const api::ParentReference& ref, const std::string& ns) {
  std::string out = str_cat(ref.namespace_.value_or(ns), "/", ref.name);
  if (ref.kind.value_or("Gateway") != "Gateway") out = str_cat(*ref.kind, " ", out);
  if (ref.sectionName) out += "#" + *ref.sectionName;
  if (ref.port) out += str_cat(":", *ref.port);
  return out;
}

class Printer {
 public:
  Printer(const api::ResourceSet& resources, const translate::Translation& result)
      : resources_(resources), result_(result) {}

  std::string print() {
    classes_ = {{"GATEWAYCLASS", "ACCEPTED"}};
    gateways_ = {{"GATEWAY", "CLASS", "ACCEPTED", "PROGRAMMED", "ADDRESS"}};
    listeners_ = {
        {"LISTENER", "PORT", "PROTOCOL", "HOSTNAME", "ACCEPTED", "PROGRAMMED", "ROUTES", "KINDS"}};
    routes_ = {{"ROUTE", "PARENT", "ACCEPTED", "RESOLVEDREFS"}};
    policies_ = {{"POLICY", "ANCESTOR", "ACCEPTED"}};
    for (const auto& [ref, status] : result_.statuses)
      std::visit([&](const auto& s) { add(ref, s); }, *status);
    std::string out;
    for (const auto* rows : {&classes_, &gateways_, &listeners_, &routes_, &policies_})
      if (rows->size() > 1) out += (out.empty() ? "" : "\n") + format_table(*rows);
    for (const auto& ignored : result_.ignored)
      trouble_ += str_cat("Gateway ", api::to_string(ignored.gateway),
                          " is ignored: ", ignored.reason, "\n");
    if (!trouble_.empty()) out += str_cat(out.empty() ? "" : "\n", trouble_);
    if (out.empty()) out = "No Gateway API objects found.\n";
    return out;
  }

 private:
  void note_trouble(const std::string& subject, const api::Conditions& conditions) {
    for (const auto& c : conditions)
      if (!is_good(c))
        trouble_ +=
            str_cat(subject, ": ", c.type, "=", c.status, " ", c.reason, ": ", c.message, "\n");
  }

  void add(const api::ObjectRef& ref, const api::GatewayClassStatus& status) {
    classes_.push_back({ref.name, status_of(status.conditions, "Accepted")});
    note_trouble(api::to_string(ref), status.conditions);
  }

  void add(const api::ObjectRef& ref, const api::GatewayStatus& status) {
    auto gateway = resources_.gateways.find(ref.key());
    bool known = gateway != resources_.gateways.end();
    std::vector<std::string> addresses;
    for (const auto& address : status.addresses) addresses.push_back(address.value);
    gateways_.push_back({api::to_string(ref.key()),
                         known ? gateway->second->spec.gatewayClassName : "",
                         status_of(status.conditions, "Accepted"),
                         status_of(status.conditions, "Programmed"), join(addresses, ",")});
    note_trouble(api::to_string(ref), status.conditions);
    if (known) add_listeners(ref, status.listeners, gateway->second->spec.listeners);
  }

  void add(const api::ObjectRef& ref, const api::ListenerSetStatus& status) {
    auto set = resources_.listener_sets.find(ref.key());
    gateways_.push_back({api::to_string(ref), "", status_of(status.conditions, "Accepted"),
                         status_of(status.conditions, "Programmed"), ""});
    note_trouble(api::to_string(ref), status.conditions);
    if (set != resources_.listener_sets.end())
      add_listeners(ref, status.listeners, set->second->spec.listeners);
  }

  void add_listeners(const api::ObjectRef& owner, const std::vector<api::ListenerStatus>& statuses,
                     const std::vector<api::Listener>& listeners) {
    for (const auto& status : statuses) {
      auto spec = std::ranges::find(listeners, status.name, &api::Listener::name);
      if (spec == listeners.end()) continue;
      listeners_.push_back({str_cat(api::to_string(owner.key()), "#", status.name),
                            str_cat(spec->port), spec->protocol, spec->hostname.value_or("*"),
                            status_of(status.conditions, "Accepted"),
                            status_of(status.conditions, "Programmed"),
                            str_cat(status.attachedRoutes), kinds_of(status)});
      note_trouble(str_cat(api::to_string(owner), "#", status.name), status.conditions);
    }
  }

  void add(const api::ObjectRef& ref, const api::RouteStatus& status) {
    for (const auto& parent : status.parents) {
      std::string parent_name = shown(parent.parentRef, ref.ns);
      routes_.push_back({api::to_string(ref), parent_name, status_of(parent.conditions, "Accepted"),
                         status_of(parent.conditions, "ResolvedRefs")});
      note_trouble(str_cat(api::to_string(ref), " (", parent_name, ")"), parent.conditions);
    }
  }

  void add(const api::ObjectRef& ref, const api::PolicyStatus& status) {
    for (const auto& ancestor : status.ancestors) {
      policies_.push_back({api::to_string(ref), shown(ancestor.ancestorRef, ref.ns),
                           status_of(ancestor.conditions, "Accepted")});
      note_trouble(api::to_string(ref), ancestor.conditions);
    }
  }

  const api::ResourceSet& resources_;
  const translate::Translation& result_;
  Rows classes_, gateways_, listeners_, routes_, policies_;
  std::string trouble_;
};

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - row[i].size() + 3, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string status_tables(const api::ResourceSet& resources, const translate::Translation& result) {
  return Printer(resources, result).print();
}

}  // namespace gwanmun::control
