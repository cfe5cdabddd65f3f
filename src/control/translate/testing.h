// For tests of translation: objects from YAML, and results in words.
#pragma once

#include <string>

#include "base/text.h"
#include "control/translate/translate.h"
#include "document/load.h"

namespace gwanmun::translate {

/// Adds the documents as a source would; returns what was wrong with them, a line each.
inline std::string add_yaml(api::ResourceSet& resources, const std::string& yaml) {
  auto loaded = document::load(yaml, "case.yaml");
  std::string problems;
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.severity == Severity::kError) problems += to_string(diagnostic) + "\n";
  for (const auto& object : loaded.objects) {
    if (!object.valid) continue;
    if (auto added = api::add(resources, object.node); !added)
      problems += str_cat("error: ", added.error().message, "\n");
  }
  return problems;
}

/// Conditions that are as they should be in one line, each other one in full.
inline std::string describe(const api::Conditions& conditions, const std::string& indent) {
  std::string good, out;
  for (const auto& each : conditions) {
    bool usual = each.reason == each.type || each.reason == "NoConflicts";
    if (usual && each.message.empty()) {
      good += str_cat(" ", each.type);
    } else {
      out += str_cat(indent, each.type, "=", each.status, " ", each.reason,
                     each.message.empty() ? "" : ": ", each.message, "\n");
    }
    if (each.observedGeneration != 1)
      out += str_cat(indent, each.type, " observedGeneration ", each.observedGeneration, "\n");
  }
  return good.empty() ? out : str_cat(indent, "good:", good, "\n", out);
}

inline std::string describe(const std::vector<api::ListenerStatus>& listeners) {
  std::string out;
  for (const auto& listener : listeners) {
    out += str_cat("  listener ", listener.name, ": ", listener.attachedRoutes, " attached of");
    for (const auto& kind : listener.supportedKinds) out += " " + kind.kind;
    out += "\n" + describe(listener.conditions, "    ");
  }
  return out;
}

struct DescribeStatus {
  std::string operator()(const api::GatewayClassStatus& s) const {
    return describe(s.conditions, "  ");
  }
  std::string operator()(const api::GatewayStatus& s) const {
    std::string out = describe(s.conditions, "  ");
    for (const auto& address : s.addresses) out += str_cat("  address ", address.value, "\n");
    if (s.attachedListenerSets)
      out += str_cat("  attachedListenerSets ", *s.attachedListenerSets, "\n");
    return out + describe(s.listeners);
  }
  std::string operator()(const api::ListenerSetStatus& s) const {
    return describe(s.conditions, "  ") + describe(s.listeners);
  }
  static std::string parent(const api::ParentReference& ref) {
    std::string out = str_cat("  parent ", ref.kind.value_or("Gateway"), " ",
                              ref.namespace_ ? *ref.namespace_ + "/" : "", ref.name);
    if (ref.sectionName) out += str_cat(" section ", *ref.sectionName);
    if (ref.port) out += str_cat(" port ", *ref.port);
    return out;
  }
  std::string operator()(const api::RouteStatus& s) const {
    std::string out;
    for (const auto& each : s.parents) {
      out += parent(each.parentRef);
      if (each.controllerName != kControllerName) out += str_cat(" by ", each.controllerName);
      out += "\n" + describe(each.conditions, "    ");
    }
    return out;
  }
  std::string operator()(const api::PolicyStatus& s) const {
    std::string out;
    for (const auto& each : s.ancestors)
      out += parent(each.ancestorRef) + "\n" + describe(each.conditions, "    ");
    return out;
  }
};

inline std::string describe(const Status& status) { return std::visit(DescribeStatus{}, status); }

inline std::string describe(const Translation& result) {
  std::string out;
  for (const auto& [ref, status] : result.statuses)
    out += to_string(ref) + "\n" + describe(*status);
  for (const auto& ignored : result.ignored)
    out +=
        str_cat("ignored: Gateway ", api::to_string(ignored.gateway), ": ", ignored.reason, "\n");
  for (const auto& warning : result.warnings) out += to_string(warning) + "\n";
  return out + to_yaml(*result.snapshot);
}

}  // namespace gwanmun::translate
