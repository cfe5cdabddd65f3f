// ListenerSet and its status (apis/v1 listenerset_types): listeners that another team adds to a
// Gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/listener.h"

namespace gwanmun::api {

struct ListenerSetSpec {
  ObjectReference parentRef;
  std::vector<Listener> listeners;
  bool operator==(const ListenerSetSpec&) const = default;
  static constexpr auto fields() {
    using T = ListenerSetSpec;
    return std::tuple(Field("parentRef", &T::parentRef), Field("listeners", &T::listeners));
  }
};

struct ListenerSetStatus {
  Conditions conditions;
  std::vector<ListenerStatus> listeners;
  bool operator==(const ListenerSetStatus&) const = default;
  static constexpr auto fields() {
    using T = ListenerSetStatus;
    return std::tuple(Field("conditions", &T::conditions), Field("listeners", &T::listeners));
  }
};

struct ListenerSet {
  static constexpr const char* kGroup = kGatewayGroup;
  static constexpr const char* kKind = "ListenerSet";
  ObjectMeta metadata;
  ListenerSetSpec spec;
  bool operator==(const ListenerSet&) const = default;
  static constexpr auto fields() {
    using T = ListenerSet;
    return std::tuple(Field("metadata", &T::metadata), Field("spec", &T::spec));
  }
};

}  // namespace gwanmun::api
