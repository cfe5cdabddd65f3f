// Where routes can attach: our Gateways and their ListenerSets as they are judged, before any
// route is looked at. Built by gateways.cc and listeners.cc; routes attach to it (attach.cc); then
// statuses and snapshot listeners are made of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/translate/conditions.h"
#include "control/translate/hostnames.h"
#include "control/translate/index.h"
#include "control/translate/translate.h"

namespace gwanmun::translate {

enum class RouteKind : std::uint8_t { kHttp, kGrpc, kTls, kTcp, kUdp };
const char* name_of(RouteKind kind);
using RouteKinds = std::uint8_t;  // one bit for each RouteKind
constexpr RouteKinds bit(RouteKind kind) {
  return static_cast<RouteKinds>(1u << static_cast<unsigned>(kind));
}

struct ParentState;

/// One listener and what was found out about it.
struct ListenerState {
  const api::Listener* spec = nullptr;
  ParentState* parent = nullptr;
  std::size_t position = 0;                    // in spec.listeners of its parent
  std::uint32_t ordinal = 0;                   // among all listeners of the topology
  std::string hostname;                        // normal_host(); "" is any
  std::optional<snapshot::Protocol> protocol;  // nothing: not served
  RouteKinds kinds = 0;

  Problem accepted;
  Problem conflict;
  Problem refs;
  bool usable_tls = true;  // false: HTTPS without any usable certificate, or client CA
  bool overlapping_tls = false;
  std::optional<snapshot::ListenerTls> tls;

  // Filled by attaching.
  std::int32_t attached = 0;
  const void* last_attached = nullptr;  // a route attaches once, however many parentRefs select it
  snapshot::HostTable hosts;
  HostSet http_hosts;  // kept only when both kinds of routes exist
  HostSet grpc_hosts;

  bool programmed() const { return !accepted && !conflict && usable_tls; }
  /// `listener "http" of Gateway shop/web`
  std::string name() const;
  /// "spec.listeners[2]"
  std::string path() const;
};

struct GatewayState;

/// A Gateway or ListenerSet that routes may name as their parent.
struct ParentState {
  GatewayState* gateway = nullptr;
  const api::ListenerSet* set = nullptr;  // null: the Gateway itself
  Problem refused;                        // the ListenerSet or the Gateway as a whole
  std::vector<std::unique_ptr<ListenerState>> listeners;

  const api::ObjectMeta& metadata() const;
  const std::vector<api::Listener>& specs() const;
  const char* kind() const { return set == nullptr ? "Gateway" : "ListenerSet"; }
  std::string name() const;  // "Gateway shop/web"
  Referrer referrer() const { return {kind(), metadata().namespace_}; }
};

struct GatewayState {
  const api::Gateway* gateway = nullptr;
  std::string controller;
  ParentState own;
  std::vector<std::unique_ptr<ParentState>> sets;  // allowed ones, in order of precedence
  std::vector<std::unique_ptr<ParentState>> refused_sets;
  std::vector<std::string> addresses;  // to listen on; empty: all
  Problem refs;                        // of tls.backend
  bool insecure_frontend = false;

  /// Calls visit(listener) for the Gateway's own listeners and then those of its sets.
  template <class Visitor>
  void for_each_listener(Visitor&& visit) {
    for (auto& listener : own.listeners) visit(*listener);
    for (auto& set : sets)
      for (auto& listener : set->listeners) visit(*listener);
  }
};

/// Certificates judged once for each version of a Secret, kept between translations.
struct JudgedSecret {
  std::shared_ptr<const api::Secret> secret;
  std::shared_ptr<const snapshot::Certificate> certificate;  // null: problem says why
  std::string problem;
};
using JudgedSecrets = std::map<api::ObjectKey, JudgedSecret>;

struct Topology {
  std::vector<std::unique_ptr<GatewayState>> gateways;  // in order of precedence
  std::map<api::ObjectKey, ParentState*> gateway_parents;
  std::map<api::ObjectKey, ParentState*> set_parents;  // allowed and refused ones
  std::vector<ListenerState*> listeners;               // by ordinal
  bool mixed = false;  // there are HTTPRoutes and GRPCRoutes, which may not share a host
};

/// What every step of a translation works with.
struct Context {
  const api::ResourceSet& resources;
  const Settings& settings;
  const Index& index;
  Translation& out;
  JudgedSecrets& secrets;              // of this translation
  const JudgedSecrets* judged_before;  // may be null
};

/// gateways.cc: which Gateways are ours; statuses of GatewayClasses; Translation::ignored.
Topology build_topology(Context& context);
/// listeners.cc: judges the listeners of a parent on their own, and numbers them.
void judge_listeners(Context& context, ParentState& parent, std::uint32_t& ordinals);
/// conflicts.cc: judges the listeners of all Gateways against each other.
void judge_conflicts(Context& context, Topology& topology);
/// gateway_status.cc: statuses of Gateways and ListenerSets, when all routes are attached.
void report_topology(Context& context, Topology& topology);

}  // namespace gwanmun::translate
