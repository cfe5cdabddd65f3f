// Http2 client and server connections against each other over a real socket pair, with coroutines
// on both sides as the proxy uses them.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/connection.h"
#include "net/task.h"

namespace gwanmun::http {
namespace {

using net::Task;

struct Rig : ServerHandler, ClientHandler {
  /// Connections own themselves; what they refer to is ours.
  virtual ~Rig() {
    if (server) server->abort(Fault::kCancelled);
    if (client) client->retire();
    EXPECT_TRUE(run([&] { return !server && !client; }));
  }
  ServerLimits server_limits;
  ClientLimits client_limits;
  std::unique_ptr<net::Loop> loop = std::move(net::Loop::create().value());
  ServerConnection* server = nullptr;
  ClientConnection* client = nullptr;
  std::function<Task<>(ServerStream&)> serve;
  int requests = 0;
  std::vector<int> refused;
  int idle = 0, capacity = 0, retired = 0, clients_closed = 0, servers_closed = 0;

  void connect() {
    loop->bind();
    int fds[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    server = serve_http2(*loop, net::make_tcp_stream(*loop, fds[0], {}, {}), *this, server_limits,
                         false);
    client =
        connect_http2(*loop, net::make_tcp_stream(*loop, fds[1], {}, {}), *this, client_limits);
    for (int i = 0; i < 4; ++i) loop->run_once(0);
    ASSERT_EQ(capacity, 1) << "the server's SETTINGS came";
  }
  void on_request(ServerStream& stream) override {
    ++requests;
    net::spawn(serve(stream));
  }
  void on_refused(ServerConnection&, int status, std::string_view) override {
    refused.push_back(status);
  }
  void on_closed(ServerConnection&) override { ++servers_closed, server = nullptr; }
  void on_idle(ClientConnection&) override { ++idle; }
  void on_capacity(ClientConnection&) override { ++capacity; }
  void on_retired(ClientConnection&) override { ++retired; }
  void on_closed(ClientConnection&) override { ++clients_closed, client = nullptr; }

  bool run(const std::function<bool()>& done) {
    std::uint64_t end = net::Loop::now_us() + 10'000'000;
    while (!done()) {
      if (net::Loop::now_us() > end) return false;
      loop->run_once(5);
    }
    return true;
  }
  void settle() {
    for (int i = 0; i < 10; ++i) loop->run_once(0);
  }
};

/// What a client saw.
struct Reply {
  bool done = false;
  std::vector<int> informational;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields, trailers;
  std::string body;
  BodyLength length;
  std::string upgrade;
  Fault fault = Fault::kNone;
  std::string field(std::string_view name) const {
    for (auto& [n, v] : fields) {
      if (n == name) return v;
    }
    return "(none)";
  }
};

struct Ask {
  std::string method = "GET", path = "/", query, authority = "shop.example.com", upgrade;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool known_length = true;
  bool te_trailers = false;
  bool hold = false;  // do not end the request
};

struct Upload {
  bool done = false;
  net::Event ended;
};

Task<> upload(ClientStream& stream, const Ask& ask, bool end, Upload& state) {
  std::string_view left = ask.body;
  while (!left.empty() && stream.write_fault() == Fault::kNone) {
    if (!stream.ready()) {
      co_await stream.writable();
      continue;
    }
    std::string_view part = left.substr(0, 50'000);
    stream.write(part);
    left.remove_prefix(part.size());
  }
  if (end) stream.finish(nullptr);
  state.done = true;
  state.ended.fire();
}

Task<> fetch(ClientConnection& connection, Ask ask, Reply& reply) {
  Arena arena;
  RequestHead head(arena);
  head.method = ask.method;
  head.path = ask.path;
  head.query = ask.query;
  head.has_query = !ask.query.empty();
  head.authority = ask.authority;
  head.upgrade = ask.upgrade;
  head.te_trailers = ask.te_trailers;
  if (!ask.body.empty() || ask.hold) {
    head.body = ask.known_length ? BodyLength::known(ask.body.size()) : BodyLength::unknown();
  }
  for (auto& [name, value] : ask.fields) head.headers.add(name, value);
  ClientStream& stream = connection.open(arena);
  stream.send_head(head);
  Upload up;
  net::spawn(upload(stream, ask, head.body.kind != BodyLength::Kind::kNone && !ask.hold, up));
  for (;;) {
    while (stream.head_state() == ClientStream::kHeadPending) co_await stream.head_event();
    if (stream.head_state() == ClientStream::kHeadFailed) break;
    reply.status = stream.response().status;
    if (reply.status >= 200 || reply.status == 101) break;
    reply.informational.push_back(reply.status);
    stream.next_head();
  }
  if (stream.head_state() == ClientStream::kHeadReady) {
    reply.length = stream.response().body;
    reply.upgrade = stream.response().upgrade;
    for (const Field& f : stream.response().headers) reply.fields.emplace_back(f.name, f.value);
    if (reply.status == 101) {
      stream.write("ping over the tunnel");
      stream.finish(nullptr);
    }
    for (;;) {
      while (stream.state() == BodyReader::kPending) co_await stream.readable();
      if (stream.state() != BodyReader::kData) break;
      reply.body += stream.data();
      stream.consume(stream.data().size());
    }
    if (stream.state() == BodyReader::kEnd && stream.trailers() != nullptr) {
      for (const Field& f : *stream.trailers()) reply.trailers.emplace_back(f.name, f.value);
    }
  }
  reply.fault = stream.read_fault();
  if (!up.done) {
    stream.reset(Fault::kCancelled);
    co_await up.ended;
  }
  stream.release();
  reply.done = true;
}

/// Says what it got: method, path, fields; then the body; then trailers when there were any.
Task<> echo(ServerStream& stream) {
  RequestHead& request = stream.request();
  ResponseHead head(stream.arena());
  head.headers.add("x-method", request.method);
  head.headers.add("x-path", request.path);
  head.headers.add("x-query", request.query);
  head.headers.add("x-authority", request.authority);
  if (request.te_trailers) head.headers.add("x-te", "trailers");
  for (const Field& f : request.headers) head.headers.add(f);
  if (request.body.kind == BodyLength::Kind::kKnown) head.body = request.body;
  if (request.body.kind == BodyLength::Kind::kNone) head.body = BodyLength::known(0);
  stream.send_head(head);
  std::size_t total = 0;
  for (;;) {
    while (stream.state() == BodyReader::kPending) co_await stream.readable();
    if (stream.state() != BodyReader::kData) break;
    while (!stream.ready()) co_await stream.writable();
    std::string_view data = stream.data();
    total += data.size();
    stream.write(data);
    stream.consume(data.size());
  }
  if (stream.state() == BodyReader::kEnd) {
    Headers trailers(stream.arena());
    trailers.add("x-total", stream.arena().copy(std::to_string(total)));
    stream.finish(request.te_trailers ? &trailers : nullptr);
  }
  stream.release();
}

std::string pattern(std::size_t size) {
  std::string out(size, ' ');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + (i * 7 + i / 997) % 26);
  return out;
}

TEST(Http2Connection, HeadsBodiesAndTrailersBothWays) {
  Rig rig;
  rig.serve = echo;
  rig.connect();
  Reply reply;
  net::spawn(fetch(*rig.client,
                   {.method = "POST",
                    .path = "/orders",
                    .query = "a=1",
                    .fields = {{"x-a", "1"}, {"x-a", "2"}},
                    .body = "hello",
                    .te_trailers = true},
                   reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("x-method"), "POST");
  EXPECT_EQ(reply.field("x-path"), "/orders");
  EXPECT_EQ(reply.field("x-query"), "a=1");
  EXPECT_EQ(reply.field("x-authority"), "shop.example.com");
  EXPECT_EQ(reply.field("x-te"), "trailers");
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.length.bytes, 5u);
  EXPECT_EQ(reply.trailers, (std::vector<std::pair<std::string, std::string>>{{"x-total", "5"}}));
  EXPECT_EQ(rig.client->active_streams(), 0u);
  EXPECT_EQ(rig.server->active_streams(), 0u);
  EXPECT_EQ(rig.idle, 1);
}

TEST(Http2Connection, LargeBodiesOnManyStreamsAreWhole) {
  Rig rig;
  rig.serve = echo;
  rig.connect();
  std::string body = pattern(1'500'000);
  std::vector<Reply> replies(20);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    net::spawn(fetch(*rig.client, {.method = "PUT", .body = body, .known_length = i % 2 == 0},
                     replies[i]));
  }
  ASSERT_TRUE(rig.run([&] {
    for (Reply& r : replies) {
      if (!r.done) return false;
    }
    return true;
  }));
  for (Reply& r : replies) {
    EXPECT_EQ(r.fault, Fault::kNone);
    EXPECT_TRUE(r.body == body);
  }
}

TEST(Http2Connection, ManyRequestsOneAfterTheOther) {
  Rig rig;
  rig.serve = echo;
  rig.connect();
  for (int i = 0; i < 2'000; ++i) {
    Reply reply;
    net::spawn(fetch(*rig.client,
                     {.path = str_cat("/item/", i % 50), .fields = {{"x-n", std::to_string(i)}}},
                     reply));
    ASSERT_TRUE(rig.run([&] { return reply.done; })) << i;
    ASSERT_EQ(reply.status, 200) << i;
    ASSERT_EQ(reply.field("x-n"), std::to_string(i));
    ASSERT_EQ(reply.field("x-path"), str_cat("/item/", i % 50));
  }
}

TEST(Http2Connection, InformationalHeadsAndHead) {
  Rig rig;
  rig.serve = [](ServerStream& stream) -> Task<> {
    Headers links(stream.arena());
    links.add("link", "</a.css>");
    stream.send_informational(103, links);
    ResponseHead head(stream.arena());
    head.body = BodyLength::known(1234);
    head.no_body = true;
    stream.send_head(head);
    stream.release();
    co_return;
  };
  rig.connect();
  Reply reply;
  net::spawn(fetch(*rig.client, {.method = "HEAD"}, reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.length.bytes, 1234u);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.fault, Fault::kNone);
}

TEST(Http2Connection, ExtendedConnectLooksLikeAnUpgradeOnBothSides) {
  Rig rig;
  std::string key;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    EXPECT_EQ(stream.request().method, "GET");
    EXPECT_EQ(stream.request().upgrade, "websocket");
    key = stream.request().headers.find(FieldId::kSecWebsocketKey)->value;
    ResponseHead head(stream.arena());
    head.status = 101;
    head.upgrade = "websocket";
    head.headers.add("sec-websocket-accept", "abc");
    head.headers.add("sec-websocket-protocol", "chat");
    stream.send_head(head);
    for (;;) {
      while (stream.state() == BodyReader::kPending) co_await stream.readable();
      if (stream.state() != BodyReader::kData) break;
      stream.write(stream.data());
      stream.consume(stream.data().size());
    }
    stream.finish(nullptr);
    stream.release();
  };
  rig.connect();
  EXPECT_TRUE(rig.client->extended_connect());
  Reply reply;
  net::spawn(fetch(*rig.client,
                   {.upgrade = "websocket",
                    .fields = {{"sec-websocket-key", "x"}, {"sec-websocket-version", "13"}}},
                   reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.upgrade, "websocket");
  EXPECT_EQ(reply.field("sec-websocket-protocol"), "chat");
  EXPECT_EQ(reply.field("sec-websocket-accept"), "(none)");
  EXPECT_EQ(reply.body, "ping over the tunnel");
  EXPECT_EQ(key.size(), 24u) << "made for the HTTP/1 upstream";
  EXPECT_NE(key, "x");
}

TEST(Http2Connection, AResetReachesTheOtherSide) {
  Rig rig;
  rig.serve = [](ServerStream& stream) -> Task<> {
    ResponseHead head(stream.arena());
    stream.send_head(head);
    stream.write("part");
    stream.reset(Fault::kReset);
    EXPECT_NE(stream.write_fault(), Fault::kNone);
    stream.release();
    co_return;
  };
  rig.connect();
  Reply reply;
  net::spawn(fetch(*rig.client, {}, reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.fault, Fault::kReset);
  EXPECT_EQ(rig.client->capacity(), 128u) << "the connection goes on";
}

TEST(Http2Connection, TheServerSeesThatItsClientIsGone) {
  Rig rig;
  Fault seen = Fault::kNone;
  bool gone = false;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    co_await stream.gone();
    gone = stream.is_gone();
    seen = stream.write_fault();
    stream.release();
  };
  rig.connect();
  Arena arena;
  RequestHead head(arena);
  head.method = "GET";
  head.path = "/";
  head.authority = "a";
  ClientStream& stream = rig.client->open(arena);
  stream.send_head(head);
  rig.settle();
  ASSERT_EQ(rig.requests, 1);
  stream.reset(Fault::kCancelled);
  stream.release();
  ASSERT_TRUE(rig.run([&] { return gone; }));
  EXPECT_EQ(seen, Fault::kReset);
  EXPECT_EQ(rig.server->active_streams(), 0u);
}

TEST(Http2Connection, AnAnswerBeforeTheEndOfTheRequestStopsIt) {
  Rig rig;
  rig.serve = [](ServerStream& stream) -> Task<> {
    ResponseHead head(stream.arena());
    head.status = 413;
    head.body = BodyLength::known(3);
    stream.send_head(head);
    stream.write("no!");
    stream.finish(nullptr);
    stream.release();
    co_return;
  };
  rig.connect();
  Reply reply;
  net::spawn(fetch(*rig.client, {.method = "POST", .body = pattern(3'000'000)}, reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body, "no!");
  EXPECT_EQ(reply.fault, Fault::kNone);
  Reply again;
  rig.serve = echo;
  net::spawn(fetch(*rig.client, {.method = "POST", .body = pattern(3'000'000)}, again));
  ASSERT_TRUE(rig.run([&] { return again.done; })) << "no credit was lost";
  EXPECT_EQ(again.body.size(), 3'000'000u);
}

TEST(Http2Connection, DrainLetsRunningExchangesFinish) {
  Rig rig;
  net::Event go;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    co_await go;
    ResponseHead head(stream.arena());
    head.body = BodyLength::none();
    stream.send_head(head);
    stream.release();
  };
  rig.connect();
  Reply reply;
  net::spawn(fetch(*rig.client, {}, reply));
  rig.settle();
  rig.server->drain();
  ASSERT_TRUE(rig.run([&] { return rig.retired == 1; }));
  EXPECT_EQ(rig.client->capacity(), 0u);
  rig.settle();
  EXPECT_FALSE(reply.done);
  go.fire();
  ASSERT_TRUE(
      rig.run([&] { return reply.done && rig.clients_closed == 1 && rig.servers_closed == 1; }));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.fault, Fault::kNone);
}

TEST(Http2Connection, DrainOfAnIdleConnectionClosesIt) {
  Rig rig;
  rig.serve = echo;
  rig.connect();
  rig.server->drain();
  ASSERT_TRUE(rig.run([&] { return rig.clients_closed == 1 && rig.servers_closed == 1; }));
}

TEST(Http2Connection, StreamsBeyondTheLimitAreRefusedSafely) {
  Rig rig;
  rig.server_limits.max_concurrent_streams = 2;
  std::vector<std::unique_ptr<net::Event>> waiting;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    waiting.push_back(std::make_unique<net::Event>());
    co_await *waiting.back();
    ResponseHead head(stream.arena());
    head.body = BodyLength::none();
    stream.send_head(head);
    stream.release();
  };
  rig.connect();
  EXPECT_EQ(rig.client->capacity(), 2u);
  std::vector<Reply> replies(3);
  for (Reply& r : replies) net::spawn(fetch(*rig.client, {}, r));
  EXPECT_EQ(rig.client->capacity(), 0u);
  ASSERT_TRUE(rig.run([&] { return replies[2].done; }));
  EXPECT_EQ(replies[2].fault, Fault::kRefused);
  for (auto& event : waiting) event->fire();
  ASSERT_TRUE(rig.run([&] { return replies[0].done && replies[1].done; }));
  EXPECT_EQ(replies[0].status, 200);
}

TEST(Http2Connection, WhenTheConnectionBreaksEveryExchangeEnds) {
  Rig rig;
  int ended = 0;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    co_await stream.gone();
    ++ended;
    stream.release();
  };
  rig.connect();
  std::vector<Reply> replies(3);
  for (Reply& r : replies) net::spawn(fetch(*rig.client, {}, r));
  rig.settle();
  ASSERT_EQ(rig.requests, 3);
  rig.client->transport().shutdown_write();
  ASSERT_TRUE(rig.run([&] { return rig.servers_closed == 1 && rig.clients_closed == 1; }));
  EXPECT_EQ(ended, 3);
  for (Reply& r : replies) EXPECT_EQ(r.fault, Fault::kClosed);
}

TEST(Http2Connection, ALongHeadTravelsInContinuations) {
  Rig rig;
  rig.serve = echo;
  rig.connect();
  std::string value = pattern(40'000);
  Reply reply;
  net::spawn(fetch(*rig.client, {.fields = {{"x-long", value}}}, reply));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("x-long"), value);
}

TEST(Http2Connection, AHeadBeyondTheLimitIsAnswered431) {
  Rig rig;
  rig.serve = echo;
  rig.server_limits.max_head_bytes = 8 * 1024;
  rig.connect();
  Reply large, good;
  net::spawn(fetch(*rig.client, {.fields = {{"x-long", pattern(8'100)}}}, large));
  net::spawn(fetch(*rig.client, {.fields = {{"x-a", pattern(7'000)}}}, good));
  ASSERT_TRUE(rig.run([&] { return large.done && good.done; }));
  EXPECT_EQ(large.status, 431);
  EXPECT_EQ(good.status, 200) << "the connection and its table are fine";
  EXPECT_EQ(rig.refused, std::vector<int>{431});
}

TEST(Http2Connection, WhatAClientDoesNotReadIsNotReadFromTheOriginEither) {
  Rig rig;
  rig.client_limits.initial_window_bytes = 64 * 1024;
  std::size_t written = 0;
  bool was_blocked = false;
  rig.serve = [&](ServerStream& stream) -> Task<> {
    ResponseHead head(stream.arena());
    stream.send_head(head);
    std::string block = pattern(16 * 1024);
    while (written < 5'000'000 && stream.write_fault() == Fault::kNone) {
      if (!stream.ready()) {
        was_blocked = true;
        co_await stream.writable();
        continue;
      }
      stream.write(block);
      written += block.size();
    }
    stream.finish(nullptr);
    stream.release();
  };
  rig.connect();
  Arena arena;
  RequestHead head(arena);
  head.method = "GET";
  head.path = "/";
  head.authority = "a";
  ClientStream& stream = rig.client->open(arena);
  stream.send_head(head);
  rig.settle();
  EXPECT_TRUE(was_blocked);
  EXPECT_LE(written, 64u * 1024 + 2 * 16 * 1024);
  std::size_t got = 0;
  ASSERT_TRUE(rig.run([&] {
    while (stream.state() == BodyReader::kData) {
      got += stream.data().size();
      stream.consume(stream.data().size());
    }
    return stream.state() == BodyReader::kEnd;
  }));
  EXPECT_EQ(got, written);
  stream.release();
}

TEST(Http2Connection, AClientThatSendsNothingIsClosed) {
  Rig rig;
  rig.server_limits.head_timeout = Milliseconds(30);
  rig.loop->bind();
  int fds[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  rig.server = serve_http2(*rig.loop, net::make_tcp_stream(*rig.loop, fds[0], {}, {}), rig,
                           rig.server_limits, false);
  std::uint64_t start = net::Loop::now_us();
  ASSERT_TRUE(rig.run([&] { return rig.servers_closed == 1; }));
  EXPECT_LT(net::Loop::now_us() - start, 1'000'000u);
  ::close(fds[1]);
}

TEST(Http2Connection, AServerThatSendsNoSettingsIsGivenUp) {
  Rig rig;
  rig.client_limits.settings_timeout = Milliseconds(30);
  rig.loop->bind();
  int fds[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  rig.client = connect_http2(*rig.loop, net::make_tcp_stream(*rig.loop, fds[1], {}, {}), rig,
                             rig.client_limits);
  Reply reply;
  net::spawn(fetch(*rig.client, {}, reply));
  ASSERT_TRUE(rig.run([&] { return rig.clients_closed == 1; }));
  EXPECT_EQ(reply.fault, Fault::kTimeout);
  ::close(fds[0]);
}

TEST(Http2Connection, AnHttp1ServerIsFoundOutAtOnce) {
  Rig rig;
  rig.loop->bind();
  int fds[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  rig.client = connect_http2(*rig.loop, net::make_tcp_stream(*rig.loop, fds[1], {}, {}), rig,
                             rig.client_limits);
  Reply reply;
  net::spawn(fetch(*rig.client, {}, reply));
  std::string answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
  ASSERT_EQ(::write(fds[0], answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  ASSERT_TRUE(rig.run([&] { return reply.done; }));
  EXPECT_EQ(reply.fault, Fault::kMalformed);
  ::close(fds[0]);
  ASSERT_TRUE(rig.run([&] { return rig.clients_closed == 1; }));
}

}  // namespace
}  // namespace gwanmun::http
