#include "cli/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/banner.h"
#include "cli/echo_answer.h"
#include "cli/limits.h"

namespace gwanmun::cli {
namespace {

using ::testing::HasSubstr;

TEST(Backend, EveryForm) {
  std::map<translate::ServicePort, std::vector<snapshot::Endpoint>> backends;
  ASSERT_TRUE(parse_backend("shop/orders:80=127.0.0.1:9000,[::1]:9001", backends));
  ASSERT_TRUE(parse_backend("cart:81=localhost:9002", backends));
  EXPECT_EQ((backends[{"shop", "orders", 80}]),
            (std::vector<snapshot::Endpoint>{{"127.0.0.1", 9000}, {"::1", 9001}}));
  EXPECT_EQ((backends[{"default", "cart", 81}]),
            (std::vector<snapshot::Endpoint>{{"127.0.0.1", 9002}}));
}

TEST(Backend, RefusesAllElse) {
  for (const char* text : {"", "orders", "orders=1.2.3.4:80", "orders:0=1.2.3.4:80",
                           "orders:65536=1.2.3.4:80", "orders:80=", "orders:80=1.2.3.4",
                           "orders:80=1.2.3.4:0", "/:80=1.2.3.4:80", "a/:80=1.2.3.4:80"}) {
    std::map<translate::ServicePort, std::vector<snapshot::Endpoint>> backends;
    auto result = parse_backend(text, backends);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().message, HasSubstr("NAMESPACE/SERVICE:PORT=IP:PORT"));
  }
}

TEST(Findings, InEveryFormat) {
  Diagnostics findings{{.file = "a.yaml", .line = 3, .message = "wrong", .hint = "do right"}};
  EXPECT_EQ(format_findings(findings, "json"),
            "{\n    \"findings\": [\n        {\n            \"severity\": \"error\",\n"
            "            \"file\": \"a.yaml\",\n            \"line\": 3,\n"
            "            \"message\": \"wrong\",\n            \"hint\": \"do right\"\n        }\n"
            "    ]\n}\n");
  EXPECT_THAT(format_findings(findings, "yaml"), HasSubstr("findings:\n- severity: error\n"));
  EXPECT_EQ(format_findings(findings, "text"), "a.yaml:3: error: wrong (do right)\n");
}

TEST(Banner, HintsSayWhatToWrite) {
  EXPECT_THAT(port_hint({.port = 80, .permission_denied = true, .error = "x"}),
              HasSubstr("--map-port 80:8080"));
  EXPECT_THAT(port_hint({.port = 443, .permission_denied = true, .error = "x"}),
              HasSubstr("--map-port 443:8443"));
  EXPECT_THAT(port_hint({.port = 8080, .error = "x"}), HasSubstr("--map-port 8080:OTHER"));
}

TEST(Banner, UrlsOfBoundHttpPortsOnly) {
  auto rule = std::make_shared<snapshot::Rule>();
  rule->matches = {{.path = {snapshot::PathMatchKind::kPrefix, "/api"}}};
  auto route = std::make_shared<snapshot::Route>();
  route->rules = {rule};
  auto listener = std::make_shared<snapshot::Listener>();
  listener->port = 80;
  listener->hosts["*.example.com"] = {route};
  snapshot::Snapshot snapshot;
  snapshot.listeners = {listener};
  EXPECT_EQ(urls_to_try(snapshot, {{.port = 80, .bound = 8080}}),
            "  curl -H 'Host: www.example.com' http://127.0.0.1:8080/api\n");
  EXPECT_EQ(urls_to_try(snapshot, {{.port = 80, .error = "denied"}}), "");
}

TEST(EchoWishes, ValuesAndTheirLimits) {
  auto wishes = parse_wishes("status=503&delay=250ms&bytes=10&other=x&flag");
  EXPECT_EQ(wishes.status, 503);
  EXPECT_EQ(wishes.delay_ms, 250u);
  EXPECT_EQ(wishes.bytes, 10u);
  EXPECT_EQ(parse_wishes("delay=40").delay_ms, 40u);
  EXPECT_EQ(parse_wishes("bytes=67108864").error, "");
  EXPECT_EQ(parse_wishes("delay=600000").error, "");
  for (const char* bad : {"status=99", "status=600", "status=x", "delay=soon", "delay=600001",
                          "bytes=67108865", "bytes=-1"})
    EXPECT_NE(parse_wishes(bad).error, "") << bad;
}

TEST(GrpcEcho, ResponseNamesTheMethodAndThePod) {
  Arena arena;
  http::RequestHead request(arena);
  request.path = "/s/m";
  request.authority = "a";
  request.headers.add("k", "v");
  EXPECT_EQ(grpc_echo_response({.name = "p", .ns = "", .service = ""}, request),
            std::string("\x0a\x16"
                        "\x0a\x04/s/m"
                        "\x12\x06\x0a\x01k\x12\x01v"
                        "\x1a\x01"
                        "a"
                        "\x22\x03\x22\x01p"));
}

}  // namespace
}  // namespace gwanmun::cli
