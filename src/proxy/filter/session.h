// Session persistence (GEP-1619): a token that names an endpoint, carried in a cookie or header.
// Called by proxy/serve.cc. The token holds no address: an endpoint is known by a hash of its
// cluster and address, the same in every worker, replica and after a restart. Nothing is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"
#include "snapshot/snapshot.h"

namespace gwanmun::filter {

struct Session {
  std::uint64_t endpoint = 0;   // endpoint_id()
  std::uint64_t started_s = 0;  // Unix time
  std::uint64_t used_s = 0;     // last request, for the idle timeout
  bool operator==(const Session&) const = default;
};

/// The identity of an endpoint in tokens; takes the cluster's name so that a session holds across
/// the weighted backends of a rule.
std::uint64_t endpoint_id(std::string_view cluster, const snapshot::Endpoint& endpoint);

/// The session that the request carries; nothing when there is none, it is not ours, or it has
/// outlived the absolute or the idle timeout.
std::optional<Session> read_session(const snapshot::SessionPersistence& spec,
                                    const http::RequestHead& request, std::uint64_t now_s);

/// True when the client must be told: a new session, another endpoint, or an idle timeout to renew.
bool must_write(const snapshot::SessionPersistence& spec, const std::optional<Session>& received,
                const Session& current);

/// Adds Set-Cookie or the header to a response. `path` is the matched path (session_path()).
void write_session(const snapshot::SessionPersistence& spec, const Session& session,
                   std::string_view path, bool secure, http::ResponseHead& response);

/// The cookie's Path for a match: the prefix or exact path, or what comes before the first special
/// character of a regular expression; "/" when that is unknown (match is nullptr).
std::string_view session_path(const snapshot::Match* match);

}  // namespace gwanmun::filter
