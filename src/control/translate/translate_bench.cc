// Translation at 100, 5,000 and 40,000 routes: all of it from nothing, and one changed route (or
// one changed EndpointSlice) on top of the last result.
#include <benchmark/benchmark.h>

#include "base/text.h"
#include "control/translate/translate.h"

namespace gwanmun::translate {
namespace {

std::shared_ptr<const api::HTTPRoute> make_route(int i, int weight) {
  auto route = std::make_shared<api::HTTPRoute>();
  route->metadata.namespace_ = "shop";
  route->metadata.name = str_cat("route-", i);
  route->spec.parentRefs = {{.namespace_ = "infra", .name = "web"}};
  route->spec.hostnames = {str_cat("host-", i, ".example.com")};
  auto& rule = route->spec.rules.emplace_back();
  rule.matches = {{.path = api::TypedValue{"PathPrefix", "/"}}};
  auto& backend = rule.backendRefs.emplace_back();
  backend.name = str_cat("service-", i);
  backend.port = 80;
  backend.weight = weight;
  return route;
}

std::shared_ptr<const api::EndpointSlice> make_slice(int i, const std::string& address) {
  auto slice = std::make_shared<api::EndpointSlice>();
  slice->metadata.namespace_ = "shop";
  slice->metadata.name = str_cat("service-", i, "-1");
  slice->metadata.labels = {{api::EndpointSlice::kServiceLabel, str_cat("service-", i)}};
  slice->addressType = "IPv4";
  slice->ports = {{.port = 8080}};
  slice->endpoints = {{.addresses = {address}}};
  return slice;
}

api::ResourceSet make_world(int routes) {
  api::ResourceSet out;
  auto gateway = std::make_shared<api::Gateway>();
  gateway->metadata.namespace_ = "infra";
  gateway->metadata.name = "web";
  gateway->spec.gatewayClassName = kDefaultClass;
  gateway->spec.listeners = {{.name = "http", .port = 8080, .protocol = "HTTP"}};
  gateway->spec.listeners[0].allowedRoutes = {.namespaces = api::NamespaceSelection{.from = "All"}};
  api::put(out, std::shared_ptr<const api::Gateway>(gateway));
  for (int i = 0; i < routes; ++i) {
    api::put(out, make_route(i, 1));
    api::put(out, make_slice(i, "10.0.0.1"));
    auto service = std::make_shared<api::Service>();
    service->metadata.namespace_ = "shop";
    service->metadata.name = str_cat("service-", i);
    service->spec.ports = {{.port = 80}};
    api::put(out, std::shared_ptr<const api::Service>(service));
  }
  return out;
}

void from_nothing(benchmark::State& state) {
  auto world = make_world(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(translate(world, Settings::for_files()));
}
BENCHMARK(from_nothing)->Arg(100)->Arg(5000)->Arg(40000)->Unit(benchmark::kMillisecond);

void one_route_changed(benchmark::State& state) {
  auto world = make_world(static_cast<int>(state.range(0)));
  Settings settings = Settings::for_files();
  Translation last = translate(world, settings);
  int weight = 1;
  for (auto _ : state) {
    api::put(world, make_route(static_cast<int>(state.range(0)) / 2, ++weight));
    last = translate(world, settings, &last);
  }
}
BENCHMARK(one_route_changed)->Arg(100)->Arg(5000)->Arg(40000)->Unit(benchmark::kMillisecond);

void one_endpoint_changed(benchmark::State& state) {
  auto world = make_world(static_cast<int>(state.range(0)));
  Settings settings = Settings::for_files();
  Translation last = translate(world, settings);
  int n = 0;
  for (auto _ : state) {
    api::put(world,
             make_slice(static_cast<int>(state.range(0)) / 2, str_cat("10.0.1.", ++n % 250)));
    last = translate(world, settings, &last);
  }
}
BENCHMARK(one_endpoint_changed)->Arg(100)->Arg(5000)->Arg(40000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gwanmun::translate
