// ExternalAuth: what an authorizer is asked, and what its answers do, over HTTP and over gRPC.
#include "proxy/filter/external_auth.h"

#include <gtest/gtest.h>

#include "proxy/filter/auth_proto.h"
#include "proxy/filter/filter_for_test.h"

namespace gwanmun::filter {
namespace {

using namespace testing;  // NOLINT: the helpers

snapshot::ExternalAuth http_spec() { return {.cluster = "auth/checker:9000"}; }
snapshot::ExternalAuth grpc_spec() { return {.cluster = "auth/checker:9000", .grpc = true}; }

struct TestAuthorizer {
  explicit TestAuthorizer(snapshot::ExternalAuth given)
      : spec(std::move(given)), authorizer(spec, clusters) {}
  snapshot::ExternalAuth spec;
  ClusterIds clusters;
  Authorizer authorizer;
};

// ---- as a filter ----

TEST(ExternalAuth, StopsTheChainUntilItIsAsked) {
  TestChain chain(http_spec(), snapshot::RequestHeaderModifier{{.set = {{"x-after", "1"}}}});
  TestExchange t;
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kAuthorize);
  ASSERT_NE(t.x.authorizer, nullptr);
  EXPECT_EQ(t.x.authorizer->cluster(), chain.clusters.find("auth/checker:9000"));
  EXPECT_TRUE(t.request.headers.empty());
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kContinue);
  EXPECT_EQ(lines(t.request.headers), "x-after: 1\n");
}

TEST(ExternalAuth, Answers500WithoutACluster) {
  TestChain chain(snapshot::ExternalAuth{});
  TestExchange t;
  EXPECT_EQ(chain.chain.on_request(t.x), Verdict::kReply);
  EXPECT_EQ(t.x.reply.head.status, 500);
}

TEST(ExternalAuth, FailsClosed) {
  TestAuthorizer a(http_spec());
  TestExchange t;
  t.x.reply.head.headers.add("left", "over");
  a.authorizer.refuse(t.x);
  EXPECT_EQ(t.x.reply.head.status, 403);
  EXPECT_TRUE(t.x.reply.head.headers.empty());
}

// ---- HTTP ----

TEST(ExternalAuthHttp, AsksWithTheMethodHostPathAndAuthorization) {
  auto spec = http_spec();
  spec.path_prefix = "/check/";
  spec.allowed_request_headers = {"x-tenant"};
  TestAuthorizer a(spec);
  TestExchange t("DELETE", "/orders/1?force=1",
                 {{"authorization", "Bearer t"}, {"cookie", "a=b"}, {"x-tenant", "7"}});
  auto check = a.authorizer.check(t.request, "", {});
  EXPECT_EQ(check.head.method, "DELETE");
  EXPECT_EQ(check.head.authority, "shop.example.com");
  EXPECT_EQ(check.head.path, "/check/orders/1");
  EXPECT_EQ(check.head.query, "force=1");
  EXPECT_TRUE(check.head.has_query);
  EXPECT_EQ(check.head.body.kind, http::BodyLength::Kind::kNone);
  EXPECT_EQ(lines(check.head.headers), "authorization: Bearer t\nx-tenant: 7\n");
}

TEST(ExternalAuthHttp, SendsTheBodyWithItsOwnLength) {
  auto spec = http_spec();
  spec.forward_body_max_size = 10;
  TestAuthorizer a(spec);
  EXPECT_EQ(a.authorizer.body_limit(), 10U);
  TestExchange t("POST");
  t.request.body = http::BodyLength::unknown();
  auto check = a.authorizer.check(t.request, "0123456789", {});
  EXPECT_EQ(check.body, "0123456789");
  EXPECT_EQ(check.head.body.kind, http::BodyLength::Kind::kKnown);
  EXPECT_EQ(check.head.body.bytes, 10U);
}

bool judge_http(const TestAuthorizer& a, TestExchange& t, int status, Pairs fields,
                std::string_view body = "") {
  http::ResponseHead head(t.arena);
  head.status = status;
  for (auto [name, value] : fields) head.headers.add(name, value);
  return a.authorizer.judge({head, body}, t.x);
}

TEST(ExternalAuthHttp, CopiesTheAnswersHeadersOntoTheRequest) {
  TestAuthorizer a(http_spec());
  TestExchange t("GET", "/", {{"x-user", "spoofed"}, {"x-user", "again"}, {"accept", "*/*"}});
  EXPECT_TRUE(judge_http(a, t, 200,
                         {{"x-user", "alice"},
                          {"x-role", "a"},
                          {"x-role", "b"},
                          {"host", "evil"},
                          {"content-type", "text/plain"},
                          {"content-length", "3"},
                          {"date", "now"}}));
  EXPECT_EQ(lines(t.request.headers), "accept: */*\nx-user: alice\nx-role: a\nx-role: b\n");
}

TEST(ExternalAuthHttp, CopiesOnlyWhatIsListedAndTrustsNobodyElseForIt) {
  auto spec = http_spec();
  spec.allowed_response_headers = {"x-user", "x-role", "authorization"};
  TestAuthorizer a(spec);
  TestExchange t("GET", "/", {{"x-role", "admin"}, {"authorization", "Basic x"}, {"x-b", "1"}});
  EXPECT_TRUE(judge_http(a, t, 200, {{"x-user", "alice"}, {"x-other", "1"}}));
  EXPECT_EQ(lines(t.request.headers), "authorization: Basic x\nx-b: 1\nx-user: alice\n")
      << "a role that the authorizer neither saw nor gave must not come from the client";
}

TEST(ExternalAuthHttp, PassesARefusalOn) {
  TestAuthorizer a(http_spec());
  for (int status : {301, 302, 303, 307, 400, 401, 403, 404, 429}) {
    TestExchange t;
    EXPECT_FALSE(judge_http(a, t, status,
                            {{"www-authenticate", "Basic"}, {"transfer-encoding", "chunked"}},
                            "go away"));
    EXPECT_EQ(t.x.reply.head.status, status);
    EXPECT_EQ(lines(t.x.reply.head.headers), "www-authenticate: Basic\n");
    EXPECT_EQ(t.x.reply.body, "go away");
    EXPECT_EQ(t.x.reply.head.body.bytes, 7U);
  }
}

TEST(ExternalAuthHttp, AnythingThatIsNoRefusalIs403) {
  TestAuthorizer a(http_spec());
  for (int status : {201, 204, 206, 101, 500, 502, 503, 504}) {
    TestExchange t;
    EXPECT_FALSE(judge_http(a, t, status, {{"x-user", "alice"}}, "text"));
    EXPECT_EQ(t.x.reply.head.status, 403) << status;
    EXPECT_TRUE(t.x.reply.head.headers.empty());
    EXPECT_TRUE(t.request.headers.empty());
  }
}

// ---- gRPC: the request ----

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    out += digits;
  }
  return out;
}

TEST(ExternalAuthGrpc, AsksOverGrpc) {
  TestAuthorizer a(grpc_spec());
  TestExchange t;
  auto check = a.authorizer.check(t.request, "", {});
  EXPECT_EQ(check.head.method, "POST");
  EXPECT_EQ(check.head.path, "/envoy.service.auth.v3.Authorization/Check");
  EXPECT_EQ(check.head.authority, "checker.auth:9000");
  EXPECT_TRUE(check.head.te_trailers);
  EXPECT_EQ(lines(check.head.headers), "content-type: application/grpc\n");
  EXPECT_EQ(check.head.body.bytes, check.body.size());
}

TEST(ExternalAuthGrpc, EncodesAttributesByteForByte) {
  Arena arena;
  http::RequestHead request(arena);
  request.method = "GET";
  request.scheme = "http";
  request.authority = "a";
  request.path = "/p";
  request.query = "q";
  request.has_query = true;
  request.headers.add("h", "v");
  Client client{.address = "1.2.3.4", .port = 5, .local_address = "::1", .local_port = 443};
  // Worked out by hand from the .proto files:
  //   attributes(1) { source(1) { address(1) { socket_address(1) { address(2) port_value(3) } } }
  //     destination(2) {...} request(4) { http(2) { method(2) headers(3) { key(1) value(2) }
  //     path(4) host(5) scheme(6) size(9) protocol(10) } } }
  EXPECT_EQ(hex(encode_check(request, "", client, {})),
            std::string("00") + "0000004d" + "0a4b" +                       // framing
                "0a0f" + "0a0d" + "0a0b" + "1207312e322e332e34" + "1805" +  // source
                "120c" + "0a0a" + "0a08" + "12033a3a31" + "18bb03" +        // destination
                "222a" + "1228" + "1203474554" +                            // GET
                "1a06" + "0a0168" + "120176" + "22042f703f71" + "2a0161" +  // h: v, /p?q, a
                "320468747470" + "4800" + "5208485454502f312e31");          // http, HTTP/1.1
}

/// The fields of a nested message, as "number=bytes" in order; numbers for varints.
std::string field_text(std::string_view message, std::initializer_list<std::uint32_t> path) {
  for (std::uint32_t step : path) {
    ProtoReader reader(message);
    message = {};
    while (reader.next()) {
      if (reader.is_bytes(step)) message = reader.bytes();
    }
  }
  return std::string(message);
}

TEST(ExternalAuthGrpc, TellsWhatItIsAllowedTo) {
  auto spec = grpc_spec();
  spec.allowed_request_headers = {"x-a"};
  TestAuthorizer a(spec);
  TestExchange t("GET", "/", {{"x-a", "1"}, {"x-secret", "2"}, {"x-a", "\xff"}});
  auto check = a.authorizer.check(t.request, "", {});
  std::string http = field_text(check.body.substr(5), {1, 4, 2});
  EXPECT_EQ(field_text(http, {3}), std::string("\x0a\x03x-a\x12\x04"
                                               "1, ?",
                                               11));
  EXPECT_EQ(http.find("secret"), std::string::npos);
}

TEST(ExternalAuthGrpc, BodiesThatAreNotTextGoAsBytes) {
  auto spec = grpc_spec();
  spec.forward_body_max_size = 100;
  TestAuthorizer a(spec);
  TestExchange t("POST");
  t.request.body = http::BodyLength::unknown();
  auto text = a.authorizer.check(t.request, "h\xc3\xa9", {});
  auto bytes = a.authorizer.check(t.request, "\xc3", {});
  EXPECT_EQ(field_text(text.body.substr(5), {1, 4, 2, 11}), "h\xc3\xa9");
  EXPECT_EQ(field_text(bytes.body.substr(5), {1, 4, 2, 11}), "");
  EXPECT_EQ(field_text(bytes.body.substr(5), {1, 4, 2, 12}), "\xc3");
}

TEST(ExternalAuthGrpc, TellsTheTimeTheNameAndThePrincipal) {
  TestAuthorizer a(grpc_spec());
  TestExchange t("GET", "/", {{"x-request-id", "id-1"}});
  auto check = a.authorizer.check(
      t.request, "", {.server_name = "sni", .principal = "CN=x", .now_us = 1'700'000'000'000'005});
  std::string_view message = check.body.substr(5);
  EXPECT_EQ(field_text(message, {1, 12, 1}), "sni");
  EXPECT_EQ(field_text(message, {1, 1, 4}), "CN=x");
  EXPECT_EQ(field_text(message, {1, 4, 2, 1}), "id-1");
  EXPECT_EQ(hex(field_text(message, {1, 4, 1})), "0880e2cfaa06108827");
}

TEST(ExternalAuthGrpc, RoomIsEnoughForManyRepeatedHeaders) {
  TestAuthorizer a(grpc_spec());
  TestExchange t("GET", "/");
  std::string id(500, 'i');
  t.request.headers.add("x-request-id", id);
  for (int i = 0; i < 128; ++i) t.request.headers.add("h", "");
  auto check = a.authorizer.check(t.request, "", {});
  EXPECT_NE(check.body.find(id), std::string_view::npos);
}

// ---- gRPC: the answer ----

/// Builds messages front to back, unlike the encoder under test.
struct Message {
  std::string text;
  Message& bytes(char field, std::string_view value) {
    text += static_cast<char>(field << 3 | 2);
    std::size_t left = value.size();
    for (; left > 127; left >>= 7) text += static_cast<char>((left & 127) | 128);
    text += static_cast<char>(left);
    text += value;
    return *this;
  }
  Message& number(char field, char value) {
    text += static_cast<char>(field << 3);
    text += value;
    return *this;
  }
};
std::string header_option(std::string_view name, std::string_view value, char action = -1,
                          int append = -1) {
  Message option;
  option.bytes(1, Message().bytes(1, name).bytes(2, value).text);
  if (append >= 0) {
    option.bytes(2, append ? Message().number(1, 1).text : std::string());
  }
  if (action >= 0) option.number(3, action);
  return option.text;
}

std::string framed(std::string_view message) {
  std::string out(5, '\0');
  out[4] = static_cast<char>(message.size());
  out[3] = static_cast<char>(message.size() >> 8);
  return out + std::string(message);
}

bool judge_grpc(TestExchange& t, std::string_view body, std::string_view grpc_status = "0",
                int status = 200) {
  TestAuthorizer a(grpc_spec());
  http::ResponseHead head(t.arena);
  head.status = status;
  http::Headers trailers(t.arena);
  trailers.add("grpc-status", grpc_status);
  return a.authorizer.judge({head, body, &trailers}, t.x);
}

TEST(ExternalAuthGrpc, AnEmptyAnswerAllows) {
  TestExchange t;
  EXPECT_TRUE(judge_grpc(t, framed("")));
}

TEST(ExternalAuthGrpc, OkEditsTheRequestAndTheResponse) {
  std::string ok = Message()
                       .bytes(2, header_option("X-User", "alice"))
                       .bytes(2, header_option("x-more", "b", -1, 1))
                       .bytes(2, header_option("x-there", "no", 1))
                       .bytes(2, header_option("x-absent", "no", 3))
                       .bytes(2, header_option("host", "evil"))
                       .bytes(2, header_option("content-length", "7"))
                       .bytes(2, header_option("bad name", "v"))
                       .bytes(2, header_option("x-split", "a\r\nx-evil: 1"))
                       .bytes(5, "X-Gone")
                       .bytes(5, "host")
                       .bytes(6, header_option("x-told", "1"))
                       .text;
  TestChain chain(grpc_spec());
  TestExchange t("GET", "/",
                 {{"x-user", "eve"}, {"x-more", "a"}, {"x-there", "1"}, {"x-gone", "1"}});
  EXPECT_TRUE(judge_grpc(t, framed(Message().bytes(1, "").bytes(3, ok).text)));
  EXPECT_EQ(lines(t.request.headers), "x-user: alice\nx-more: a\nx-there: 1\nx-more: b\n");
  chain.chain.on_response(t.x, t.response);
  EXPECT_EQ(lines(t.response.headers), "x-told: 1\n");
}

TEST(ExternalAuthGrpc, DeniedIsPassedOn) {
  std::string denied = Message()
                           .bytes(1, std::string("\x08\x91\x03", 3))  // 401
                           .bytes(2, header_option("www-authenticate", "Bearer"))
                           .bytes(3, "no token")
                           .text;
  TestExchange t;
  EXPECT_FALSE(judge_grpc(
      t, framed(Message().bytes(1, Message().number(1, 16).text).bytes(2, denied).text)));
  EXPECT_EQ(t.x.reply.head.status, 401);
  EXPECT_EQ(lines(t.x.reply.head.headers), "www-authenticate: Bearer\n");
  EXPECT_EQ(t.x.reply.body, "no token");
}

TEST(ExternalAuthGrpc, DeniedWithoutAStatusIs403) {
  TestExchange t, odd;
  std::string code = Message().number(1, 7).text;
  EXPECT_FALSE(judge_grpc(t, framed(Message().bytes(1, code).text)));
  EXPECT_EQ(t.x.reply.head.status, 403);
  std::string ok_status = Message().bytes(1, std::string("\x08\xc8\x01", 3)).text;  // 200
  EXPECT_FALSE(judge_grpc(odd, framed(Message().bytes(1, code).bytes(2, ok_status).text)));
  EXPECT_EQ(odd.x.reply.head.status, 403);
}

TEST(ExternalAuthGrpc, BrokenAnswersRefuse) {
  std::string good = framed(Message().bytes(3, Message().bytes(5, "x").text).text);
  auto broken = [&](std::string_view body, std::string_view grpc_status = "0", int status = 200) {
    TestExchange t;
    bool allowed = judge_grpc(t, body, grpc_status, status);
    return !allowed && t.x.reply.head.status == 403;
  };
  EXPECT_FALSE(broken(good));
  EXPECT_TRUE(broken(good, "14"));
  EXPECT_TRUE(broken(good, ""));
  EXPECT_TRUE(broken(good, "0", 503));
  EXPECT_TRUE(broken(""));
  EXPECT_TRUE(broken(good.substr(0, good.size() - 1)));
  EXPECT_TRUE(broken(good + "x"));
  EXPECT_TRUE(broken("\1" + good.substr(1))) << "compressed";
  EXPECT_TRUE(broken(framed("\x1a")));
  EXPECT_TRUE(broken(framed("\x1a\x05")));
  EXPECT_TRUE(broken(framed("\x1a\x02\x2a\x05"))) << "inside ok_response";
  EXPECT_TRUE(broken(framed(std::string("\x0a\x02\x08\xff", 4)))) << "inside status";
  EXPECT_TRUE(broken(framed("\x03"))) << "field 0";
  EXPECT_TRUE(broken(framed("\x0b"))) << "a group";
  EXPECT_TRUE(broken(framed("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));
}

TEST(ExternalAuthGrpc, LimitsHeadersAndBytes) {
  auto answer = [](std::size_t headers) {
    std::string option = header_option("h", "v");
    std::string ok;
    for (std::size_t i = 0; i < headers; ++i) ok += Message().bytes(2, option).text;
    return framed(Message().bytes(3, ok).text);
  };
  TestExchange at, beyond, large;
  EXPECT_TRUE(judge_grpc(at, answer(kMaxAuthHeaders)));
  EXPECT_FALSE(judge_grpc(beyond, answer(kMaxAuthHeaders + 1)));
  EXPECT_FALSE(judge_grpc(large, std::string(kMaxAuthAnswerBytes + 1, '\0')));
}

TEST(Utf8, IsJudgedAsRfc3629Says) {
  for (std::string_view good : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << hex(good);
  }
  for (std::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << hex(bad);
  }
}

}  // namespace
}  // namespace gwanmun::filter
