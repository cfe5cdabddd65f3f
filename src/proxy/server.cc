// The control thread's side of the data plane: compiling snapshots, opening ports, handing both to
// the workers, and ending them.
#include "proxy/server.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "net/listener.h"
#include "net/socket.h"
#include "proxy/port_tls.h"
#include "proxy/router.h"
#include "proxy/worker.h"

namespace gwanmun::proxy {

namespace {

bool serves_http(const PortRouter& port) {
  return std::any_of(port.listeners().begin(), port.listeners().end(), [](const auto& listener) {
    return listener->spec->protocol == snapshot::Protocol::kHttp ||
           listener->spec->protocol == snapshot::Protocol::kHttps;
  });
}

bool wants_proxy_protocol(const PortRouter& port) {
  return std::any_of(port.listeners().begin(), port.listeners().end(),
                     [](const auto& listener) { return listener->spec->proxy_protocol; });
}

void close_all(const std::vector<int>& fds) {
  for (int fd : fds) ::close(fd);
}

}  // namespace

struct Server::Impl {
  /// A port that is listened on.
  struct Bound {
    std::size_t index;
    std::uint16_t port;
    PortTls tls;
  };
  using Key = std::pair<std::string, std::uint16_t>;  // address, port

  explicit Impl(Options given) : options(std::move(given)), metrics(workers_wanted()) {}

  std::size_t workers_wanted() {
    if (options.workers <= 0)
      options.workers = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    return static_cast<std::size_t>(options.workers);
  }

  PortState open(const PortRouter& port, std::vector<int>& fds);
  void plan_port(const PortRouter& port, std::vector<Plan>& plans, Applied& applied);
  bool drain();
  void stop();

  Options options;
  telemetry::Metrics metrics;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::shared_ptr<net::TlsTicketKeys> tickets = net::TlsTicketKeys::create();
  std::map<Key, Bound> bound;
  std::size_t next_index = 0;
  std::uint64_t applications = 0;
  std::shared_ptr<const Router> router;
  std::shared_ptr<const Router> previous;  // freed here, not on a worker
  mutable std::mutex mutex;                // guards `current`
  std::shared_ptr<const snapshot::Snapshot> current;
  bool stopped = false;
};

/// One socket for each worker. A first one without SO_REUSEPORT finds out whether another process
/// has the port: with it, both would get a share of the connections, silently.
PortState Server::Impl::open(const PortRouter& port, std::vector<int>& fds) {
  PortState state;
  state.port = port.port();
  const auto mapped = options.port_map.find(port.port());
  net::ListenOptions listen;
  listen.port = mapped == options.port_map.end() ? port.port() : mapped->second;
  listen.ip = net::IpAddress::parse(port.address());
  auto fail = [&](const net::ListenError& error) {
    state.error = error.message;
    state.permission_denied = error.reason == net::ListenError::Reason::kPermission;
    close_all(fds);
    fds.clear();
    return state;
  };
  listen.share_port = false;
  const auto probe = net::open_listener(listen);
  if (!probe) return fail(probe.error());
  listen.port = net::local_address(*probe).port;
  ::close(*probe);
  listen.share_port = true;
  for (int i = 0; i < options.workers; ++i) {
    const auto fd = net::open_listener(listen);
    if (!fd) return fail(fd.error());
    fds.push_back(*fd);
  }
  state.bound = listen.port;
  return state;
}

void Server::Impl::plan_port(const PortRouter& port, std::vector<Plan>& plans, Applied& applied) {
  const Key key{port.address(), port.port()};
  auto found = bound.find(key);
  std::vector<int> fds;
  if (found == bound.end()) {
    const PortState state = open(port, fds);
    applied.ports.push_back(state);
    if (state.bound == 0) return;
    found = bound.emplace(key, Bound{next_index++, state.bound, {}}).first;
  } else {
    applied.ports.push_back({port.port(), found->second.port, false, {}});
  }
  Bound& entry = found->second;
  PortPlan plan;
  plan.index = entry.index;
  plan.secure = is_secure(port);
  plan.proxy_protocol = wants_proxy_protocol(port);
  if (plan.secure) plan.tls = entry.tls.update(port, tickets);
  for (std::size_t worker = 0; worker < plans.size(); ++worker) {
    plan.fd = fds.empty() ? -1 : fds[worker];
    plans[worker].ports.push_back(plan);
    plans[worker].routers.resize(std::max(plans[worker].routers.size(), entry.index + 1));
    plans[worker].routers[entry.index] = &port;
  }
}

Result<std::unique_ptr<Server>> Server::start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  std::random_device seed;
  for (int i = 0; i < impl->options.workers; ++i) {
    GW_TRY(std::unique_ptr<net::Loop> loop, net::Loop::create());
    const std::uint64_t bits = std::uint64_t{seed()} << 32 | seed();
    impl->workers.push_back(std::make_unique<Worker>(
        std::move(loop), impl->options, impl->metrics.worker(static_cast<std::size_t>(i)), bits));
  }
  for (const auto& worker : impl->workers)
    impl->threads.emplace_back([&worker = *worker] {
      ::pthread_setname_np(::pthread_self(), "gwanmun-worker");
      worker.run();
    });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->stop(); }

Applied Server::apply(std::shared_ptr<const snapshot::Snapshot> snapshot) {
  Impl& impl = *impl_;
  Applied applied;
  applied.version = snapshot->version;
  if (impl.stopped) return applied;
  auto router = Router::compile(snapshot, impl.router.get());
  std::vector<Plan> plans(impl.workers.size());
  for (Plan& plan : plans) {
    plan.number = impl.applications + 1;
    plan.router = router;
  }
  ++impl.applications;
  std::erase_if(impl.bound, [&](const auto& entry) {
    const PortRouter* port = router->port(entry.first.first, entry.first.second);
    return !port || !serves_http(*port);
  });
  for (const auto& port : router->ports())
    if (serves_http(*port)) impl.plan_port(*port, plans, applied);

  std::latch done(static_cast<std::ptrdiff_t>(impl.workers.size()));
  for (std::size_t i = 0; i < impl.workers.size(); ++i) {
    Worker& worker = *impl.workers[i];
    worker.loop().post([&worker, plan = std::move(plans[i]), &done] {
      worker.apply(plan);
      done.count_down();
    });
  }
  done.wait();
  impl.previous = std::exchange(impl.router, std::move(router));
  {
    std::lock_guard lock(impl.mutex);
    impl.current = std::move(snapshot);
  }
  impl.metrics.config_applied(applied.version,
                              std::chrono::duration_cast<std::chrono::seconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count());
  return applied;
}

std::shared_ptr<const snapshot::Snapshot> Server::snapshot() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->current;
}

telemetry::Metrics& Server::metrics() { return impl_->metrics; }
int Server::workers() const { return impl_->options.workers; }

bool Server::drain() {
  const bool complete = impl_->drain();
  impl_->stop();
  return complete;
}

bool Server::Impl::drain() {
  if (stopped) return true;
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t left;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = workers.size();
  for (const auto& worker : workers) {
    worker->loop().post([&worker = *worker, progress] {
      worker.drain([progress] {
        std::lock_guard lock(progress->mutex);
        --progress->left;
        progress->changed.notify_one();
      });
    });
  }
  std::unique_lock lock(progress->mutex);
  return progress->changed.wait_for(lock, options.grace_period,
                                    [&] { return progress->left == 0; });
}

void Server::Impl::stop() {
  if (std::exchange(stopped, true)) return;
  for (const auto& worker : workers) worker->loop().post([&worker = *worker] { worker.end(); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace gwanmun::proxy
