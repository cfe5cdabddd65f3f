// Watcher: what happened to files since the last look, from inotify. Used by FileSource, which
// decides what it means. A hint, not a truth: a lost event is made up for by FileSource's rescans.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"

struct inotify_event;

namespace gwanmun::control {

class Watcher {
 public:
  struct Events {
    bool any = false;
    bool rescan = false;            // directories or links changed, or events were lost
    std::set<std::string> changed;  // manifests written and closed, renamed, created, removed
    std::set<std::string> writing;  // manifests written to and not closed since
  };

  static Result<std::unique_ptr<Watcher>> create();
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Readable when read() has something.
  int fd() const { return fd_; }
  /// Watches exactly these directories from now on. Returns how many could not be watched.
  int watch(const std::set<std::string>& directories);
  /// Takes all events that have arrived; never blocks.
  Events read();

 private:
  explicit Watcher(int fd) : fd_(fd) {}
  void add(const struct ::inotify_event& event, Events& out);

  int fd_;
  std::map<std::string, int> watches_;                // directory to descriptor
  std::map<int, std::set<std::string>> directories_;  // one inode may be reached by two paths
};

}  // namespace gwanmun::control
