// CORS (GEP-1767): preflight requests are answered here, other responses decorated. The gateway's
// policy is the only one: what the backend says in Access-Control-* about sharing is replaced, or
// taken away when the origin is not allowed.
#include <algorithm>

#include "base/text.h"
#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

bool is_host_character(char c) {
  c = to_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._*[]:").find(c) != std::string_view::npos;
}

/// "https://a.example.com:8443" in parts; the port as the scheme implies it when there is none.
struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::uint32_t port = 0;  // 0: the text is not an origin with a host ("null", a file's)

  static Origin parse(std::string_view text) {
    std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) return {};
    Origin origin{text.substr(0, colon), text.substr(colon + 3), 0};
    bool known = iequals(origin.scheme, "http") || iequals(origin.scheme, "https");
    if (!known || origin.host.empty()) return {};
    std::uint32_t port = iequals(origin.scheme, "https") ? 443 : 80;
    std::size_t bracket = origin.host.rfind(']');
    std::size_t port_at = origin.host.rfind(':');
    if (port_at != std::string_view::npos &&
        (bracket == std::string_view::npos || port_at > bracket)) {
      auto number = parse_uint(origin.host.substr(port_at + 1));
      if (!number || *number == 0 || *number > 65535) return {};
      port = static_cast<std::uint32_t>(*number);
      origin.host = origin.host.substr(0, port_at);
    }
    if (!std::ranges::all_of(origin.host, is_host_character)) return {};
    origin.port = origin.host.empty() ? 0 : port;
    return origin;
  }
};

/// One entry of allowOrigins, except "*".
class OriginPattern {
 public:
  explicit OriginPattern(std::string_view text) : origin_(Origin::parse(text)) {
    wildcard_ = origin_.host.starts_with('*');
    if (wildcard_) origin_.host.remove_prefix(1);  // "*" covers any labels to its left
  }
  bool matches(const Origin& origin) const {
    if (origin_.port == 0 || origin.port != origin_.port) return false;
    if (!iequals(origin.scheme, origin_.scheme)) return false;
    if (!wildcard_) return iequals(origin.host, origin_.host);
    if (origin.host.size() <= origin_.host.size()) return false;
    return iequals(origin.host.substr(origin.host.size() - origin_.host.size()), origin_.host);
  }

 private:
  Origin origin_;  // views of the snapshot
  bool wildcard_ = false;
};

bool is_any(const std::vector<std::string>& list) {
  return std::ranges::find(list, "*") != list.end();
}

class Cors final : public Filter {
 public:
  explicit Cors(const snapshot::Cors& spec)
      : spec_(spec),
        any_origin_(is_any(spec.allow_origins)),
        any_method_(is_any(spec.allow_methods)),
        any_header_(is_any(spec.allow_headers)),
        methods_(join(spec.allow_methods, ", ")),
        headers_(join(spec.allow_headers, ", ")),
        exposed_(join(spec.expose_headers, ", ")),
        max_age_(str_cat(spec.max_age_seconds)) {
    // With credentials a "*" would be taken literally (Fetch §3.2.5).
    if (spec.allow_credentials && is_any(spec.expose_headers)) exposed_.clear();
    for (const std::string& origin : spec.allow_origins) {
      if (origin != "*") patterns_.emplace_back(origin);
    }
  }

  Verdict on_request(Exchange& x) const override {
    read_origin(x);
    if (x.request.method != "OPTIONS" || x.origin.empty()) return Verdict::kContinue;
    const http::Field* method = x.request.headers.find(http::FieldId::kAccessControlRequestMethod);
    if (!method) return Verdict::kContinue;
    x.cors_preflight = true;
    x.reply.head.status = 204;
    x.reply.head.body = http::BodyLength::none();
    answer_preflight(x, method->value, x.reply.head.headers);
    return Verdict::kReply;
  }

  void on_response(Exchange& x, http::ResponseHead& response) const override {
    if (x.cors_preflight) return;
    read_origin(x);
    http::Headers& headers = response.headers;
    headers.remove("access-control-allow-origin");
    headers.remove("access-control-allow-credentials");
    if (!plain_any()) add_vary(headers, "Origin");
    if (allows(x.origin)) share(x.origin, headers);
  }

 private:
  static void read_origin(Exchange& x) {
    if (x.origin_read) return;
    x.origin_read = true;
    const http::Field* origin = x.request.headers.find(http::FieldId::kOrigin);
    if (origin) x.origin = origin->value;
  }

  bool plain_any() const { return any_origin_ && !spec_.allow_credentials; }

  bool allows(std::string_view origin) const {
    if (origin.empty()) return false;
    if (any_origin_) return true;
    Origin parsed = Origin::parse(origin);
    return std::ranges::any_of(patterns_, [&](const auto& p) { return p.matches(parsed); });
  }

  /// What every answer to an allowed origin carries.
  void share(std::string_view origin, http::Headers& headers) const {
    headers.add("access-control-allow-origin", plain_any() ? "*" : origin);
    if (spec_.allow_credentials) headers.add("access-control-allow-credentials", "true");
    if (!exposed_.empty()) headers.set("access-control-expose-headers", exposed_);
  }

  void answer_preflight(const Exchange& x, std::string_view method, http::Headers& headers) const {
    add_vary(headers, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    if (!allows(x.origin)) return;
    share(x.origin, headers);
    if (any_method_) {
      headers.add("access-control-allow-methods", spec_.allow_credentials ? method : "*");
    } else if (!methods_.empty()) {
      headers.add("access-control-allow-methods", methods_);
    }
    std::string_view asked = x.request.headers.joined("access-control-request-headers");
    if (!asked.empty()) {
      if (any_header_) {
        headers.add("access-control-allow-headers", spec_.allow_credentials ? asked : "*");
      } else if (!headers_.empty()) {
        headers.add("access-control-allow-headers", headers_);
      }
    }
    headers.add("access-control-max-age", max_age_);
  }

  /// Caches must not give one origin's answer to another.
  static void add_vary(http::Headers& headers, std::string_view names) {
    for (const http::Field& field : headers) {
      if (field.id != http::FieldId::kVary) continue;
      std::string_view rest = field.value;
      for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = rest.find(',');
        std::string_view name = trim(rest.substr(0, comma));
        if (iequals(name, names) || name == "*") return;
        if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
      }
    }
    headers.add("vary", names);
  }

  const snapshot::Cors& spec_;
  bool any_origin_;
  bool any_method_;
  bool any_header_;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  std::string max_age_;
  std::vector<OriginPattern> patterns_;
};

}  // namespace

FilterPointer make_filter(const snapshot::Cors& spec, ClusterIds&) {
  return std::make_unique<const Cors>(spec);
}

}  // namespace gwanmun::filter
