// The TCP stream: lending, leftovers, staging, backpressure, every way of closing; and connecting,
// listening, accepting.
#include "net/stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "net/connect.h"
#include "net/event.h"
#include "net/limits.h"
#include "net/linger.h"
#include "net/listener.h"
#include "net/socket.h"
#include "net/test_util.h"

namespace gwanmun::net {

std::pair<int, int> testing::tcp_pair() {
  int listener = *open_listener({.ip = IpAddress::parse("127.0.0.1")});
  sockaddr_storage storage;
  socklen_t length = local_address(listener).to_sockaddr(storage);
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(0, ::connect(client, reinterpret_cast<sockaddr*>(&storage), length));
  int server = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  EXPECT_GE(server, 0);
  ::fcntl(client, F_SETFL, O_NONBLOCK);
  ::close(listener);
  return {server, client};
}

namespace {

using testing::make_loop;
using testing::Recorder;
using testing::run_until;

std::string read_now(int fd) {
  std::string out;
  char buffer[65536];
  for (;;) {
    ssize_t count = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count <= 0) return out;
    out.append(buffer, static_cast<std::size_t>(count));
  }
}

class StreamTest : public ::testing::Test {
 protected:
  StreamTest() {
    auto [ours, theirs] = testing::tcp_pair();
    peer = theirs;
    stream = make_tcp_stream(*loop, ours, {}, {});
    stream->set_handler(recorder);
  }
  ~StreamTest() override {
    if (peer >= 0) ::close(peer);
  }
  void send(std::string_view data) {
    ASSERT_EQ(static_cast<ssize_t>(data.size()), ::send(peer, data.data(), data.size(), 0));
  }
  void ticks(int count = 3) {
    for (int i = 0; i < count; ++i) loop->run_once(10);
  }
  void close_peer() { ::close(std::exchange(peer, -1)); }
  void reset_peer() {
    set_reset_on_close(peer);
    close_peer();
  }

  std::unique_ptr<Loop> loop = make_loop();
  Recorder recorder;
  std::unique_ptr<Stream> stream;
  int peer = -1;
};

TEST_F(StreamTest, LendsWhatArrives) {
  send("hello");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.data == "hello"; }));
  EXPECT_EQ(5u, stream->bytes_received());
  EXPECT_FALSE(stream->peer_closed_or_readable());
}

TEST_F(StreamTest, OffersLeftoversInFrontOfNewBytes) {
  recorder.use_all = false;
  recorder.use = 2;
  std::vector<std::string> seen;
  recorder.hook = [&](std::string_view bytes) { seen.emplace_back(bytes); };
  send("abc");
  ticks();
  EXPECT_TRUE(stream->peer_closed_or_readable());
  send("de");
  ticks();
  EXPECT_THAT(seen, ::testing::ElementsAre("abc", "cde"));
  stream->resume_reading();
  EXPECT_EQ(2u, seen.size()) << "never inside resume_reading()";
  ticks();
  EXPECT_THAT(seen, ::testing::ElementsAre("abc", "cde", "e"));
}

struct SettleHandler final : Recorder {
  std::size_t settled = 0;
  std::size_t settle(std::size_t used) override { return used + std::exchange(settled, 0); }
};

TEST_F(StreamTest, ResumingInsideTheCallbackOffersWhatItLeaves) {
  recorder.use_all = false;  // uses nothing the first time
  recorder.hook = [&](std::string_view) {
    if (recorder.calls == 1) stream->resume_reading();
    recorder.use_all = recorder.calls == 2;
  };
  send("early");
  ticks();
  EXPECT_EQ("early", recorder.data) << "no further byte comes to wake it";
  EXPECT_EQ(2, recorder.calls);
}

TEST_F(StreamTest, SettleCountsWhatCoroutinesUsed) {
  SettleHandler handler;
  handler.use_all = false;
  handler.use = 1;
  handler.settled = 2;
  std::vector<std::string> seen;
  handler.hook = [&](std::string_view bytes) { seen.emplace_back(bytes); };
  stream->set_handler(handler);
  send("abcd");
  ticks();
  send("e");
  ticks();
  EXPECT_THAT(seen, ::testing::ElementsAre("abcd", "de"));
}

TEST_F(StreamTest, DripsAreGatheredUpToOneReadAndThenWait) {
  recorder.use_all = false;
  std::string all(Loop::kScratchBytes + 1000, 'x');
  std::size_t offered = 0;
  recorder.hook = [&](std::string_view bytes) { offered = bytes.size(); };
  for (std::size_t at = 0; at < all.size(); at += 1000) {
    send(std::string_view(all).substr(at, 1000));
    ticks(1);
  }
  ticks();
  EXPECT_EQ(Loop::kScratchBytes, offered) << "no more than one read's worth is kept";
  recorder.use_all = true;
  stream->resume_reading();
  EXPECT_TRUE(run_until(*loop, [&] { return recorder.data.size() == all.size(); }));
}

TEST_F(StreamTest, PausedReadsNothingAndTellsTheEndAfterTheBytes) {
  stream->pause_reading();
  send("later");
  close_peer();
  ticks();
  EXPECT_EQ("", recorder.data);
  EXPECT_EQ(0, recorder.ends);
  EXPECT_TRUE(stream->peer_closed_or_readable());
  stream->resume_reading();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.ends == 1; }));
  EXPECT_EQ("later", recorder.data);
}

TEST_F(StreamTest, PausedIsToldAtOnceWhenThePeerLeftWithNothingUnread) {
  ticks();
  stream->pause_reading();
  close_peer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.ends == 1; }));
}

TEST_F(StreamTest, PausedIsToldAtOnceWhenThePeerReset) {
  ticks();
  stream->pause_reading();
  reset_peer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.fault == StreamFault::kReset; }));
}

TEST_F(StreamTest, ResetIsAFault) {
  reset_peer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.fault == StreamFault::kReset; }));
  EXPECT_EQ(0, recorder.ends);
  stream->write("dropped");
  ticks();
}

TEST_F(StreamTest, BytesBeforeAResetAreRead) {
  stream->pause_reading();
  ticks();
  send("answer");
  ticks();
  reset_peer();
  ticks();
  EXPECT_EQ(StreamFault::kNone, recorder.fault);
  stream->resume_reading();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.fault == StreamFault::kReset; }));
}

TEST_F(StreamTest, AFaultAfterTheEndIsTold) {
  close_peer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.ends == 1; }));
  stream->write("nobody is there");
  ticks();
  stream->write("any more");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.fault == StreamFault::kReset; }));
}

TEST_F(StreamTest, LeftoversSurviveTheEnd) {
  recorder.use_all = false;
  send("pipelined");
  ASSERT_EQ(0, ::shutdown(peer, SHUT_WR));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.ends == 1; }));
  recorder.use_all = true;
  stream->resume_reading();
  ticks();
  EXPECT_EQ("pipelined", recorder.data);
  EXPECT_EQ(1, recorder.ends);
}

TEST_F(StreamTest, StagesSmallWritesUntilTheEndOfTheTick) {
  stream->write("a");
  stream->write("b");
  EXPECT_EQ(2u, stream->staged());
  EXPECT_EQ("", read_now(peer));
  loop->run_once(0);
  EXPECT_EQ("ab", read_now(peer));
  EXPECT_EQ(0u, stream->staged());
  EXPECT_EQ(2u, stream->bytes_sent());
}

TEST_F(StreamTest, LargeWritesGoAtOnceAfterWhatIsStaged) {
  std::string large(kDirectWriteBytes, 'L');
  stream->write("head");
  stream->write(large);
  EXPECT_EQ(0u, stream->staged());
  EXPECT_EQ("head" + large, read_now(peer));
}

TEST_F(StreamTest, StaysInOrderWhenThePeerReadsSlowly) {
  std::string sent;
  std::string got;
  std::uint32_t seed = 1;
  while (sent.size() < 8'000'000) {
    seed = seed * 1664525 + 1013904223;
    std::string piece((seed >> 8) % 40'000 + 1, static_cast<char>('a' + (seed >> 24) % 26));
    stream->write(piece);
    sent += piece;
  }
  EXPECT_GT(stream->staged(), kHighWaterBytes);
  ASSERT_TRUE(run_until(*loop, [&] {
    got += read_now(peer);
    return got.size() >= sent.size();
  }));
  EXPECT_EQ(sent, got);
  EXPECT_EQ(1, recorder.writable);
  EXPECT_EQ(sent.size(), stream->bytes_sent());
}

TEST_F(StreamTest, WritableComesAlsoWhenTheKernelTakesAllAtOnce) {
  std::string piece(kDirectWriteBytes - 1, 'x');
  for (std::size_t i = 0; i * piece.size() <= kHighWaterBytes; ++i) stream->write(piece);
  ASSERT_GT(stream->staged(), kHighWaterBytes);
  loop->run_once(0);
  EXPECT_EQ(1, recorder.writable);
}

TEST_F(StreamTest, ShutdownSendsWhatIsStagedThenFinAndReadsOn) {
  stream->write("last");
  stream->shutdown_write();
  stream->write("dropped");
  ticks();
  EXPECT_EQ("last", read_now(peer));
  char byte;
  EXPECT_EQ(0, ::recv(peer, &byte, 1, MSG_DONTWAIT));
  send("still read");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.data == "still read"; }));
}

TEST_F(StreamTest, GracefulCloseDeliversTheAnswerThoughInputIsUnread) {
  stream->pause_reading();
  std::string answer(300'000, 'A');
  send(std::string(100'000, 'u'));
  stream->write(answer);
  stream->close_gracefully();
  loop->dispose(std::move(stream));
  EXPECT_EQ(1u, loop->lingering().size());
  std::string got;
  ASSERT_TRUE(run_until(*loop, [&] {
    got += read_now(peer);
    return got.size() == answer.size();
  }));
  char byte;
  ASSERT_TRUE(run_until(*loop, [&] { return ::recv(peer, &byte, 1, MSG_DONTWAIT) == 0; }));
  close_peer();
  EXPECT_TRUE(run_until(*loop, [&] { return loop->lingering().size() == 0; }));
}

TEST_F(StreamTest, LingeringEndsByItselfWhenThePeerStays) {
  stream->close_gracefully();
  std::uint64_t start = Loop::now_us();
  EXPECT_TRUE(run_until(*loop, [&] { return loop->lingering().size() == 0; }));
  EXPECT_GE(Loop::now_us() - start, kLingerMs * 1000);
}

TEST_F(StreamTest, LingeringEndsWhenThePeerSendsWithoutEnd) {
  ticks();
  stream->close_gracefully();
  std::string flood(64 * 1024, 'f');
  std::size_t sent = 0;
  std::uint64_t start = Loop::now_us();
  ASSERT_TRUE(run_until(*loop, [&] {
    ssize_t count = ::send(peer, flood.data(), flood.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    return loop->lingering().size() == 0;
  }));
  EXPECT_GT(sent, kLingerBytes);
  EXPECT_LT(Loop::now_us() - start, kLingerMs * 1000);
}

TEST(LingerSet, ClosesAtOnceBeyondItsLimit) {
  rlimit files;
  ::getrlimit(RLIMIT_NOFILE, &files);
  rlimit more{.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &more);
  auto loop = make_loop();
  std::vector<int> peers;
  for (std::size_t i = 0; i <= kLingerConnections; ++i) {
    auto [ours, theirs] = testing::socket_pair();
    peers.push_back(theirs);
    loop->lingering().add(*loop, ours, {});
  }
  EXPECT_EQ(kLingerConnections, loop->lingering().size());
  ASSERT_EQ(1, ::send(peers.front(), "x", 1, MSG_NOSIGNAL)) << "still open";
  EXPECT_EQ(-1, ::send(peers.back(), "x", 1, MSG_NOSIGNAL)) << "closed";
  for (int fd : peers) ::close(fd);
  EXPECT_TRUE(run_until(*loop, [&] { return loop->lingering().size() == 0; }));
  ::setrlimit(RLIMIT_NOFILE, &files);
}

TEST_F(StreamTest, GracefulCloseAfterThePeersFinIsImmediate) {
  close_peer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.ends == 1; }));
  stream->close_gracefully();
  EXPECT_EQ(0u, loop->lingering().size());
}

TEST_F(StreamTest, AbortSendsReset) {
  ticks();
  stream->abort();
  char byte;
  EXPECT_EQ(-1, ::recv(peer, &byte, 1, 0));
  EXPECT_EQ(ECONNRESET, errno);
}

TEST_F(StreamTest, MayBeClosedInsideItsCallback) {
  recorder.hook = [&](std::string_view) {
    stream->close();
    loop->dispose(std::move(stream));
  };
  send("x");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.calls == 1; }));
  ticks();
}

TEST_F(StreamTest, ManyBytesAreSharedOutOverTicks) {
  std::size_t total = 0;
  recorder.hook = [&](std::string_view bytes) { total += bytes.size(); };
  std::string piece(1 << 20, 'p');
  std::size_t sent = 0;
  ASSERT_TRUE(run_until(*loop, [&] {
    if (sent < 20 * piece.size()) {
      ssize_t count = ::send(peer, piece.data(), piece.size(), MSG_DONTWAIT);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return sent >= 20 * piece.size() && total == sent;
  }));
}

// ---- listening and connecting ----

struct Collector final : AcceptHandler {
  std::vector<Accepted> accepted;
  std::size_t most = 1'000'000;
  int exhausted = 0;
  void on_accept(const Accepted& connection) override { accepted.push_back(connection); }
  bool may_accept() override { return accepted.size() < most; }
  void on_exhausted() override { ++exhausted; }
  ~Collector() {
    for (auto& connection : accepted) ::close(connection.fd);
  }
};

struct Connected {
  bool done = false;
  StreamFault fault = StreamFault::kNone;
  std::unique_ptr<Stream> stream;
};

Task<void> do_connect(Loop& loop, SocketAddress address, std::uint64_t timeout_ms, Connected& out) {
  auto result = co_await connect_tcp(loop, address, timeout_ms);
  if (result) {
    out.stream = *std::move(result);
  } else {
    out.fault = result.error();
  }
  out.done = true;
}

TEST(Listener, AcceptsBothFamiliesOnAllAddresses) {
  auto loop = make_loop();
  Collector collector;
  Listener listener(*loop, *open_listener({}), collector);
  std::uint16_t port = listener.address().port;
  ASSERT_NE(0, port);
  Connected v4;
  Connected v6;
  spawn(do_connect(*loop, {*IpAddress::parse("127.0.0.1"), port}, 1000, v4));
  spawn(do_connect(*loop, {*IpAddress::parse("::1"), port}, 1000, v6));
  ASSERT_TRUE(
      run_until(*loop, [&] { return v4.done && v6.done && collector.accepted.size() == 2; }));
  ASSERT_TRUE(v4.stream);
  ASSERT_TRUE(v6.stream);
  std::vector<std::string> peers;
  for (auto& connection : collector.accepted) peers.push_back(connection.peer.ip.to_string());
  EXPECT_THAT(peers, ::testing::UnorderedElementsAre("127.0.0.1", "::1"));
}

TEST(Listener, WorkersShareAPort) {
  auto first = open_listener({.ip = IpAddress::parse("127.0.0.1")});
  ASSERT_TRUE(first);
  std::uint16_t port = local_address(*first).port;
  auto second = open_listener({.port = port, .ip = IpAddress::parse("127.0.0.1")});
  EXPECT_TRUE(second);
  auto alone =
      open_listener({.port = port, .ip = IpAddress::parse("127.0.0.1"), .share_port = false});
  ASSERT_FALSE(alone);
  EXPECT_EQ(ListenError::Reason::kInUse, alone.error().reason);
  EXPECT_THAT(alone.error().message, ::testing::HasSubstr("127.0.0.1"));
  ::close(*first);
  ::close(*second);
}

TEST(Listener, SaysWhenTheAddressIsNotOurs) {
  auto result = open_listener({.ip = IpAddress::parse("192.0.2.1")});
  ASSERT_FALSE(result);
  EXPECT_EQ(ListenError::Reason::kUnavailable, result.error().reason);
}

TEST(Listener, LeavesConnectionsInTheQueueAtTheLimit) {
  auto loop = make_loop();
  Collector collector;
  collector.most = 1;
  Listener listener(*loop, *open_listener({.ip = IpAddress::parse("127.0.0.1")}), collector);
  Connected a;
  Connected b;
  spawn(do_connect(*loop, listener.address(), 1000, a));
  spawn(do_connect(*loop, listener.address(), 1000, b));
  ASSERT_TRUE(run_until(*loop, [&] { return a.done && b.done; }));
  for (int i = 0; i < 5; ++i) loop->run_once(5);
  EXPECT_EQ(1u, collector.accepted.size());
  collector.most = 2;
  listener.resume();
  EXPECT_TRUE(run_until(*loop, [&] { return collector.accepted.size() == 2; }));
}

TEST(Listener, AcceptsABoundedNumberInATick) {
  auto loop = make_loop();
  Collector collector;
  Listener listener(*loop, *open_listener({.ip = IpAddress::parse("127.0.0.1")}), collector);
  sockaddr_storage storage;
  socklen_t length = listener.address().to_sockaddr(storage);
  constexpr std::size_t kMost = kAcceptsPerTick * (1 + kDeferredRounds);
  std::vector<int> clients;
  for (std::size_t i = 0; i < kMost + 1; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(0, ::connect(clients.back(), reinterpret_cast<sockaddr*>(&storage), length));
  }
  loop->run_once(100);
  EXPECT_EQ(kMost, collector.accepted.size());
  loop->run_once(100);
  EXPECT_EQ(kMost + 1, collector.accepted.size());
  for (int fd : clients) ::close(fd);
}

TEST(Listener, WaitsInsteadOfSpinningWithoutDescriptors) {
  auto loop = make_loop();
  Collector collector;
  Listener listener(*loop, *open_listener({.ip = IpAddress::parse("127.0.0.1")}), collector);
  Connected a;
  spawn(do_connect(*loop, listener.address(), 1000, a));
  rlimit saved;
  ::getrlimit(RLIMIT_NOFILE, &saved);
  rlimit none{.rlim_cur = 0, .rlim_max = saved.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  ASSERT_TRUE(run_until(*loop, [&] { return collector.exhausted > 0; }));
  int ticks = 0;
  std::uint64_t end = Loop::now_us() + kAcceptBackoffMs * 5'000;
  while (Loop::now_us() < end) {
    loop->run_once(1000);
    ++ticks;
  }
  EXPECT_LT(ticks, 30);
  EXPECT_LE(collector.exhausted, 7);
  ::setrlimit(RLIMIT_NOFILE, &saved);
  EXPECT_TRUE(run_until(*loop, [&] { return a.done && collector.accepted.size() == 1; }));
}

TEST(Listener, StopHandsOutWhatIsQueued) {
  auto loop = make_loop();
  Collector collector;
  Listener listener(*loop, *open_listener({.ip = IpAddress::parse("127.0.0.1")}), collector);
  SocketAddress address = listener.address();
  sockaddr_storage storage;
  socklen_t length = address.to_sockaddr(storage);
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(0, ::connect(client, reinterpret_cast<sockaddr*>(&storage), length));
  listener.stop();
  EXPECT_EQ(1u, collector.accepted.size());
  Connected refused;
  spawn(do_connect(*loop, address, 1000, refused));
  ASSERT_TRUE(run_until(*loop, [&] { return refused.done; }));
  EXPECT_EQ(StreamFault::kRefused, refused.fault);
  ::close(client);
}

TEST(Connect, TimesOut) {
  auto loop = make_loop();
  // A queue of one that nobody empties: further connections get no answer.
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage;
  socklen_t length = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.to_sockaddr(storage);
  ASSERT_EQ(0, ::bind(listener, reinterpret_cast<sockaddr*>(&storage), length));
  ASSERT_EQ(0, ::listen(listener, 0));
  SocketAddress address = local_address(listener);
  std::vector<std::unique_ptr<Connected>> tries;
  for (int i = 0; i < 4; ++i) {
    tries.push_back(std::make_unique<Connected>());
    spawn(do_connect(*loop, address, 100, *tries.back()));
  }
  ASSERT_TRUE(run_until(
      *loop, [&] { return std::ranges::all_of(tries, [](auto& t) { return t->done; }); }));
  EXPECT_EQ(StreamFault::kTimeout, tries.back()->fault);
  ::close(listener);
}

}  // namespace
}  // namespace gwanmun::net
