// h2spec, the conformance suite of RFC 7540 and 7541, against serve_http2 on a real socket, in
// clear text and over TLS. Skipped where the tool is not installed (tools/third-party installs it).
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "base/text.h"
#include "http/connection.h"
#include "net/listener.h"
#include "net/task.h"
#include "net/tls.h"

namespace gwanmun::http {
namespace {

/// Reads the request, then answers 200 with a few bytes.
net::Task<> answer(ServerStream& stream) {
  while (stream.state() == BodyReader::kPending || stream.state() == BodyReader::kData) {
    if (stream.state() == BodyReader::kData) {
      stream.consume(stream.data().size());
    } else {
      co_await stream.readable();
    }
  }
  ResponseHead head(stream.arena());
  head.headers.add("content-type", "text/plain");
  stream.send_head(head);
  stream.write("hello, this is the origin");
  stream.finish(nullptr);
  stream.release();
}

class TestServer final : net::AcceptHandler, ServerHandler {
 public:
  explicit TestServer(std::shared_ptr<const net::TlsServerConfig> tls) : tls_(std::move(tls)) {
    loop_ = std::move(net::Loop::create().value());
    int fd = net::open_listener({.ip = net::IpAddress::parse("127.0.0.1")}).value();
    listener_ =
        std::make_unique<net::Listener>(*loop_, fd, static_cast<net::AcceptHandler&>(*this));
    port_ = listener_->address().port;
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~TestServer() {
    loop_->stop();
    thread_.join();
    loop_->bind();
    listener_.reset();
    for (ServerConnection* connection : std::set(open_)) connection->abort(Fault::kCancelled);
    for (int i = 0; i < 100 && !(open_.empty() && handshakes_ == 0); ++i) loop_->run_once(10);
    EXPECT_TRUE(open_.empty() && handshakes_ == 0);
  }
  std::uint16_t port() const { return port_; }

 private:
  void on_accept(const net::Accepted& connection) override {
    auto stream = net::make_tcp_stream(*loop_, connection.fd, connection.peer, {});
    if (tls_ == nullptr) {
      open_.insert(serve_http2(*loop_, std::move(stream), *this, limits_, false));
    } else {
      net::spawn(shake_hands(std::move(stream)));
    }
  }
  net::Task<> shake_hands(std::unique_ptr<net::Stream> stream) {
    ++handshakes_;
    net::TlsResult secured = co_await net::accept_tls(std::move(stream), tls_);
    --handshakes_;
    if (secured) open_.insert(serve_http2(*loop_, *std::move(secured), *this, limits_, true));
  }
  void on_request(ServerStream& stream) override { net::spawn(answer(stream)); }
  void on_refused(ServerConnection&, int, std::string_view) override {}
  void on_closed(ServerConnection& connection) override { open_.erase(&connection); }

  std::shared_ptr<const net::TlsServerConfig> tls_;
  ServerLimits limits_;
  std::unique_ptr<net::Loop> loop_;
  std::set<ServerConnection*> open_;
  int handshakes_ = 0;
  std::unique_ptr<net::Listener> listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string h2spec_path() {
  const char* deps = std::getenv("GWANMUN_DEPS");
  const char* home = std::getenv("HOME");
  std::string path = deps != nullptr
                         ? str_cat(deps, "/bin/h2spec")
                         : str_cat(home != nullptr ? home : "", "/.cache/gwanmun/bin/h2spec");
  return ::access(path.c_str(), X_OK) == 0 ? path : "";
}

std::string output_of(const std::string& command, int& status) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string output;
  std::array<char, 4096> buffer;
  while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), n);
  }
  status = ::pclose(pipe);
  return output;
}

void expect_all_pass(const TestServer& server, std::string_view options) {
  int status = -1;
  std::string output = output_of(
      str_cat(h2spec_path(), " --strict ", options, " -h 127.0.0.1 -p ", server.port(), " 2>&1"),
      status);
  EXPECT_EQ(status, 0) << output;
  EXPECT_NE(output.find("146 passed, 0 skipped, 0 failed"), std::string::npos) << output;
}

TEST(H2spec, ClearText) {
  if (h2spec_path().empty()) GTEST_SKIP() << "h2spec is not installed";
  expect_all_pass(TestServer(nullptr), "");
}

TEST(H2spec, Tls) {
  if (h2spec_path().empty()) GTEST_SKIP() << "h2spec is not installed";
  int status = -1;
  std::string pem = output_of(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - -out - "
      "-subj /CN=localhost -days 2 2>/dev/null",
      status);
  ASSERT_EQ(status, 0) << "openssl";
  net::TlsServerOptions options;
  options.entries.push_back({.hosts = {""}, .identities = {{pem, pem}}});
  auto config = net::TlsServerConfig::create(options);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  expect_all_pass(TestServer(*config), "-t -k");
}

}  // namespace
}  // namespace gwanmun::http
