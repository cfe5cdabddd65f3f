// The resolver against a DNS server of the test's own, on the same loop.
#include "net/resolver.h"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "net/limits.h"
#include "net/socket.h"
#include "net/test_util.h"

namespace gwanmun::net {
namespace {

using testing::make_loop;
using testing::run_until;

/// Answers A and AAAA questions from a table; names that are not there do not exist.
class DnsServer final : public EventHandler {
 public:
  struct Record {
    std::vector<std::string> addresses;
    std::uint32_t ttl = 60;
  };

  explicit DnsServer(Loop& loop) : loop_(loop) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_storage storage;
    socklen_t length = SocketAddress{*IpAddress::parse("127.0.0.1"), 0}.to_sockaddr(storage);
    EXPECT_EQ(0, ::bind(fd_, reinterpret_cast<sockaddr*>(&storage), length));
    EXPECT_TRUE(loop_.watch(fd_, *this, EPOLLIN));
  }
  ~DnsServer() {
    loop_.unwatch(fd_, *this);
    ::close(fd_);
  }
  SocketAddress address() const { return local_address(fd_); }

  std::map<std::string, Record> records;
  bool silent = false;
  char error = 0;       // an RCODE for everything
  int drop = 0;         // so many questions are not answered
  std::string garbage;  // answered instead of a message
  int questions = 0;

  void on_event(std::uint32_t) override {
    char buffer[1500];
    sockaddr_storage from;
    socklen_t length = sizeof from;
    ssize_t count =
        ::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (count < 12) return;
    ++questions;
    if (silent || drop-- > 0) return;
    std::string reply = answer({buffer, static_cast<std::size_t>(count)});
    if (!garbage.empty()) reply = reply.substr(0, 2) + garbage;
    ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
  }

 private:
  std::string answer(std::string_view question) const {
    std::size_t at = 12;
    std::string name;
    while (question[at]) {
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, static_cast<std::size_t>(question[at]));
      at += 1 + static_cast<std::size_t>(question[at]);
    }
    bool v6 = question[at + 2] == 28;
    auto found = records.find(name);
    std::string body;
    int count = 0;
    if (found != records.end()) {
      for (const auto& text : found->second.addresses) {
        IpAddress ip = *IpAddress::parse(text);
        if (ip.is_v6() != v6) continue;
        ++count;
        std::uint32_t ttl = found->second.ttl;
        body += std::string("\xc0\x0c\x00", 3) + (v6 ? '\x1c' : '\x01') + std::string("\0\1", 2);
        for (int shift : {24, 16, 8, 0}) body += static_cast<char>(ttl >> shift);
        std::size_t size = v6 ? 16 : 4;
        body += std::string("\0", 1) + static_cast<char>(size);
        body.append(reinterpret_cast<const char*>(ip.bytes().data()), size);
      }
    }
    std::string out(question.substr(0, 2));
    out += '\x81';
    out += error ? error : found == records.end() ? '\x83' : '\x80';
    out += std::string("\0\1\0", 3) + static_cast<char>(error ? 0 : count);
    out += std::string("\0\0\0\0", 4);
    out += question.substr(12, at + 5 - 12);
    return error ? out : out + body;
  }

  Loop& loop_;
  int fd_;
};

struct Outcome {
  bool done = false;
  std::expected<Resolution, ResolveFault> result;
};
Task<void> resolve_into(Resolver& resolver, std::string name, Outcome& out) {
  out.result = co_await resolver.resolve(std::move(name));
  out.done = true;
}

class ResolverTest : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> loop = make_loop();
  DnsServer server{*loop};
  std::unique_ptr<Resolver> resolver =
      *Resolver::create(*loop, {.servers = {server.address()}, .try_ms = 50, .tries = 2});

  Outcome ask(std::string name) {
    Outcome out;
    spawn(resolve_into(*resolver, std::move(name), out));
    EXPECT_TRUE(run_until(*loop, [&] { return out.done; }));
    return out;
  }
  static std::vector<std::string> texts(const Outcome& outcome) {
    std::vector<std::string> out;
    for (auto& ip : outcome.result->addresses) out.push_back(ip.to_string());
    return out;
  }
};

TEST_F(ResolverTest, BothFamiliesWithTheShortestTtl) {
  server.records["shop.example.com"] = {{"192.0.2.1", "192.0.2.2", "2001:db8::1"}, 42};
  auto out = ask("shop.example.com");
  ASSERT_TRUE(out.result.has_value());
  EXPECT_THAT(texts(out), ::testing::UnorderedElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1"));
  EXPECT_EQ(42u, out.result->ttl_seconds);
  EXPECT_TRUE(ask("shop.example.com.").result.has_value()) << "absolute spelling";
}

TEST_F(ResolverTest, OneFamilyIsEnough) {
  server.records["v4.example.com"] = {{"192.0.2.1"}, 60};
  server.records["v6.example.com"] = {{"2001:db8::1"}, 60};
  EXPECT_THAT(texts(ask("v4.example.com")), ::testing::ElementsAre("192.0.2.1"));
  EXPECT_THAT(texts(ask("v6.example.com")), ::testing::ElementsAre("2001:db8::1"));
}

TEST_F(ResolverTest, TtlStaysWithinBounds) {
  server.records["short.example.com"] = {{"192.0.2.1"}, 0};
  server.records["long.example.com"] = {{"192.0.2.1"}, 1'000'000};
  EXPECT_EQ(kDnsMinTtlSeconds, ask("short.example.com").result->ttl_seconds);
  EXPECT_EQ(kDnsMaxTtlSeconds, ask("long.example.com").result->ttl_seconds);
}

TEST_F(ResolverTest, FailuresAreToldApart) {
  EXPECT_EQ(ResolveFault::kNotFound, ask("nowhere.example.com").result.error());
  server.records["empty.example.com"] = {};
  EXPECT_EQ(ResolveFault::kNotFound, ask("empty.example.com").result.error());
  server.error = '\x82';  // SERVFAIL
  EXPECT_FALSE(ask("shop.example.com").result.has_value());
  server.error = 0;
  server.silent = true;
  EXPECT_EQ(ResolveFault::kTimeout, ask("shop.example.com").result.error());
  server.silent = false;
  server.garbage = std::string(30, '\xff');
  EXPECT_FALSE(ask("shop.example.com").result.has_value());
  EXPECT_FALSE(ask("not a..name").result.has_value());
}

TEST_F(ResolverTest, AsksAgainWhenAnAnswerIsLost) {
  server.records["shop.example.com"] = {{"192.0.2.1"}, 60};
  server.drop = 2;
  EXPECT_TRUE(ask("shop.example.com").result.has_value());
  EXPECT_GT(server.questions, 2);
}

TEST_F(ResolverTest, LiteralsAndHostsFileNeedNoServer) {
  server.silent = true;
  EXPECT_THAT(texts(ask("2001:db8::7")), ::testing::ElementsAre("2001:db8::7"));
  auto local = ask("localhost");
  ASSERT_TRUE(local.result.has_value());
  EXPECT_TRUE(local.result->addresses.front().is_loopback());
  EXPECT_EQ(0, server.questions);
}

TEST_F(ResolverTest, IgnoresSearchDomains) {
  server.records["shop.example.com"] = {{"192.0.2.1"}, 60};
  EXPECT_FALSE(ask("shop").result.has_value());
}

TEST_F(ResolverTest, ManyQuestionsAtOnce) {
  std::vector<std::unique_ptr<Outcome>> outcomes;
  for (int i = 0; i < 200; ++i) {
    std::string name = "n" + std::to_string(i) + ".example.com";
    server.records[name] = {{"192.0.2." + std::to_string(i)}, 60};
    outcomes.push_back(std::make_unique<Outcome>());
    spawn(resolve_into(*resolver, name, *outcomes.back()));
  }
  ASSERT_TRUE(run_until(
      *loop, [&] { return std::ranges::all_of(outcomes, [](auto& o) { return o->done; }); }));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(outcomes[i]->result.has_value()) << i;
    EXPECT_EQ("192.0.2." + std::to_string(i), texts(*outcomes[i])[0]);
  }
}

TEST_F(ResolverTest, DestructionEndsWhatIsUnderWay) {
  server.silent = true;
  Outcome out;
  spawn(resolve_into(*resolver, "shop.example.com", out));
  loop->run_once(5);
  resolver.reset();
  ASSERT_TRUE(run_until(*loop, [&] { return out.done; }));
  EXPECT_EQ(ResolveFault::kFailed, out.result.error());
}

}  // namespace
}  // namespace gwanmun::net
