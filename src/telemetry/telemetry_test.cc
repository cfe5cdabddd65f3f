// Counters, their Prometheus text, and access log lines.
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "telemetry/access_log.h"
#include "telemetry/limits.h"
#include "telemetry/metrics.h"

namespace gwanmun::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, WorkersAreAddedUp) {
  Metrics metrics(2);
  metrics.worker(0).connections_accepted.add(3);
  metrics.worker(1).connections_accepted.add(4);
  metrics.worker(0).route("HTTPRoute/a/b").by_class[2].add(5);
  metrics.worker(1).route("HTTPRoute/a/b").by_class[2].add(1);
  metrics.worker(1).route("HTTPRoute/a/b").by_class[5].add(1);
  metrics.worker(1).upstream_errors[0].add(9);
  metrics.config_applied(7, 100);
  const std::string text = metrics.prometheus(130);
  EXPECT_THAT(text, HasSubstr("gwanmun_connections_total 7\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_requests_total{route=\"HTTPRoute/a/b\",code=\"2xx\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_requests_total{route=\"HTTPRoute/a/b\",code=\"5xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_upstream_errors_total{phase=\"connect\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_config_version 7\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_config_age_seconds 30\n"));
}

TEST(Metrics, HistogramIsCumulative) {
  Metrics metrics(1);
  metrics.worker(0).duration.record(500);
  metrics.worker(0).duration.record(501);
  metrics.worker(0).duration.record(100'000'000);
  const std::string text = metrics.prometheus(0);
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"0.000500\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"0.001000\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"60.000000\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("gwanmun_request_duration_seconds_sum 100.001001\n"));
}

TEST(Metrics, RoutesAreBounded) {
  Metrics metrics(1);
  for (std::size_t i = 0; i < kMaxRoutes; ++i)
    metrics.worker(0).route(str_cat("HTTPRoute/n/r", i)).by_class[2].add();
  metrics.worker(0).route("HTTPRoute/n/late").by_class[2].add();
  metrics.worker(0).route("HTTPRoute/n/later").by_class[2].add();
  const std::string text = metrics.prometheus(0);
  EXPECT_THAT(text, HasSubstr("{route=\"other\",code=\"2xx\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("late")));
}

AccessEntry entry() {
  AccessEntry e;
  e.unix_ms = 1'700'000'000'123;
  e.client = "192.0.2.1";
  e.method = "GET";
  e.authority = "shop.example.com";
  e.path = "/a\"b";
  e.protocol = "HTTP/1.1";
  e.status = 504;
  e.bytes_out = 12;
  e.duration_us = 1'007;
  e.route = "HTTPRoute/shop/orders/rule[0]";
  e.attempts = 2;
  e.ended_by = "upstream";
  e.phase = "head";
  e.reason = "timeout";
  return e;
}

TEST(AccessLog, TextCannotBeBrokenOutOf) {
  std::string line;
  format_text(line, entry());
  EXPECT_EQ(line,
            "2023-11-14T22:13:20.123Z 192.0.2.1 \"GET shop.example.com/a\\x22b HTTP/1.1\" 504 in=0 "
            "out=12 ms=1.007 route=HTTPRoute/shop/orders/rule[0] attempts=2 ended_by=upstream "
            "phase=head reason=timeout");
}

TEST(AccessLog, Json) {
  std::string line;
  format_json(line, entry());
  EXPECT_EQ(line,
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"client\":\"192.0.2.1\",\"method\":\"GET\","
            "\"authority\":\"shop.example.com\",\"path\":\"/a\\\"b\",\"protocol\":\"HTTP/1.1\","
            "\"status\":504,\"bytes_in\":0,\"bytes_out\":12,\"duration_us\":1007,"
            "\"route\":\"HTTPRoute/shop/orders/rule[0]\",\"attempts\":2,\"ended_by\":\"upstream\","
            "\"phase\":\"head\",\"reason\":\"timeout\"}");
}

TEST(AccessLog, LongValuesAreCut) {
  AccessEntry e = entry();
  const std::string path(kMaxLogValueBytes + 100, 'x');
  e.path = path;
  std::string line;
  format_text(line, e);
  EXPECT_LT(line.size(), kMaxLogValueBytes + 300);
}

TEST(AccessLog, ASlowReaderCostsLinesNotMemory) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  {
    AccessLog log(AccessFormat::kText, pipe_ends[1]);
    std::size_t kept = 0;
    while (kept < 1'000'000 && log.append(entry())) ++kept;
    EXPECT_GT(kept, kMaxUnwrittenLogBytes / 300);
    EXPECT_LT(kept, 1'000'000u);
    char line[4096];
    ASSERT_GT(::read(pipe_ends[0], line, sizeof line), 0);
    EXPECT_TRUE(std::string_view(line).starts_with("2023-"));
  }
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace
}  // namespace gwanmun::telemetry
