// Statuses for people: tables as kubectl prints them, and the conditions that are not as they
// should be. Used by `gwanmun status`; text only, no I/O.
#pragma once

#include <string>
#include <vector>

#include "api/resource_set.h"
#include "control/translate/translate.h"

namespace gwanmun::control {

/// Rows of equal length, the first is the heading; columns three spaces apart, "" prints as
/// nothing.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

/// One table a kind: GatewayClasses, Gateways with a line for each listener, routes with a line for
/// each parent, policies; then what is wrong, in full.
std::string status_tables(const api::ResourceSet& resources, const translate::Translation& result);

}  // namespace gwanmun::control
