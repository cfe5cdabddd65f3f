// TLSRoute, TCPRoute and UDPRoute: this version serves none of their protocols, so that only their
// references are looked at; attaching says why they do not attach.
#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

template <class Route>
constexpr RouteKind kKindOf = RouteKind::kTls;
template <>
constexpr RouteKind kKindOf<api::TCPRoute> = RouteKind::kTcp;
template <>
constexpr RouteKind kKindOf<api::UDPRoute> = RouteKind::kUdp;

}  // namespace

template <class Route>
std::shared_ptr<const RouteRules> translate_rules(const Context& context, const Route& route) {
  auto out = std::make_shared<RouteRules>();
  RouteInput input{context, kKindOf<Route>, route.metadata};
  for (std::size_t i = 0; i < route.spec.rules.size(); ++i) {
    const auto& refs = route.spec.rules[i].backendRefs;
    for (std::size_t j = 0; j < refs.size(); ++j) {
      std::string path = str_cat("spec.rules[", i, "].backendRefs[", j, "]");
      if (Target target = resolve_backend(input, refs[j], path, *out); target.problem)
        out->refs.also(target.problem.reason, target.problem.message);
    }
  }
  return out;
}

template std::shared_ptr<const RouteRules> translate_rules(const Context&, const api::TLSRoute&);
template std::shared_ptr<const RouteRules> translate_rules(const Context&, const api::TCPRoute&);
template std::shared_ptr<const RouteRules> translate_rules(const Context&, const api::UDPRoute&);

}  // namespace gwanmun::translate
