// The session against hand-written frames: what the wire says, flow control, turns, and every limit
// on abuse at the limit.
#include "http/http2_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "http/http2_test_util.h"

namespace gwanmun::http::http2 {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::Pair;

ResponseHead ok(Arena& arena) { return ResponseHead(arena); }

std::string body_of(const std::vector<Frame>& frames, std::uint32_t stream) {
  std::string out;
  for (const Frame& f : frames) {
    if (f.is(FrameType::kData, stream)) out += f.payload;
  }
  return out;
}
ErrorCode last_goaway(Recorder& peer) {
  for (const Frame& f : peer.frames()) {
    if (f.header.type == FrameType::kGoaway) return f.code(4);
  }
  return ErrorCode::kNoError;
}
ErrorCode reset_of(Recorder& peer, std::uint32_t stream) {
  for (const Frame& f : peer.frames()) {
    if (f.is(FrameType::kRstStream, stream)) return f.code();
  }
  return ErrorCode::kNoError;
}

// ---- what is written ----

TEST(Http2Session, ASmallAnswerIsTwoFrames) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.write(server[1], "hello");
  server.session.finish(server[1], nullptr);
  auto frames = server.frames();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_TRUE(frames[0].is(FrameType::kHeaders, 1));
  EXPECT_EQ(frames[1].payload, "hello");
  EXPECT_TRUE(frames[1].end_stream()) << "the flag is set on the frame that waits";
  EXPECT_TRUE(server[1].closed);
}

TEST(Http2Session, AnEmptyAnswerIsOneFrame) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.finish(server[1], nullptr);
  auto frames = server.frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].end_stream());
}

TEST(Http2Session, TheEndThatComesAfterAFlushIsAFrameOfItsOwn) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.write(server[1], "hello");
  EXPECT_EQ(server.frames().size(), 2u);
  server.session.finish(server[1], nullptr);
  auto frames = server.frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].is(FrameType::kData, 1));
  EXPECT_TRUE(frames[0].end_stream());
  EXPECT_EQ(frames[0].payload, "");
}

// ---- flow control ----

TEST(Http2Session, DataStaysWithinTheStreamsWindow) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(setting(SettingId::kInitialWindowSize, 10));
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.write(server[1], "0123456789abcdef");
  EXPECT_EQ(body_of(server.frames(), 1), "0123456789");
  EXPECT_FALSE(server.session.ready(server[1]));
  server.session.finish(server[1], nullptr);
  server.give(window_update(1, 4));
  EXPECT_EQ(body_of(server.frames(), 1), "abcd");
  EXPECT_FALSE(server[1].closed);
  server.give(window_update(1, 100));
  auto frames = server.frames();
  EXPECT_EQ(body_of(frames, 1), "ef");
  EXPECT_TRUE(frames.back().end_stream());
  EXPECT_TRUE(server[1].closed);
}

TEST(Http2Session, AWindowMayBecomeNegativeAndGrowAgain) {  // RFC 9113 §6.9.2
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.write(server[1], std::string(1000, 'a'));
  server.frames();
  server.give(setting(SettingId::kInitialWindowSize, 400));  // window is now -600
  server.session.write(server[1], "more");
  EXPECT_EQ(body_of(server.frames(), 1), "");
  server.give(window_update(1, 600));
  EXPECT_EQ(body_of(server.frames(), 1), "") << "0 left";
  server.give(setting(SettingId::kInitialWindowSize, 402));
  EXPECT_EQ(body_of(server.frames(), 1), "mo");
}

TEST(Http2Session, StreamsTakeTurnsOnTheConnectionsWindow) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(setting(SettingId::kInitialWindowSize, 1'000'000));
  for (std::uint32_t id : {1, 3, 5}) {
    server.give(headers(id, get_block()));
    server.session.send_response(server[id], ok(server[id].arena), false);
    server.session.write(server[id], std::string(60'000, 'a'));
  }
  auto frames = server.frames();
  EXPECT_EQ(body_of(frames, 1).size() + body_of(frames, 3).size() + body_of(frames, 5).size(),
            65'535u);
  server.give(window_update(0, 3 * 16'384));
  frames = server.frames();
  EXPECT_EQ(body_of(frames, 3).size(), 16'384u + 16'384u);
  EXPECT_EQ(body_of(frames, 5).size(), 16'384u);
  server.give(window_update(0, 2 * 16'384));
  frames = server.frames();
  EXPECT_EQ(body_of(frames, 5).size(), 16'384u);
  EXPECT_EQ(body_of(frames, 3).size(), 16'384u);
}

TEST(Http2Session, AWriterIsWokenWhenItsStagedBytesAreGone) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(setting(SettingId::kInitialWindowSize, 0));
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  EXPECT_TRUE(server.session.ready(server[1])) << "a little may be staged";
  server.session.write(server[1], "abc");
  EXPECT_FALSE(server.session.ready(server[1]));
  server.give(window_update(1, 2));
  EXPECT_EQ(server[1].writable, 0);
  server.give(window_update(1, 1));
  EXPECT_EQ(server[1].writable, 1);
}

TEST(Http2Session, WhatIsStagedForAllStreamsIsBounded) {
  ServerLimits limits;
  limits.max_staged_bytes = 1000;
  Recorder server(Session::kServer, limits);
  server.start_server();
  server.give(setting(SettingId::kInitialWindowSize, 0));
  for (std::uint32_t id : {1, 3, 5}) {
    server.give(headers(id, get_block()));
    server.session.send_response(server[id], ok(server[id].arena), false);
  }
  server.session.write(server[1], std::string(999, 'a'));
  EXPECT_TRUE(server.session.ready(server[3]));
  server.session.write(server[3], "a");
  EXPECT_FALSE(server.session.ready(server[5])) << "nothing of its own is staged, but 1000 in all";
  server.give(window_update(5, 10));
  EXPECT_TRUE(server.session.ready(server[5])) << "it has credit of its own";
  server.give(window_update(1, 999));
  EXPECT_TRUE(server.session.ready(server[1]));
}

TEST(Http2Session, UnderPressureDataWaitsAndControlDoesNot) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.frames();
  server.session.set_pressure(true);
  server.session.write(server[1], "hello");
  server.give(frame(FrameType::kPing, 0, 0, "12345678"));
  auto frames = server.frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].header.type, FrameType::kPing);
  EXPECT_FALSE(server.session.ready(server[1]));
  server.session.set_pressure(false);
  EXPECT_EQ(body_of(server.frames(), 1), "hello");
  EXPECT_GE(server[1].writable, 1);
}

TEST(Http2Session, CreditIsGivenBackInLargePieces) {
  ServerLimits limits;
  limits.initial_window_bytes = 100'000;
  limits.connection_window_bytes = 200'000;
  Recorder server(Session::kServer, limits);
  server.start_server();
  server.give(headers(1, post_block(), false));
  std::string piece(10'000, 'x');
  for (int i = 0; i < 4; ++i) server.give(data(1, piece));
  EXPECT_TRUE(server.frames().empty());
  server.give(data(1, piece));
  auto frames = server.frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].is(FrameType::kWindowUpdate, 1));
  EXPECT_EQ(read_u32(frames[0].payload.data()), 50'000u);
}

TEST(Http2Session, NoStreamCreditForABodyThatNeedsNone) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, post_block({{"content-length", "60000"}}), false));
  for (int i = 0; i < 6; ++i) server.give(data(1, std::string(10'000, 'x'), i == 5));
  EXPECT_TRUE(server.frames().empty());
  EXPECT_TRUE(server[1].ended);
}

TEST(Http2Session, PaddingIsCreditedThoughNobodyReadsIt) {
  ServerLimits limits;
  limits.initial_window_bytes = 65'536;
  Recorder server(Session::kServer, limits);
  server.take_bodies = false;
  server.start_server();
  server.give(headers(1, post_block(), false));
  std::string padded = std::string(1, '\xff') + "x" + std::string(255, '\0');
  // Each frame takes 257 bytes of window and gives 256 back: without that, 65,536 would be used up.
  for (int i = 0; i < 300; ++i) server.give(frame(FrameType::kData, flag::kPadded, 1, padded));
  EXPECT_FALSE(server.failed);
  EXPECT_EQ(server[1].fault, Fault::kNone);
  EXPECT_EQ(server[1].body, std::string(300, 'x'));
}

TEST(Http2Session, MoreThanTheWindowsIsAnError) {
  ServerLimits limits;
  limits.initial_window_bytes = 65'536;
  limits.connection_window_bytes = 100'000;
  Recorder server(Session::kServer, limits);
  server.take_bodies = false;
  server.start_server();
  server.give(headers(1, post_block(), false));
  server.give(headers(3, post_block(), false));
  for (int i = 0; i < 4; ++i) server.give(data(1, std::string(16'384, 'x')));
  EXPECT_EQ(server[1].fault, Fault::kNone) << "exactly the window";
  server.give(data(1, "y"));
  EXPECT_EQ(reset_of(server, 1), ErrorCode::kFlowControlError);
  server.give(data(3, std::string(16'384, 'x')));
  server.give(data(3, std::string(16'384, 'x')));
  EXPECT_FALSE(server.failed);
  server.give(data(3, std::string(16'384, 'x')));
  EXPECT_EQ(server.code, ErrorCode::kFlowControlError) << "1 holds 65,536 of 100,000 still";
}

TEST(Http2Session, BytesOfADroppedStreamAreCredited) {
  ServerLimits limits;
  limits.connection_window_bytes = 65'536;
  Recorder server(Session::kServer, limits);
  server.take_bodies = false;
  server.start_server();
  for (std::uint32_t id = 1; id < 41; id += 2) {
    server.give(headers(id, post_block(), false));
    server.give(data(id, std::string(10'000, 'x')));
    server.session.reset(server[id], ErrorCode::kCancel);
    server.session.abandon(server[id]);
    server.give(data(id, std::string(5'000, 'x'), true));  // was on its way
    ASSERT_FALSE(server.failed) << id;
  }
}

// ---- messages ----

TEST(Http2Session, CookieCrumbsBecomeOneField) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(
      1, get_block({{"cookie", "a=1"}, {"x-a", "b"}, {"cookie", "c=2"}, {"cookie", "d=3"}})));
  EXPECT_THAT(server[1].fields, ElementsAre(Pair("x-a", "b"), Pair("cookie", "a=1; c=2; d=3")));
}

TEST(Http2Session, ManyCrumbsAreNoTooManyFields) {
  for (auto [crumbs, state] :
       {std::pair{1'500, FieldSection::kGood}, std::pair{1'700, FieldSection::kTooLarge}}) {
    Recorder server(Session::kServer);
    server.start_server();
    std::vector<std::pair<std::string, std::string>> cookies(static_cast<std::size_t>(crumbs),
                                                             {"cookie", "a"});
    std::string fields = get_block(cookies);
    server.give(frame(FrameType::kHeaders, flag::kEndStream, 1, fields.substr(0, 10'000)));
    server.give(frame(FrameType::kContinuation, flag::kEndHeaders, 1, fields.substr(10'000)));
    EXPECT_EQ(server[1].state, state) << "39 bytes each, of 64 KiB";
    EXPECT_LT(server[1].arena.footprint(), 150u * 1024);
    if (state == FieldSection::kGood) EXPECT_EQ(server[1].fields[0].second.size(), 1'500u * 3 - 2);
  }
}

TEST(Http2Session, ContentLengthMustFitTheBody) {
  for (auto [length, body, end, good] :
       {std::tuple{"5", "hello", true, true}, std::tuple{"4", "hello", true, false},
        std::tuple{"6", "hello", true, false}, std::tuple{"4", "hello", false, false},
        std::tuple{"0", "", true, true}}) {
    Recorder server(Session::kServer);
    server.start_server();
    server.give(headers(1, post_block({{"content-length", length}}), false));
    server.give(data(1, body, end));
    EXPECT_EQ(server[1].fault, good ? Fault::kNone : Fault::kMalformed) << length << " " << body;
    if (!good) EXPECT_EQ(reset_of(server, 1), ErrorCode::kProtocolError);
  }
}

TEST(Http2Session, MalformedSectionsAreStreamErrors) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields cases[] = {
      {{"x-a", "1"}, {":method", "GET"}},                      // pseudo after regular
      {{":method", "GET"}, {":method", "GET"}},                // twice
      {{":method", "GET"}, {":unknown", "x"}},                 // unknown pseudo
      {{":method", "GET"}, {"connection", "close"}},           // connection-specific
      {{":method", "GET"}, {"transfer-encoding", "chunked"}},  //
      {{":method", "GET"}, {"te", "gzip"}},                    // te other than trailers
      {{":method", "GET"}, {"X-Upper", "a"}},                  // upper case
      {{":method", "GET"}, {"x-a", "a\rb"}},                   // CR
      {{":method", "GET"}, {"x-a", "a\nb"}},                   // LF
      {{":method", "GET"}, {"x-a", std::string("a\0b", 3)}},   // NUL
      {{":method", "GET"}, {"x a", "b"}},                      // space in a name
      {{":method", "GET"}, {"", "b"}},                         // no name
      {{":method", "GET"}, {"content-length", "1"}, {"content-length", "2"}},
      {{":method", "GET"}, {"content-length", "+1"}},
      {{":method", "GET"}, {"content-length", "18446744073709551616"}},
      {{":method", "GET"}, {"host", "a"}, {"host", "b"}},
  };
  for (const Fields& fields : cases) {
    Recorder server(Session::kServer);
    server.start_server();
    server.give(headers(1, block(fields)));
    EXPECT_EQ(reset_of(server, 1), ErrorCode::kProtocolError) << fields.back().first;
    EXPECT_EQ(server[1].heads, 0) << fields.back().first;
    EXPECT_FALSE(server.failed);
  }
}

TEST(Http2Session, TrailersEndTheBody) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, post_block(), false));
  server.give(data(1, "abc"));
  server.give(headers(1, block({{"x-sum", "6"}}), true));
  EXPECT_TRUE(server[1].ended);
  EXPECT_THAT(server[1].trailers, ElementsAre(Pair("x-sum", "6")));
  for (auto [fields, end] :
       {std::pair{block({{":path", "/"}}), true}, std::pair{block({{"x-a", "b"}}), false}}) {
    Recorder bad(Session::kServer);
    bad.start_server();
    bad.give(headers(1, post_block(), false));
    bad.give(headers(1, fields, end));
    EXPECT_EQ(reset_of(bad, 1), ErrorCode::kProtocolError);
  }
}

TEST(Http2Session, FramesCutAnywhereComeOutTheSame) {
  std::string wire = client_start() + headers(1, post_block(), false) + data(1, "hello, ") +
                     frame(FrameType::kData, flag::kPadded | flag::kEndStream, 1,
                           std::string("\x03world\0\0\0", 9));
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    Recorder server(Session::kServer);
    server.session.start();
    server.give(wire.substr(0, cut));
    server.give(wire.substr(cut));
    ASSERT_FALSE(server.failed) << cut;
    ASSERT_EQ(server[1].body, "hello, world") << cut;
    ASSERT_TRUE(server[1].ended) << cut;
  }
}

// ---- limits ----

TEST(Http2Limits, FieldsAndBytesOfAHead) {
  ServerLimits limits;
  limits.max_fields = 10;
  limits.max_head_bytes = 1'000;
  std::size_t fixed = 0;
  for (std::string_view text : {":methodGET", ":schemehttp", ":authoritya.example", ":path/"})
    fixed += text.size() + 32;
  for (auto [fields, bytes, state] :
       {std::tuple{10, 0, FieldSection::kGood}, std::tuple{11, 0, FieldSection::kTooLarge},
        std::tuple{1, 1'000, FieldSection::kGood}, std::tuple{1, 1'001, FieldSection::kTooLarge}}) {
    Recorder server(Session::kServer, limits);
    server.start_server();
    std::vector<std::pair<std::string, std::string>> more(static_cast<std::size_t>(fields),
                                                          {"x", ""});
    if (bytes > 0) more[0].second = std::string(static_cast<std::size_t>(bytes) - fixed - 33, 'v');
    server.give(headers(1, get_block(more)));
    EXPECT_EQ(server[1].state, state) << fields << " " << bytes;
    server.give(headers(3, get_block()));
    EXPECT_EQ(server[3].state, FieldSection::kGood) << "the connection goes on";
  }
}

TEST(Http2Limits, AnHpackBombCostsNoMemory) {
  Recorder server(Session::kServer);
  server.start_server();
  std::string bomb =
      get_block() + "\x40\x01x\x7f\x81\x1e" + std::string(4'000, 'v');  // one entry of 4,000 bytes
  bomb += std::string(12'000, '\xbe');  // and 12,000 references: 48 MB
  ASSERT_LT(bomb.size(), 16'384u);
  server.give(headers(1, bomb));
  EXPECT_EQ(server[1].state, FieldSection::kTooLarge);
  EXPECT_LT(server[1].arena.footprint(), 100u * 1024);
  EXPECT_FALSE(server.failed);
}

TEST(Http2Limits, ContinuationsAreCutAtTheHeadLimit) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(frame(FrameType::kHeaders, 0, 1, get_block()));
  int sent = 0;
  while (!server.failed && sent < 100) {
    server.give(
        frame(FrameType::kContinuation, 0, 1, block({{"x-fill", std::string(8'000, 'a')}})));
    ++sent;
  }
  EXPECT_EQ(server.code, ErrorCode::kEnhanceYourCalm);
  EXPECT_EQ(sent, 9) << "9 x 8 KiB are more than 64";
  EXPECT_LT(server.session.footprint(), 200u * 1024);
}

TEST(Http2Limits, EmptyContinuationsAreCounted) {
  ServerLimits limits;
  Recorder server(Session::kServer, limits);
  server.start_server();
  server.give(frame(FrameType::kHeaders, 0, 1, get_block()));
  for (std::uint32_t i = 0; i < limits.max_continuation_frames; ++i) {
    server.give(frame(FrameType::kContinuation, 0, 1));
  }
  EXPECT_FALSE(server.failed);
  server.give(frame(FrameType::kContinuation, 0, 1));
  EXPECT_EQ(last_goaway(server), ErrorCode::kEnhanceYourCalm);
}

TEST(Http2Limits, RapidReset) {
  ServerLimits limits;
  Recorder server(Session::kServer, limits);
  server.start_server();
  std::uint32_t id = 1;
  for (; !server.failed && id < 20'000; id += 2) server.give(headers(id, get_block()) + rst(id));
  EXPECT_EQ(last_goaway(server), ErrorCode::kEnhanceYourCalm);
  EXPECT_EQ(server.opened, static_cast<int>(limits.max_resets) + 1);
}

TEST(Http2Limits, ResetsThatAreRareOrAmongAnswersAreFine) {
  Recorder server(Session::kServer);
  server.start_server();
  std::uint32_t id = 1;
  for (int i = 0; i < 1'000; ++i, id += 2) {
    server.now += 100;  // ten a second
    server.give(headers(id, get_block()) + rst(id));
  }
  for (int i = 0; i < 1'000; ++i, id += 4) {
    server.give(headers(id, get_block()) + rst(id));
    server.give(headers(id + 2, get_block()));
    server.session.send_response(server[id + 2], ok(server[id + 2].arena), true);
    server.frames();
  }
  EXPECT_FALSE(server.failed);
}

/// Everything by which a client can make us reset its stream counts as a reset of its own.
TEST(Http2Limits, ProvokedResets) {
  auto self = [](std::uint32_t id) { return u32(id) + "\x10"; };
  const std::pair<const char*, std::function<std::string(std::uint32_t)>> ways[] = {
      {"window of 0", [](std::uint32_t id) { return window_update(id, 0); }},
      {"window overflow", [](std::uint32_t id) { return window_update(id, kMaxWindow); }},
      {"DATA after the end", [](std::uint32_t id) { return data(id, "x"); }},
      {"HEADERS after the end", [](std::uint32_t id) { return headers(id, get_block()); }},
      {"PRIORITY on itself",
       [&](std::uint32_t id) { return frame(FrameType::kPriority, 0, id, self(id)); }},
      {"short PRIORITY",
       [](std::uint32_t id) { return frame(FrameType::kPriority, 0, id, "abc"); }},
  };
  for (auto& [name, provoke] : ways) {
    ServerLimits limits;
    Recorder server(Session::kServer, limits);
    server.start_server();
    for (std::uint32_t id = 1; !server.failed && id < 20'000; id += 2) {
      server.give(headers(id, get_block()) + provoke(id));
    }
    EXPECT_EQ(server.code, ErrorCode::kEnhanceYourCalm) << name;
    EXPECT_EQ(server.opened, static_cast<int>(limits.max_resets) + 1) << name;
  }
}

TEST(Http2Limits, RefusedStreamsCountToo) {
  ServerLimits limits;
  limits.max_concurrent_streams = 1;
  Recorder server(Session::kServer, limits);
  server.start_server();
  std::uint32_t id = 1;
  for (; !server.failed && id < 20'000; id += 2) server.give(headers(id, get_block()));
  EXPECT_EQ(server.code, ErrorCode::kEnhanceYourCalm);
  EXPECT_EQ(server.opened, 1);
}

TEST(Http2Limits, ControlFrameFloods) {
  const std::pair<const char*, std::string> floods[] = {
      {"PING", frame(FrameType::kPing, 0, 0, "12345678")},
      {"PING ack", frame(FrameType::kPing, flag::kAck, 0, "12345678")},
      {"SETTINGS", setting(SettingId::kInitialWindowSize, 65'535)},
      {"SETTINGS ack", frame(FrameType::kSettings, flag::kAck, 0)},
      {"PRIORITY", frame(FrameType::kPriority, 0, 7, u32(0) + "\x10")},
      {"WINDOW_UPDATE", window_update(0, 1)},
      {"WINDOW_UPDATE on a stream", window_update(1, 1)},
      {"empty DATA", data(1, "")},
      {"unknown type", frame(static_cast<FrameType>(0x42), 0, 0, "abc")},
      {"late RST_STREAM", rst(1)},
  };
  for (auto& [name, flood] : floods) {
    ServerLimits limits;
    Recorder server(Session::kServer, limits);
    server.start_server();
    server.give(headers(1, post_block(), false));
    if (name == std::string("late RST_STREAM")) server.give(rst(1));
    std::uint32_t sent = 0;
    while (!server.failed && sent < 100'000) {
      server.give(flood);
      ++sent;
    }
    EXPECT_EQ(server.code, ErrorCode::kEnhanceYourCalm) << name;
    EXPECT_LE(sent, limits.max_control_frames + 1) << name;
    EXPECT_GE(sent, limits.max_control_frames - 5) << name;
  }
}

TEST(Http2Limits, KeepAlivePingsNeverAddUp) {
  Recorder server(Session::kServer);
  server.start_server();
  for (int i = 0; i < 20'000; ++i) {
    server.now += 50;
    server.give(frame(FrameType::kPing, 0, 0, "12345678"));
    server.frames();
  }
  EXPECT_FALSE(server.failed);
}

TEST(Http2Limits, CreditInCrumbsIsNoProgress) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(setting(SettingId::kInitialWindowSize, 0));
  server.give(headers(1, get_block()));
  server.session.send_response(server[1], ok(server[1].arena), false);
  server.session.write(server[1], std::string(50'000, 'a'));
  int sent = 0;
  while (!server.failed && sent < 50'000) {
    server.give(window_update(1, 1));
    server.frames();
    ++sent;
  }
  EXPECT_EQ(server.code, ErrorCode::kEnhanceYourCalm);
  EXPECT_LT(sent, 1'100);
}

// ---- the connection ----

TEST(Http2Session, ConnectionErrors) {
  const std::tuple<const char*, std::string, ErrorCode> cases[] = {
      {"frame too long", frame(FrameType::kData, 0, 1, std::string(16'385, 'a')),
       ErrorCode::kFrameSizeError},
      {"DATA on stream 0", data(0, "a"), ErrorCode::kProtocolError},
      {"DATA on an idle stream", data(9, "a"), ErrorCode::kProtocolError},
      {"even stream", headers(2, get_block()), ErrorCode::kProtocolError},
      {"PUSH_PROMISE", frame(FrameType::kPushPromise, flag::kEndHeaders, 1, u32(2) + get_block()),
       ErrorCode::kProtocolError},
      {"CONTINUATION alone", frame(FrameType::kContinuation, flag::kEndHeaders, 1, get_block()),
       ErrorCode::kProtocolError},
      {"interleaved", frame(FrameType::kHeaders, 0, 1, get_block()) + data(1, "x"),
       ErrorCode::kProtocolError},
      {"bad HPACK", headers(1, "\xff\xff\xff\xff\xff\xff"), ErrorCode::kCompressionError},
      {"window too large", window_update(0, kMaxWindow), ErrorCode::kFlowControlError},
      {"window of 0", window_update(0, 0), ErrorCode::kProtocolError},
      {"SETTINGS ack with payload", frame(FrameType::kSettings, flag::kAck, 0, "abcdef"),
       ErrorCode::kFrameSizeError},
      {"SETTINGS of 5 bytes", frame(FrameType::kSettings, 0, 0, "abcde"),
       ErrorCode::kFrameSizeError},
      {"ENABLE_PUSH 2", setting(SettingId::kEnablePush, 2), ErrorCode::kProtocolError},
      {"window setting", setting(SettingId::kInitialWindowSize, 0x8000'0000),
       ErrorCode::kFlowControlError},
      {"frame size setting", setting(SettingId::kMaxFrameSize, 16'383), ErrorCode::kProtocolError},
      {"PING of 7", frame(FrameType::kPing, 0, 0, "1234567"), ErrorCode::kFrameSizeError},
      {"RST_STREAM on an idle stream", rst(5), ErrorCode::kProtocolError},
      {"padding too long",
       frame(FrameType::kHeaders, flag::kPadded | flag::kEndHeaders, 1,
             "\x05"
             "abc"),
       ErrorCode::kProtocolError},
  };
  for (auto& [name, bytes, code] : cases) {
    Recorder server(Session::kServer);
    server.start_server();
    server.give(bytes);
    EXPECT_EQ(last_goaway(server), code) << name;
  }
  Recorder http1(Session::kServer);
  http1.session.start();
  http1.frames();
  http1.give("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(last_goaway(http1), ErrorCode::kProtocolError);
  Recorder unsettled(Session::kServer);
  unsettled.session.start();
  unsettled.frames();
  unsettled.give(std::string(kPreface) + frame(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_EQ(last_goaway(unsettled), ErrorCode::kProtocolError) << "SETTINGS must come first";
}

TEST(Http2Session, RequestsAfterGoawayAreIgnoredButDecoded) {
  Recorder server(Session::kServer);
  server.start_server();
  server.give(headers(1, get_block()));
  server.session.goaway(1, ErrorCode::kNoError);
  server.frames();
  server.give(headers(3, get_block() + std::string("\x40\x03x-a\x01"
                                                   "1",
                                                   7)));
  EXPECT_EQ(server.opened, 1);
  EXPECT_TRUE(server.frames().empty());
  server.session.send_response(server[1], ok(server[1].arena), true);
  EXPECT_EQ(server.frames().size(), 1u) << "the running one is answered";
  server.give(headers(5, "\xbe"));
  EXPECT_FALSE(server.failed) << "what 3 put into the table is there";
}

TEST(Http2Session, GoawayRefusesTheClientsLaterStreams) {
  Recorder client(Session::kClient);
  client.session.start();
  client.give(frame(FrameType::kSettings, 0, 0));
  Arena arena;
  RequestHead head(arena);
  head.method = "GET";
  head.path = "/";
  for (std::uint32_t id : {1, 3, 5}) {
    client.session.open(client.make(id));
    client.session.send_request(client[id], head, "http", true);
  }
  client.give(frame(FrameType::kGoaway, 0, 0, u32(3) + u32(0)));
  EXPECT_EQ(client[1].fault, Fault::kNone);
  EXPECT_EQ(client[3].fault, Fault::kNone);
  EXPECT_EQ(client[5].fault, Fault::kRefused);
  client.give(headers(3, block({{":status", "200"}})));
  EXPECT_TRUE(client[3].closed);
  EXPECT_TRUE(client[3].ended);
}

TEST(Http2Session, NothingIsAllocatedForAnIdleConnection) {
  Recorder server(Session::kServer);
  server.start_server();
  EXPECT_EQ(server.session.footprint(), 0u);
  EXPECT_LE(sizeof(Session), 700u);
}

}  // namespace
}  // namespace gwanmun::http::http2
