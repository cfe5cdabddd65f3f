// What a look-up and a compilation cost: many hosts, many header routes on one path, many paths,
// many expressions. Run by bench/micro/run.
#include <benchmark/benchmark.h>

#include <random>

#include "proxy/router_for_test.h"

namespace gwanmun::proxy {
namespace {

using namespace testing;  // NOLINT: the builders

using Routes = std::vector<std::shared_ptr<const snapshot::Route>>;

std::shared_ptr<const snapshot::Route> single(int number, Match match) {
  return make_route(static_cast<std::uint32_t>(number),
                    {make_rule(str_cat("r", number), {std::move(match)})});
}

std::shared_ptr<const snapshot::Snapshot> many_hosts(int count) {
  snapshot::HostTable hosts;
  for (int i = 0; i < count; ++i) {
    hosts[str_cat("host-", i, ".example.com")] = {single(i, prefix("/"))};
  }
  return make_snapshot({make_listener("http", "", std::move(hosts))});
}

std::shared_ptr<const snapshot::Snapshot> one_host(Routes routes) {
  return make_snapshot({make_listener("http", "", {{"*", std::move(routes)}})});
}

/// A browser's headers, so that looking for one costs what it costs.
void add_usual_headers(TestRequest& request) {
  for (auto [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"user-agent", "Mozilla/5.0 (X11; Linux x86_64)"},
           {"accept", "text/html,application/xhtml+xml"},
           {"accept-language", "en"},
           {"accept-encoding", "gzip, deflate, br"},
           {"cookie", "session=0123456789abcdef"},
           {"cache-control", "max-age=0"}}) {
    request.header(name, value);
  }
}

using Make = std::unique_ptr<TestRequest> (*)(int);

void look_up(benchmark::State& state, const std::shared_ptr<const snapshot::Snapshot>& snapshot,
             Make make) {
  auto router = Router::compile(snapshot, nullptr);
  std::vector<std::unique_ptr<TestRequest>> requests;
  std::mt19937 random(1);
  auto count = static_cast<std::uint32_t>(state.range(0));
  for (int i = 0; i < 4096; ++i) {
    requests.push_back(make(static_cast<int>(random() % count)));
    add_usual_headers(*requests.back());
  }
  const PortRouter* port = router->port("", 80);
  std::size_t i = 0;
  for (auto _ : state) {
    RouteMatch match = port->match(requests[i++ % requests.size()]->head);
    if (!match.match) state.SkipWithError("nothing matches");
    benchmark::DoNotOptimize(match);
  }
}

void BM_LookUpHost(benchmark::State& state) {
  look_up(state, many_hosts(static_cast<int>(state.range(0))), [](int i) {
    return std::make_unique<TestRequest>(str_cat("host-", i, ".example.com"), "/api/v2/orders");
  });
}
BENCHMARK(BM_LookUpHost)->Arg(1)->Arg(100)->Arg(5'000)->Arg(100'000);

void BM_LookUpHeader(benchmark::State& state) {
  Routes routes;
  for (int i = 0; i < state.range(0); ++i) {
    routes.push_back(single(i, with_header(prefix("/"), "x-tenant", str_cat("tenant-", i))));
  }
  look_up(state, one_host(std::move(routes)), [](int i) {
    auto request = std::make_unique<TestRequest>("example.com", "/api/v2/orders");
    request->header("x-tenant", str_cat("tenant-", i));
    return request;
  });
}
BENCHMARK(BM_LookUpHeader)->Arg(1)->Arg(100)->Arg(5'000)->Arg(40'000);

void BM_LookUpPrefix(benchmark::State& state) {
  Routes routes;
  for (int i = 0; i < state.range(0); ++i) {
    routes.push_back(single(i, prefix(str_cat("/api/v", i % 7, "/service-", i))));
  }
  look_up(state, one_host(std::move(routes)), [](int i) {
    return std::make_unique<TestRequest>("example.com",
                                         str_cat("/api/v", i % 7, "/service-", i, "/orders/17"));
  });
}
BENCHMARK(BM_LookUpPrefix)->Arg(1)->Arg(100)->Arg(5'000)->Arg(100'000);

void BM_LookUpExpression(benchmark::State& state) {
  Routes routes;
  for (int i = 0; i < state.range(0); ++i) {
    routes.push_back(single(i, regex(str_cat("/api/service-", i, "/[a-z]+/[0-9]+"))));
  }
  look_up(state, one_host(std::move(routes)), [](int i) {
    return std::make_unique<TestRequest>("example.com", str_cat("/api/service-", i, "/orders/17"));
  });
}
BENCHMARK(BM_LookUpExpression)->Arg(1)->Arg(100)->Arg(1'000);

void BM_Compile(benchmark::State& state) {
  auto snapshot = many_hosts(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Router::compile(snapshot, nullptr));
}
BENCHMARK(BM_Compile)->Arg(100)->Arg(5'000)->Arg(40'000)->Unit(benchmark::kMillisecond);

/// One route of many replaced, as after a change of one file.
void BM_CompileOneChange(benchmark::State& state) {
  auto first = many_hosts(static_cast<int>(state.range(0)));
  snapshot::HostTable hosts = first->listeners[0]->hosts;
  hosts["host-7.example.com"] = {single(7, prefix("/new"))};
  auto second = std::make_shared<snapshot::Snapshot>(*first);
  second->listeners = {make_listener("http", "", std::move(hosts))};
  auto router = Router::compile(first, nullptr);
  for (auto _ : state) benchmark::DoNotOptimize(Router::compile(second, router.get()));
}
BENCHMARK(BM_CompileOneChange)->Arg(100)->Arg(5'000)->Arg(40'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gwanmun::proxy
