// FileSource: manifests in files, kept up to date: paths in, api::ResourceSet out. Used by
// control/loop and by the commands that look once. Never judges what the objects mean together:
// that is translate's.
//
// What is served never gets worse by a damaged file: an object that became invalid, or may be in a
// part that cannot be parsed, keeps its last good version, and so does every object of a file that
// cannot be read. An object is gone when a readable file without errors no longer has it.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/resource_set.h"
#include "base/diagnostic.h"
#include "base/result.h"
#include "control/source/walk.h"
#include "control/source/watcher.h"
#include "document/load.h"

namespace gwanmun::control {

struct FileOptions {
  std::vector<std::string> paths;  // directories, files, "-" for standard input (read once)
  document::Channel channel = document::Channel::kExperimental;
  bool watch = false;
  /// Keep the objects' trees, so that place_of() finds fields (check; costs memory).
  bool keep_nodes = false;
};

/// Where an object or one of its fields is written.
struct Place {
  std::string file;
  document::Position position;
};

class FileSource {
 public:
  /// Fails when the system gives no way to watch files; with `watch` only.
  static Result<std::unique_ptr<FileSource>> create(FileOptions options);
  ~FileSource();

  /// Looks at what may have changed since the last call (the first time: at everything). True when
  /// resources() or diagnostics() changed.
  bool refresh();
  /// Waits until refresh() is worth calling. False: `stop_fd` became readable. Needs `watch`.
  bool wait(int stop_fd);

  const api::ResourceSet& resources() const { return resources_; }
  /// Everything there is to say about the files as they are now, in file and line order.
  Diagnostics diagnostics() const;
  /// The field's place when nodes are kept and the path is found, else its nearest parent's, else
  /// the object's; nothing when no file has the object.
  std::optional<Place> place_of(const api::ObjectRef& object, std::string_view path = "") const;
  /// The object's manifest after defaults and upgrades; null unless nodes are kept.
  const document::Node* node_of(const api::ObjectRef& object) const;
  std::size_t file_count() const;

 private:
  struct File;
  struct Entry;
  class Applier;
  using Entries = std::map<api::ObjectRef, Entry>;
  using Times = std::map<std::string, std::uint64_t>;

  explicit FileSource(FileOptions options);
  void note(const Watcher::Events& events);
  bool may_matter(const std::string& path) const;
  void scan();
  void walk_and_watch();
  void look_at(const std::string& path);
  void read(const std::string& path, File& file);
  void parse(const std::string& path, File& file, std::string_view text);
  void missing(const std::string& path);
  void settle_due_files();
  void forget(const std::string& path);
  void erase(Entries::iterator entry);
  bool under_unreadable(const std::string& path) const;
  std::uint64_t next_deadline() const;

  FileOptions options_;
  std::unique_ptr<Watcher> watcher_;
  api::ResourceSet resources_;
  Entries entries_;
  std::map<std::string, File> files_;
  /// Objects that another file gave first: the file that came too late, and where.
  std::map<api::ObjectRef, std::map<std::string, document::Position>> shadowed_;
  std::set<std::string> reload_;  // files whose shadowed object's turn it is
  Walk walk_;
  Watcher::Events pending_;
  Times writing_;  // files open for writing: when last written to
  Times missing_;  // known files that vanished or were emptied: when
  std::uint64_t rescan_at_ = 0;
  bool changed_ = false;
};

}  // namespace gwanmun::control
