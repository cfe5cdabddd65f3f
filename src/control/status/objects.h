// Statuses as the API server would hold them: full objects for `status -o yaml|json`, with
// lastTransitionTime. Used by `gwanmun status`; knows no clock, the caller says what time it is.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/translate/translate.h"

namespace gwanmun::control {

/// Remembers when each condition last changed its status.
class StatusBook {
 public:
  /// Takes a result over; conditions whose status changed get `now` (RFC 3339).
  void update(const translate::Translation& result, const std::string& now);
  const std::map<api::ObjectRef, translate::Status>& statuses() const { return statuses_; }

  /// The objects with their statuses: `manifest` gives an object's tree, or nullptr when no file
  /// has it (the default GatewayClass), which then shows its identity only.
  std::vector<document::Node> objects(
      const std::function<const document::Node*(const api::ObjectRef&)>& manifest) const;

 private:
  std::map<api::ObjectRef, translate::Status> statuses_;
};

}  // namespace gwanmun::control
