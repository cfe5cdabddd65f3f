// See watcher.h.
#include "control/source/watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "control/source/walk.h"

namespace gwanmun::control {

namespace {

constexpr std::uint32_t kMask = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::create() {
  int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(str_cat("watch files: ", std::strerror(errno)));
  return std::unique_ptr<Watcher>(new Watcher(fd));
}

Watcher::~Watcher() { ::close(fd_); }

int Watcher::watch(const std::set<std::string>& directories) {
  // A directory that was replaced keeps its name and needs a new watch: adding an existing one
  // again is harmless, so all are added every time.
  int failed = 0;
  std::map<std::string, int> watches;
  std::map<int, std::set<std::string>> by_descriptor;
  for (const auto& directory : directories) {
    int wd = ::inotify_add_watch(fd_, directory.c_str(), kMask);
    if (wd < 0) {
      ++failed;
      continue;
    }
    watches[directory] = wd;
    by_descriptor[wd].insert(directory);
  }
  for (const auto& [wd, names] : directories_)
    if (!by_descriptor.contains(wd)) ::inotify_rm_watch(fd_, wd);
  watches_ = std::move(watches);
  directories_ = std::move(by_descriptor);
  return failed;
}

void Watcher::add(const inotify_event& event, Events& out) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) out.rescan = true;
  auto found = directories_.find(event.wd);
  if (found == directories_.end()) return;  // of a watch that is gone
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) out.rescan = true;
  if (event.len == 0) return;
  std::string_view name = event.name;
  // ConfigMap volumes swap the hidden link "..data"; editors' other hidden files mean nothing.
  if (name.starts_with('.') && name != "..data") return;
  if ((event.mask & IN_ISDIR) != 0 || name == "..data") {
    out.rescan = true;
    return;
  }
  for (const auto& directory : found->second) {
    std::string path = join_path(directory, name);
    if ((event.mask & IN_MODIFY) != 0) out.writing.insert(path);
    else out.changed.insert(path);
    if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0)
      out.writing.erase(path);
  }
}

Watcher::Events Watcher::read() {
  Events out;
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    auto size = ::read(fd_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return out;
    out.any = true;
    for (const char* at = buffer; at < buffer + size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      add(event, out);
      at += sizeof event + event.len;
    }
  }
}

}  // namespace gwanmun::control
