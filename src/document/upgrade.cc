// Upgrades; see upgrade.h. Between v1alpha2 and v1 most kinds changed only their apiVersion.
#include "document/upgrade.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace gwanmun::document {
namespace {

/// Gives a member another name, keeping its place.
void rename(Node& map, std::string_view from, std::string_view to) {
  for (Node::Member& member : map.members()) {
    if (member.key == from) member.key = to;
  }
}

void note(Findings& findings, Position position, std::string path, std::string message,
          std::string hint) {
  findings.push_back(
      {Severity::kNote, position, std::move(path), std::move(message), std::move(hint)});
}

/// v1 requires hostnames (at least one); the alphas take none for "any".
void upgrade_tls_route(const Node& object, Findings& findings) {
  const Node* hostnames = object.at("spec", "hostnames");
  if (hostnames != nullptr && !hostnames->items().empty()) return;
  note(findings, object.position(), "spec.hostnames",
       "TLSRoute v1 requires hostnames; this older one has none and is taken to match every server "
       "name of its listeners",
       "list the host names to move to v1");
}

/// v1alpha2 had one targetRef, and `tls` with shorter names.
void upgrade_backend_tls_policy(Node& object, Findings& findings) {
  Node* spec = object.find("spec");
  if (spec == nullptr) return;
  if (Node* target = spec->find("targetRef")) {
    Node list = Node::list({std::move(*target)});
    list.set_position(list.items()[0].position());
    rename(*spec, "targetRef", "targetRefs");
    spec->set("targetRefs", std::move(list));
    note(findings, spec->position(), "spec.targetRef", "read as targetRefs with one item", {});
  }
  if (Node* tls = spec->find("tls")) {
    rename(*tls, "caCertRefs", "caCertificateRefs");
    rename(*tls, "wellKnownCACerts", "wellKnownCACertificates");
    rename(*spec, "tls", "validation");
  }
}

}  // namespace

const OldVersion* find_old_version(std::string_view group, std::string_view version,
                                   std::string_view kind) {
  static const std::array<OldVersion, 7> kOld = {{
      {kGatewayGroup, "v1alpha2", "GatewayClass", find_kind(kGatewayGroup, "GatewayClass")},
      {kGatewayGroup, "v1alpha2", "Gateway", find_kind(kGatewayGroup, "Gateway")},
      {kGatewayGroup, "v1alpha2", "HTTPRoute", find_kind(kGatewayGroup, "HTTPRoute")},
      {kGatewayGroup, "v1alpha2", "GRPCRoute", find_kind(kGatewayGroup, "GRPCRoute")},
      {kGatewayGroup, "v1alpha2", "ReferenceGrant", find_kind(kGatewayGroup, "ReferenceGrant")},
      {kGatewayGroup, "v1alpha2", "BackendTLSPolicy", find_kind(kGatewayGroup, "BackendTLSPolicy")},
      {kExperimentalGroup, "v1alpha1", "XListenerSet", find_kind(kGatewayGroup, "ListenerSet")},
  }};
  auto found = std::ranges::find_if(kOld, [&](const OldVersion& old) {
    return old.group == group && old.version == version && old.kind == kind;
  });
  return found == kOld.end() ? nullptr : &*found;
}

void upgrade(Node& object, const Kind& kind, std::string_view version, Findings& findings) {
  if (object.text("kind") == kind.kind && version == kind.version) return;
  if (kind.kind == "TLSRoute") upgrade_tls_route(object, findings);
  if (kind.kind == "BackendTLSPolicy") upgrade_backend_tls_policy(object, findings);
  auto retag = [&](std::string_view key, std::string value) {
    Position position;
    if (const Node* old = object.find(key)) position = old->position();
    object.set(std::string(key), Node::string(std::move(value))).set_position(position);
  };
  retag("apiVersion", join_api_version(kind.group, kind.version));
  retag("kind", std::string(kind.kind));
}

}  // namespace gwanmun::document
