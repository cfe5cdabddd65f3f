#include "admin/server.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <unordered_set>

#include "admin/limits.h"
#include "base/text.h"
#include "http/connection.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/task.h"

namespace gwanmun::admin {

namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Sends a page as the other side takes it. The page lives in this frame.
net::Task<void> send(http::ServerStream& stream, Page page) {
  http::ResponseHead head(stream.arena());
  head.status = page.status;
  head.body = http::BodyLength::known(page.body.size());
  head.no_body = stream.request().method == "HEAD";
  head.headers.add("content-type", page.content_type);
  head.headers.add("cache-control", "no-store");
  head.headers.add("x-content-type-options", "nosniff");
  if (page.status == 405) head.headers.add("allow", "GET, HEAD");
  bool whole = head.no_body || page.body.empty();
  stream.send_head(head);
  std::string_view rest = page.body;
  while (!whole && stream.write_fault() == http::Fault::kNone) {
    if (!stream.ready()) {
      co_await stream.writable();
      continue;
    }
    stream.write(rest.substr(0, kPieceBytes));
    rest.remove_prefix(std::min(rest.size(), kPieceBytes));
    whole = rest.empty();
    if (whole) stream.finish(nullptr);
  }
  stream.release();
}

}  // namespace

struct Server::Impl final : net::AcceptHandler, http::ServerHandler {
  Sources sources;
  std::atomic<bool> draining{false};
  bool local_only = true;
  net::SocketAddress bound;
  http::ServerLimits limits;
  std::unique_ptr<net::Loop> loop;
  std::thread thread;
  // ---- the loop's thread ----
  std::unique_ptr<net::Listener> listener;
  std::unordered_set<http::ServerConnection*> connections;

  ~Impl() {
    if (!thread.joinable()) return;
    loop->post([this] {
      listener.reset();
      auto all = connections;  // abort() takes it out
      for (http::ServerConnection* connection : all) connection->abort(http::Fault::kCancelled);
      loop->post([this] { loop->stop(); });  // after the tick that disposes of them
    });
    thread.join();
  }

  void run(int fd) {
    loop->bind();
    listener = std::make_unique<net::Listener>(*loop, fd, *this);
    loop->run();
  }

  bool may_accept() override { return connections.size() < kMaxConnections; }

  void on_accept(const net::Accepted& accepted) override {
    auto stream = net::make_tcp_stream(*loop, accepted.fd, accepted.peer, {});
    connections.insert(http::serve_http1(*loop, std::move(stream), *this, limits, false));
  }

  void on_request(http::ServerStream& stream) override {
    State state{draining.load(std::memory_order_relaxed), local_only, unix_seconds()};
    net::spawn(send(stream, answer(stream.request(), sources, state)));
  }

  void on_refused(http::ServerConnection&, int, std::string_view) override {}

  void on_closed(http::ServerConnection& connection) override {
    connections.erase(&connection);
    if (listener) listener->resume();
  }
};

namespace {

/// ":19000" is every address.
Result<net::ListenOptions> parse_address(const std::string& text) {
  net::ListenOptions options{.share_port = false};
  if (text.starts_with(':')) {
    auto port = parse_uint(std::string_view(text).substr(1));
    if (port && *port <= 65535) {
      options.port = static_cast<std::uint16_t>(*port);
      return options;
    }
  } else if (auto address = net::SocketAddress::parse(text)) {
    options.port = address->port;
    options.ip = address->ip;
    return options;
  }
  return fail(str_cat("admin address \"", text, "\": expected ADDRESS:PORT, such as ",
                      "127.0.0.1:19000, [::1]:19000 or :19000"));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Options& options, Sources sources) {
  GW_TRY(net::ListenOptions listen, parse_address(options.address));
  GW_TRY(auto loop, net::Loop::create());
  auto fd = net::open_listener(listen);
  if (!fd) return fail(str_cat("admin address: ", fd.error().message));
  auto impl = std::make_unique<Impl>();
  impl->sources = std::move(sources);
  impl->local_only = listen.ip && listen.ip->is_loopback();
  impl->loop = std::move(loop);
  impl->limits.max_head_bytes = kMaxHeadBytes;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(*fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    impl->bound = net::SocketAddress::from(reinterpret_cast<const sockaddr*>(&address));
  }
  impl->thread = std::thread([raw = impl.get(), fd = *fd] { raw->run(fd); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

const net::SocketAddress& Server::address() const { return impl_->bound; }
void Server::set_draining() { impl_->draining.store(true, std::memory_order_relaxed); }

}  // namespace gwanmun::admin
