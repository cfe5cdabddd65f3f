// RequestRedirect: an answer with a Location (HTTPRequestRedirectFilter of the API).
#include <array>
#include <charconv>
#include <optional>

#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

std::uint16_t well_known_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

/// The host of an authority, without its port; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

class Redirect final : public Filter {
 public:
  explicit Redirect(const snapshot::RequestRedirect& spec) : spec_(spec) {
    if (spec.path) path_.emplace(*spec.path);
  }

  Verdict on_request(Exchange& x) const override {
    x.reply.head.status = spec_.status_code;
    x.reply.head.body = http::BodyLength::none();
    x.reply.head.headers.add("location", location(x));
    return Verdict::kReply;
  }

 private:
  std::string_view location(const Exchange& x) const {
    const http::RequestHead& request = x.request;
    Arena& arena = request.headers.arena();
    std::string_view path = request.path.starts_with('/') ? request.path : "/";
    if (path_) path = path_->apply(path, x.facts.prefix_length, arena);
    std::string_view mark = request.has_query ? "?" : "";
    std::string_view host =
        spec_.hostname ? std::string_view(*spec_.hostname) : host_of(request.authority);
    if (host.empty()) return arena.concat(path, mark, request.query);  // HTTP/1.0 without Host

    std::string_view scheme = spec_.scheme ? std::string_view(*spec_.scheme) : request.scheme;
    std::uint16_t port = spec_.port     ? *spec_.port
                         : spec_.scheme ? well_known_port(scheme)
                                        : x.facts.listener_port;
    std::array<char, 6> digits{':'};
    std::string_view port_text;
    if (port != well_known_port(scheme)) {
      auto end = std::to_chars(digits.data() + 1, digits.data() + digits.size(), port).ptr;
      port_text = {digits.data(), end};
    }
    return arena.concat(scheme, std::string_view("://"), host, port_text, path, mark,
                        request.query);
  }

  const snapshot::RequestRedirect& spec_;
  std::optional<PathRewriter> path_;
};

}  // namespace

FilterPointer make_filter(const snapshot::RequestRedirect& spec, ClusterIds&) {
  return std::make_unique<const Redirect>(spec);
}

}  // namespace gwanmun::filter
