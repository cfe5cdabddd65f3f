// The table of kinds; see kinds.h.
#include "document/kinds.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace gwanmun::document {
namespace {

constexpr std::array<Kind, 16> kKinds = {{
    {kGatewayGroup, "GatewayClass", "v1", false},
    {kGatewayGroup, "Gateway", "v1"},
    {kGatewayGroup, "ListenerSet", "v1"},
    {kGatewayGroup, "HTTPRoute", "v1"},
    {kGatewayGroup, "GRPCRoute", "v1"},
    {kGatewayGroup, "TLSRoute", "v1"},
    {kGatewayGroup, "TCPRoute", "v1"},
    {kGatewayGroup, "UDPRoute", "v1"},
    {kGatewayGroup, "ReferenceGrant", "v1"},
    {kGatewayGroup, "BackendTLSPolicy", "v1"},
    {kExperimentalGroup, "XBackend", "v1alpha1"},
    {"", "Service", "v1"},
    {"discovery.k8s.io", "EndpointSlice", "v1"},
    {"", "Secret", "v1"},
    {"", "ConfigMap", "v1"},
    {"", "Namespace", "v1", false},
}};

/// Gateway API kinds nothing here acts on.
constexpr std::array<std::string_view, 3> kNotServed = {"XBackendTrafficPolicy", "XMesh",
                                                        "XListenerSet"};

/// Groups whose misspelling is a slip; the same kind under an unlike group is another project's.
constexpr std::array<std::string_view, 4> kGroups = {kGatewayGroup, kExperimentalGroup,
                                                     "discovery.k8s.io", "networking.k8s.io"};

/// Kinds of Kubernetes that stand beside ours in many files and look like a typo of one of ours.
constexpr std::array<std::string_view, 4> kInnocent = {"Endpoints", "ServiceAccount", "Ingress",
                                                       "IngressClass"};

const Kind* find_by_name(std::string_view kind) {
  auto found = std::ranges::find(kKinds, kind, &Kind::kind);
  return found == kKinds.end() ? nullptr : &*found;
}

std::string say_kind(const Kind& kind) {
  return str_cat("apiVersion: ", join_api_version(kind.group, kind.version), ", kind: ", kind.kind);
}

}  // namespace

GroupVersion split_api_version(std::string_view api_version) {
  std::size_t slash = api_version.find('/');
  if (slash == api_version.npos) return {"", api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

std::string join_api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : str_cat(group, "/", version);
}

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view group, std::string_view kind) {
  auto found = std::ranges::find_if(
      kKinds, [&](const Kind& known) { return known.group == group && known.kind == kind; });
  return found == kKinds.end() ? nullptr : &*found;
}

StrangerVerdict judge_stranger(std::string_view api_version, std::string_view kind) {
  std::string_view group = split_api_version(api_version).group;
  bool ours = group == kGatewayGroup || group == kExperimentalGroup;
  if (ours && std::ranges::find(kNotServed, kind) != kNotServed.end()) {
    return {Stranger::kNotServed, {}};
  }
  std::vector<std::string_view> names;
  for (const Kind& known : kKinds) names.push_back(known.kind);

  // A kind of ours by name. Other groups have kinds of the same name (Istio's and Knative's
  // Gateway and Service): only a group that looks like a slip is called one.
  if (const Kind* known = find_by_name(kind)) {
    bool near = group.contains("k8") && !closest(group, kGroups).empty();
    bool slip = ours || group.empty() || group == known->group || group == "apps" || near;
    if (slip) return {Stranger::kWrongGroup, str_cat("write ", say_kind(*known))};
    return {Stranger::kIgnored, {}};
  }
  if (ours) {
    std::string_view near = closest(kind, names);
    const Kind* meant = near.empty() ? nullptr : find_by_name(near);
    std::string hint = meant == nullptr ? std::string() : str_cat("did you mean \"", near, "\"?");
    return {Stranger::kWrongKind, std::move(hint)};
  }
  bool core = group.empty() || (group.contains("k8") && !closest(group, kGroups).empty());
  if (core && std::ranges::find(kInnocent, kind) == kInnocent.end()) {
    std::string_view near = closest(kind, names);
    if (!near.empty()) {
      return {Stranger::kWrongKind, str_cat("did you mean \"", near, "\"?")};
    }
  }
  return {Stranger::kIgnored, {}};
}

}  // namespace gwanmun::document
