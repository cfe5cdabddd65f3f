// What an HTTP/1 head costs: finding, parsing and writing it, and a path's normalisation.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "base/arena.h"
#include "http/http1_parser.h"
#include "http/http1_scan.h"
#include "http/http1_writer.h"
#include "http/uri.h"

namespace gwanmun::http {
namespace {

constexpr std::string_view kRequest =
    "GET /api/v2/orders/1234567?expand=items&limit=50 HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "X-Request-Id: 5f2b7c1e-8c5e-4a86-9f55-0c4b9a4c7d11\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx\r\n"
    "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: private, max-age=0\r\n"
    "ETag: \"5f2b7c1e-400\"\r\n"
    "Vary: Accept-Encoding\r\n"
    "\r\n";

void parse_request_head(benchmark::State& state) {
  HeadFinder finder;
  for (auto _ : state) {
    Arena arena;
    RequestHead head(arena);
    ConnectionFacts facts;
    HeadFinder::Step step = finder.find_request(kRequest, {});
    Refusal refusal = parse_request(kRequest.substr(0, step.size), {}, head, facts);
    benchmark::DoNotOptimize(refusal.status);
  }
}
BENCHMARK(parse_request_head);

void parse_response_head(benchmark::State& state) {
  HeadFinder finder;
  for (auto _ : state) {
    Arena arena;
    ResponseHead head(arena);
    ConnectionFacts facts;
    HeadFinder::Step step = finder.find_response(kResponse, {});
    Refusal refusal = parse_response(kResponse.substr(0, step.size), {}, {}, head, facts);
    benchmark::DoNotOptimize(refusal.status);
  }
}
BENCHMARK(parse_response_head);

void find_end(benchmark::State& state, const Scanner& scanner) {
  for (auto _ : state) benchmark::DoNotOptimize(scanner.find_head_end(kRequest, 0).size);
}
void scan(benchmark::State& state, const Scanner& scanner) {
  std::string fields(kRequest.substr(kRequest.find("Host")));
  std::size_t size = fields.size();
  fields.append(kScanPadding, ' ');
  std::string names(size + kScanPadding, ' ');
  Arena arena;
  Headers headers(arena);
  for (auto _ : state) {
    headers.clear();
    FieldScan result =
        scanner.scan_fields({fields.data(), fields.data() + size, names.data(), 100}, headers);
    benchmark::DoNotOptimize(result.kind);
  }
}
[[maybe_unused]] const bool kScanners = [] {
  for (const Scanner* each : {&scalar_scanner(), avx2_scanner()}) {
    if (each == nullptr) continue;
    std::string name(each->name);
    benchmark::RegisterBenchmark(("find_head_end/" + name).c_str(),
                                 [each](benchmark::State& state) { find_end(state, *each); });
    benchmark::RegisterBenchmark(("scan_fields/" + name).c_str(),
                                 [each](benchmark::State& state) { scan(state, *each); });
  }
  return true;
}();

void write_request_head(benchmark::State& state) {
  Arena arena;
  RequestHead head(arena);
  ConnectionFacts facts;
  (void)parse_request(kRequest, {}, head, facts);
  for (auto _ : state) benchmark::DoNotOptimize(write_request(head).bytes.size());
}
BENCHMARK(write_request_head);

void write_response_head(benchmark::State& state) {
  Arena arena;
  ResponseHead head(arena);
  ConnectionFacts facts;
  (void)parse_response(kResponse, {}, {}, head, facts);
  for (auto _ : state) benchmark::DoNotOptimize(write_response(head, {}).bytes.size());
}
BENCHMARK(write_response_head);

void normalize(benchmark::State& state, std::string_view path) {
  for (auto _ : state) {
    Arena arena;
    benchmark::DoNotOptimize(normalize_path(arena, path).has_value());
  }
}
BENCHMARK_CAPTURE(normalize, normal, "/api/v2/orders/1234567/items");
BENCHMARK_CAPTURE(normalize, changed, "/api/./v2/%6frders/../orders/a%2fb");

}  // namespace
}  // namespace gwanmun::http
