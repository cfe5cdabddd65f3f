// Every error has one answer, and only response_for() knows it.
#include "proxy/error.h"

#include <gtest/gtest.h>

namespace gwanmun::proxy {
namespace {

using http::Fault;

struct Case {
  const char* why;
  Error error;
  int status;
  int grpc;
};

TEST(Error, AnswersByWhoAndWhat) {
  const Case cases[] = {
      {"no route", {Side::kGateway, Phase::kRoute, Fault::kNone, 404, {}}, 404, 12},
      {"misdirected", {Side::kGateway, Phase::kRoute, Fault::kNone, 421, {}}, 421, 14},
      {"invalid backend", {Side::kGateway, Phase::kRoute, Fault::kNone, 500, {}}, 500, 14},
      {"no endpoint", {Side::kGateway, Phase::kRoute, Fault::kNone, 503, {}}, 503, 14},
      {"connection refused", {Side::kUpstream, Phase::kConnect, Fault::kConnect, 0, {}}, 502, 14},
      {"backend reset", {Side::kUpstream, Phase::kHead, Fault::kReset, 0, {}}, 502, 14},
      {"malformed reply", {Side::kUpstream, Phase::kHead, Fault::kMalformed, 0, {}}, 502, 14},
      {"reply head too large", {Side::kUpstream, Phase::kHead, Fault::kTooLarge, 0, {}}, 502, 14},
      {"timeout", {Side::kUpstream, Phase::kHead, Fault::kTimeout, 0, {}}, 504, 4},
      {"overload", {Side::kUpstream, Phase::kConnect, Fault::kOverload, 0, {}}, 503, 14},
      {"bad body", {Side::kClient, Phase::kRequest, Fault::kMalformed, 0, {}}, 400, 13},
      {"slow body", {Side::kClient, Phase::kRequest, Fault::kTimeout, 0, {}}, 408, 4},
      {"large body", {Side::kClient, Phase::kRequest, Fault::kTooLarge, 0, {}}, 413, 13},
  };
  for (const Case& c : cases) {
    const ErrorResponse answer = response_for(c.error);
    EXPECT_EQ(answer.status, c.status) << c.why;
    EXPECT_EQ(answer.grpc_status, c.grpc) << c.why;
    EXPECT_FALSE(answer.text.empty()) << c.why;
  }
}

TEST(Error, NobodyIsThereToAnswer) {
  EXPECT_EQ(response_for({Side::kClient, Phase::kHead, Fault::kCancelled, 0, {}}).status, 0);
  EXPECT_EQ(response_for({Side::kClient, Phase::kHead, Fault::kReset, 0, {}}).status, 0);
}

}  // namespace
}  // namespace gwanmun::proxy
