// DNS through c-ares, driven by the loop.
#include "net/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <sys/epoll.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "net/event.h"
#include "net/limits.h"

namespace gwanmun::net {

namespace {

/// One question under way; lives in the asking coroutine's frame.
struct Query {
  Event done;
  bool finished = false;
  int status = ARES_SUCCESS;
  ares_addrinfo* result = nullptr;

  static void on_answer(void* self, int status, int, ares_addrinfo* result) {
    auto* query = static_cast<Query*>(self);
    query->finished = true;
    query->status = status;
    query->result = result;
    query->done.fire();
  }
};

ResolveFault fault_of_status(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return ResolveFault::kNotFound;
    case ARES_ETIMEOUT:
      return ResolveFault::kTimeout;
    default:
      return ResolveFault::kFailed;
  }
}

Resolution collect(const ares_addrinfo& result) {
  Resolution out;
  std::uint32_t ttl = kDnsMaxTtlSeconds;
  auto at_most = [&ttl](int seconds) {
    ttl = std::min(ttl, static_cast<std::uint32_t>(std::max(seconds, 0)));
  };
  for (const auto* alias = result.cnames; alias; alias = alias->next) at_most(alias->ttl);
  for (const auto* node = result.nodes; node; node = node->ai_next) {
    IpAddress address = IpAddress::from(node->ai_addr);
    at_most(node->ai_ttl);
    bool known = std::ranges::find(out.addresses, address) != out.addresses.end();
    if (!known && out.addresses.size() < kDnsAddresses) out.addresses.push_back(address);
  }
  out.ttl_seconds = std::max(ttl, kDnsMinTtlSeconds);
  return out;
}

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(Loop& loop) : loop_(loop) {}

  ~AresResolver() override {
    timer_.disarm();
    if (channel_) ares_destroy(channel_);  // ends every query
  }

  Result<void> open(const ResolverOptions& options) {
    static std::once_flag once;
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options settings{};
    char lookups[] = "fb";  // files, then DNS
    // Names of backends are absolute: a pod's search domains must not change what they mean.
    settings.flags = ARES_FLAG_NOSEARCH;
    settings.timeout = options.try_ms ? options.try_ms : kDnsTryMs;
    settings.tries = options.tries ? options.tries : kDnsTries;
    settings.lookups = lookups;
    settings.sock_state_cb = on_socket;
    settings.sock_state_cb_data = this;
    int status = ares_init_options(&channel_, &settings,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && !options.servers.empty()) {
      std::string list;
      for (const auto& server : options.servers) {
        list += str_cat(list.empty() ? "" : ",", server.to_string());
      }
      status = ares_set_servers_ports_csv(channel_, list.c_str());
    }
    if (status != ARES_SUCCESS) return fail(str_cat("DNS: ", ares_strerror(status)));
    return {};
  }

  Task<std::expected<Resolution, ResolveFault>> resolve(std::string name) override {
    if (auto ip = IpAddress::parse(name)) co_return Resolution{{*ip}, kDnsMaxTtlSeconds};
    if (name.ends_with('.')) name.pop_back();  // /etc/hosts writes none
    Query query;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, Query::on_answer, &query);
    arm_timer();
    while (!query.finished) co_await query.done;
    if (query.status != ARES_SUCCESS) co_return std::unexpected(fault_of_status(query.status));
    Resolution out = collect(*query.result);
    ares_freeaddrinfo(query.result);
    if (out.addresses.empty()) co_return std::unexpected(ResolveFault::kNotFound);
    co_return out;
  }

 private:
  /// A socket of c-ares. Level-triggered: the library does not always read until nothing is left.
  class Socket final : public EventHandler {
   public:
    Socket(AresResolver& resolver, int fd) : resolver_(resolver), fd_(fd) {}
    void on_event(std::uint32_t events) override {
      bool readable = events & (EPOLLIN | EPOLLERR | EPOLLHUP);
      bool writable = events & (EPOLLOUT | EPOLLERR | EPOLLHUP);
      resolver_.process(readable ? fd_ : ARES_SOCKET_BAD, writable ? fd_ : ARES_SOCKET_BAD);
    }

   private:
    AresResolver& resolver_;
    int fd_;
  };

  static void on_socket(void* context, ares_socket_t fd, int readable, int writable) {
    auto* self = static_cast<AresResolver*>(context);
    auto& socket = self->sockets_[fd];
    if (!readable && !writable) {
      if (socket) self->loop_.unwatch(fd, *socket);
      self->loop_.dispose(std::make_unique<Retired>(std::move(socket)));  // it may be running
      self->sockets_.erase(fd);
      return;
    }
    if (!socket) socket = std::make_unique<Socket>(*self, fd);
    std::uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    // When it fails the query runs into its time limit.
    [[maybe_unused]] auto watched = self->loop_.watch(fd, *socket, events);
  }

  struct Retired final : Disposable {
    explicit Retired(std::unique_ptr<Socket> owned) : socket(std::move(owned)) {}
    std::unique_ptr<Socket> socket;
  };

  void process(int readable, int writable) {
    ares_process_fd(channel_, readable, writable);
    arm_timer();
  }

  void arm_timer() {
    timeval wait;
    if (!ares_timeout(channel_, nullptr, &wait)) return timer_.disarm();
    auto ms = static_cast<std::uint64_t>(wait.tv_sec) * 1000 +
              static_cast<std::uint64_t>(wait.tv_usec) / 1000;
    timer_.arm(
        loop_, ms,
        [](void* self) {
          static_cast<AresResolver*>(self)->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        },
        this);
  }

  Loop& loop_;
  ares_channel channel_ = nullptr;
  Timer timer_;
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(Loop& loop, const ResolverOptions& options) {
  auto resolver = std::make_unique<AresResolver>(loop);
  auto opened = resolver->open(options);
  if (!opened) return std::unexpected(opened.error());
  return resolver;
}

std::string_view to_string(ResolveFault fault) {
  switch (fault) {
    case ResolveFault::kNotFound:
      return "no such name";
    case ResolveFault::kTimeout:
      return "no DNS server answered";
    case ResolveFault::kFailed:
      return "DNS failed";
  }
  return "DNS failed";
}

}  // namespace gwanmun::net
