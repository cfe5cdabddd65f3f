// A request, its exchange and a compiled chain, for the tests of filters.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "proxy/filter/filter.h"

namespace gwanmun::filter::testing {

using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// "name: value" lines, in order.
inline std::string lines(const http::Headers& headers) {
  std::string out;
  for (const http::Field& f : headers) {
    out += std::string(f.name) + ": " + std::string(f.value) + "\n";
  }
  return out;
}

struct TestExchange {
  explicit TestExchange(std::string_view method = "GET", std::string_view target = "/",
                        Pairs fields = {}, std::uint32_t prefix_length = 0,
                        std::uint16_t listener_port = 80)
      : request(arena), x(request, Facts{listener_port, prefix_length}), response(arena) {
    request.method = arena.copy(method);
    request.scheme = "http";
    request.authority = "shop.example.com";
    std::size_t mark = target.find('?');
    request.path = arena.copy(target.substr(0, mark));
    request.has_query = mark != std::string_view::npos;
    if (request.has_query) request.query = arena.copy(target.substr(mark + 1));
    for (auto [name, value] : fields) request.headers.add(name, value);
  }
  std::string_view reply_header(std::string_view name) const {
    const http::Field* field = x.reply.head.headers.find(name);
    return field ? field->value : std::string_view();
  }
  std::string_view response_header(std::string_view name) const {
    return response.headers.joined(name);
  }

  Arena arena;
  http::RequestHead request;
  Exchange x;
  http::ResponseHead response;
};

/// A chain that keeps its specifications alive.
struct TestChain {
  template <class... Specs>
  explicit TestChain(Specs... given) : specs{snapshot::Filter(std::move(given))...} {
    chain = Chain(specs, clusters);
  }
  std::vector<snapshot::Filter> specs;
  ClusterIds clusters;
  Chain chain;
};

}  // namespace gwanmun::filter::testing
