// Attaching routes to listeners: parentRefs, allowedRoutes, hostnames, and the rule that an
// HTTPRoute and a GRPCRoute may not share a host. Routes come in order of precedence.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/translate/rules.h"

namespace gwanmun::translate {

/// A route of any kind, as attaching and reporting see it.
struct RouteView {
  RouteKind kind;
  std::shared_ptr<const void> object;
  const api::ObjectMeta* meta;
  const api::CommonRouteSpec* spec;
  const std::vector<std::string>* hostnames;  // of kinds without any: an empty list
};

/// What became of one parentRef that leads to a Gateway or ListenerSet of ours.
struct ParentFact {
  std::size_t index = 0;  // in spec.parentRefs; past its end: a default Gateway
  api::ObjectKey default_gateway;
  std::string controller;
  Problem refused;
  std::string note;  // what an accepted route still should know
  bool operator==(const ParentFact&) const = default;
};

/// Where a route is to be served.
struct Place {
  std::uint32_t listener = 0;  // its ordinal
  std::string host;
};

struct Attachment {
  std::vector<ParentFact> parents;
  std::vector<Place> places;  // those of one listener are next to each other
};

Attachment attach(const Context& context, Topology& topology, const RouteView& route);
/// Adds an accepted route to attachedRoutes of its listeners.
void count_attached(Topology& topology, const Attachment& attachment);

}  // namespace gwanmun::translate
