// What `gwanmun run` tells a person about a configuration: which URLs to try, which ports are
// missing and what to do about it. Text only.
#pragma once

#include <string>
#include <vector>

#include "proxy/server.h"
#include "snapshot/snapshot.h"

namespace gwanmun::cli {

/// The URLs that are served, each with a curl command; at most a screenful.
std::string urls_to_try(const snapshot::Snapshot& snapshot,
                        const std::vector<proxy::PortState>& ports);

/// What to do about a port that could not be bound.
std::string port_hint(const proxy::PortState& port);

}  // namespace gwanmun::cli
