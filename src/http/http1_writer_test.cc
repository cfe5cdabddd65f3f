#include "http/http1_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/arena.h"
#include "http/chunked.h"

namespace gwanmun::http {
namespace {

class Http1Writer : public ::testing::Test {
 protected:
  Arena arena_;
  RequestHead request_{arena_};
  ResponseHead response_{arena_};

  void SetUp() override {
    request_.method = "GET";
    request_.authority = "a.example:81";
    request_.path = "/p";
  }
  std::string written(const ResponseWire& wire = {}) {
    return std::string(write_response(response_, wire).bytes);
  }
};

TEST_F(Http1Writer, RequestKeepsOrderAndWritesFraming) {
  request_.query = "q=1";
  request_.has_query = true;
  request_.headers.add("x-b", "1");
  request_.headers.add("x-a", "2");
  request_.headers.add("x-b", "");
  WireHead head = write_request(request_);
  EXPECT_EQ(head.bytes,
            "GET /p?q=1 HTTP/1.1\r\nhost: a.example:81\r\nx-b: 1\r\nx-a: 2\r\nx-b: \r\n\r\n");
  EXPECT_EQ(head.body, WireBody::kNone);
}

TEST_F(Http1Writer, RequestBodies) {
  request_.method = "POST";
  EXPECT_TRUE(write_request(request_).bytes.ends_with("\r\ncontent-length: 0\r\n\r\n"));
  request_.body = BodyLength::known(12);
  EXPECT_TRUE(write_request(request_).bytes.ends_with("\r\ncontent-length: 12\r\n\r\n"));
  EXPECT_EQ(write_request(request_).body, WireBody::kLength);
  request_.body = BodyLength::unknown();
  EXPECT_TRUE(write_request(request_).bytes.ends_with("\r\ntransfer-encoding: chunked\r\n\r\n"));
  EXPECT_EQ(write_request(request_).body, WireBody::kChunked);
}

TEST_F(Http1Writer, RequestHopFields) {
  request_.te_trailers = true;
  EXPECT_TRUE(write_request(request_).bytes.ends_with("te: trailers\r\nconnection: te\r\n\r\n"));
  request_.upgrade = "websocket";
  EXPECT_TRUE(write_request(request_).bytes.ends_with(
      "81\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));
}

TEST_F(Http1Writer, ResponseFraming) {
  response_.headers.add("x-a", "1");
  response_.body = BodyLength::known(3);
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 3\r\n\r\n");
  response_.body = BodyLength::none();
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 0\r\n\r\n");
  response_.body = BodyLength::unknown();
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(written({.keep_alive = false}),
            "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
}

TEST_F(Http1Writer, ResponsesToHttp10) {
  response_.body = BodyLength::known(3);
  EXPECT_EQ(written({.client = Version::kHttp10}),
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n\r\n");
  response_.body = BodyLength::unknown();
  EXPECT_EQ(written({.client = Version::kHttp10}), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(write_response(response_, {.client = Version::kHttp10}).body, WireBody::kUntilClose);
}

TEST_F(Http1Writer, ResponsesWithoutABody) {
  response_.body = BodyLength::known(7);
  WireHead head = write_response(response_, {.head_method = true});
  EXPECT_EQ(head.bytes, "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n");
  EXPECT_EQ(head.body, WireBody::kNone);
  response_.body = BodyLength::unknown();
  EXPECT_EQ(written({.head_method = true}), "HTTP/1.1 200 OK\r\n\r\n");
  response_.status = 204;
  EXPECT_EQ(written(), "HTTP/1.1 204 No Content\r\n\r\n");
  response_.status = 304;
  response_.body = BodyLength::known(7);
  EXPECT_EQ(written(), "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n");
}

TEST_F(Http1Writer, AnAnswerWithoutABodyIsFramedAllTheSame) {
  response_.no_body = true;
  response_.body = BodyLength::none();
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1Writer, SwitchingProtocols) {
  response_.status = 101;
  response_.upgrade = "websocket";
  WireHead head = write_response(response_, {});
  EXPECT_EQ(
      head.bytes,
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  EXPECT_EQ(head.body, WireBody::kTunnel);
}

TEST_F(Http1Writer, StatusWithoutAPhraseKeepsItsSpace) {
  response_.status = 299;
  response_.body = BodyLength::none();
  EXPECT_EQ(written(), "HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1Writer, LastChunkDropsForbiddenTrailers) {
  EXPECT_EQ(write_last_chunk(nullptr), "0\r\n\r\n");
  Headers trailers(arena_);
  trailers.add("x-sum", "1");
  trailers.add("content-length", "9");
  EXPECT_EQ(write_last_chunk(&trailers), "0\r\nx-sum: 1\r\n\r\n");
}

TEST_F(Http1Writer, ChunkHeaders) {
  char buffer[20];
  EXPECT_EQ(chunk_header(0, buffer), "0\r\n");
  EXPECT_EQ(chunk_header(0xABCDEF, buffer), "abcdef\r\n");
  EXPECT_EQ(chunk_header(UINT64_MAX, buffer), "ffffffffffffffff\r\n");
}

TEST_F(Http1Writer, HeadsOfAnySize) {
  std::string value(100'000, 'v');
  response_.headers.add("x-long", value);
  response_.body = BodyLength::none();
  EXPECT_EQ(written().size(), value.size() + 17 + 8 + 2 + 19 + 2);
}

TEST_F(Http1Writer, RefusalsAreCompleteAnswers) {
  EXPECT_EQ(write_refusal(400, "missing Host"),
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n"
            "content-length: 13\r\n\r\nmissing Host\n");
}

}  // namespace
}  // namespace gwanmun::http
