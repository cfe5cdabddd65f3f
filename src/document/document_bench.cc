// What loading manifests costs: 5,000 HTTPRoutes in one file, from scratch and with one changed.
#include <benchmark/benchmark.h>

#include <string>

#include "base/text.h"
#include "document/load.h"
#include "document/parse.h"

namespace gwanmun::document {
namespace {

std::string routes(int count, int changed = -1) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += str_cat(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: route-",
        i,
        "\n  namespace: shop\n  labels:\n    app: shop\nspec:\n  parentRefs:\n  - name: edge\n"
        "    namespace: infra\n    sectionName: http\n  hostnames:\n  - \"host-",
        i,
        ".example.com\"\n  rules:\n  - matches:\n    - path:\n        type: PathPrefix\n"
        "        value: /api/v1\n      headers:\n      - name: X-Version\n        value: \"2\"\n"
        "    filters:\n    - type: RequestHeaderModifier\n      requestHeaderModifier:\n"
        "        set:\n        - name: X-Env\n          value: prod\n    backendRefs:\n"
        "    - name: orders-",
        i, "\n      port: 8080\n      weight: ", i == changed ? 80 : 90,
        "\n    - name: orders-canary-", i, "\n      port: 8080\n      weight: 10\n");
  }
  return text;
}

void load_all(benchmark::State& state) {
  std::string text = routes(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    std::size_t count = 0;
    LoadResult result = load(text, "routes.yaml", {}, [&](Object) { ++count; });
    if (count != static_cast<std::size_t>(state.range(0)) || !result.diagnostics.empty()) {
      state.SkipWithError("not all routes were loaded");
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(load_all)->Arg(100)->Arg(5'000)->Unit(benchmark::kMillisecond);

void load_one_changed(benchmark::State& state) {
  int count = static_cast<int>(state.range(0));
  std::string texts[] = {routes(count), routes(count, count / 2)};
  LoadCache cache;
  LoadOptions options{.cache = &cache};
  load(texts[0], "routes.yaml", options, [](Object) {});
  int turn = 0;
  for (auto _ : state) {
    std::size_t changed = 0;
    turn ^= 1;
    load(texts[turn], "routes.yaml", options, [&](Object object) { changed += !object.unchanged; });
    if (changed != 1) state.SkipWithError("not exactly one route was read");
  }
}
BENCHMARK(load_one_changed)->Arg(5'000)->Arg(40'000)->Unit(benchmark::kMillisecond);

void parse_only(benchmark::State& state) {
  std::string text = routes(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    for (const Piece& piece : split_documents(text)) benchmark::DoNotOptimize(parse_piece(piece));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_only)->Arg(5'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gwanmun::document
