// The catalogue of condition types and reasons this controller writes, and how conditions are
// made. The names are the Gateway API's (apis/v1); the few of our own are marked.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "api/meta.h"
#include "control/translate/limits.h"

namespace gwanmun::translate {

namespace type {
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kProgrammed = "Programmed";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kConflicted = "Conflicted";
inline constexpr const char* kOverlappingTls = "OverlappingTLSConfig";
inline constexpr const char* kInsecureFrontend = "InsecureFrontendValidationMode";
inline constexpr const char* kPartiallyInvalid = "PartiallyInvalid";
}  // namespace type

namespace reason {
// Shared.
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kProgrammed = "Programmed";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kInvalid = "Invalid";
inline constexpr const char* kInvalidParameters = "InvalidParameters";
inline constexpr const char* kListenersNotValid = "ListenersNotValid";
inline constexpr const char* kRefNotPermitted = "RefNotPermitted";
inline constexpr const char* kUnsupportedValue = "UnsupportedValue";
inline constexpr const char* kHostnameConflict = "HostnameConflict";  // routes: ours
// Gateways and ListenerSets.
inline constexpr const char* kUnsupportedAddress = "UnsupportedAddress";
inline constexpr const char* kListenersNotResolved = "ListenersNotResolved";
inline constexpr const char* kConfigurationChanged = "ConfigurationChanged";
inline constexpr const char* kNotAllowed = "NotAllowed";
inline constexpr const char* kParentNotAccepted = "ParentNotAccepted";
// Listeners.
inline constexpr const char* kNoConflicts = "NoConflicts";
inline constexpr const char* kProtocolConflict = "ProtocolConflict";
inline constexpr const char* kPortUnavailable = "PortUnavailable";
inline constexpr const char* kUnsupportedProtocol = "UnsupportedProtocol";  // routes, too
inline constexpr const char* kInvalidCertificateRef = "InvalidCertificateRef";
inline constexpr const char* kInvalidRouteKinds = "InvalidRouteKinds";
inline constexpr const char* kNoValidCaCertificate = "NoValidCACertificate";
inline constexpr const char* kInvalidCaCertificateRef = "InvalidCACertificateRef";
inline constexpr const char* kInvalidCaCertificateKind = "InvalidCACertificateKind";
inline constexpr const char* kOverlappingHostnames = "OverlappingHostnames";
// Routes.
inline constexpr const char* kNotAllowedByListeners = "NotAllowedByListeners";
inline constexpr const char* kNoMatchingListenerHostname = "NoMatchingListenerHostname";
inline constexpr const char* kNoMatchingParent = "NoMatchingParent";
inline constexpr const char* kIncompatibleFilters = "IncompatibleFilters";
inline constexpr const char* kInvalidKind = "InvalidKind";
inline constexpr const char* kBackendNotFound = "BackendNotFound";
}  // namespace reason

/// Why something is not as asked: a reason of the catalogue and words for a person, which say what
/// to change and where. False when there is no problem.
struct Problem {
  const char* reason = nullptr;
  std::string message;

  explicit operator bool() const { return reason != nullptr; }
  /// Keeps the first problem of several.
  void note(const char* why, std::string text) {
    if (reason == nullptr) *this = {why, std::move(text)};
  }
  /// Tells all of them, as far as a message may go; the reason is the first one's.
  void also(const char* why, const std::string& text) {
    if (reason == nullptr) *this = {why, text};
    else if (message.size() < kMaxMessage) message += "; " + text;
  }
  bool operator==(const Problem&) const = default;
};

inline api::Condition condition(const char* type, bool status, const char* reason,
                                std::string message) {
  return {.type = type,
          .status = status ? "True" : "False",
          .reason = reason,
          .message = std::move(message)};
}
/// True with `good` when there is no problem, else False with the problem's reason.
inline api::Condition condition(const char* type, const Problem& problem, const char* good) {
  return problem ? condition(type, false, problem.reason, problem.message)
                 : condition(type, true, good, "");
}
inline void stamp(api::Conditions& conditions, std::int64_t generation) {
  for (auto& each : conditions) each.observedGeneration = generation;
}

}  // namespace gwanmun::translate
