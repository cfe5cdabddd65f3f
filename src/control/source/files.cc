// See files.h. The order of things: wait() collects events, refresh() turns them into files to look
// at, look_at() and read() decide about a file, parse() hands its objects to the Applier
// (applier.cc).
#include "control/source/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "control/source/applier.h"
#include "control/source/limits.h"

namespace gwanmun::control {

namespace {

constexpr std::string_view kStandardInput = "<stdin>";
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

/// Closes what it opened.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd > STDIN_FILENO) ::close(fd);
  }
};

/// 0 or errno.
int read_all(int fd, std::string& text) {
  char buffer[64 * 1024];
  for (;;) {
    auto size = ::read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    if (size == 0) return 0;
    if (text.size() + static_cast<std::size_t>(size) > kMaxFileBytes) return EFBIG;
    text.append(buffer, static_cast<std::size_t>(size));
  }
}

/// What a link leads to vanished: a mistake, not a removal.
bool is_dangling_link(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

/// A second write within the clock's resolution leaves the same stamp.
bool is_racy(const FileStamp& stamp) {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  auto age = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec - stamp.modified_ns;
  return age < static_cast<std::int64_t>(kRacyNs);
}

}  // namespace

FileSource::FileSource(FileOptions options) : options_(std::move(options)) {}
FileSource::~FileSource() = default;

Result<std::unique_ptr<FileSource>> FileSource::create(FileOptions options) {
  std::unique_ptr<FileSource> source(new FileSource(std::move(options)));
  if (source->options_.watch) {
    GW_TRY(source->watcher_, Watcher::create());
  }
  return source;
}

std::size_t FileSource::file_count() const { return files_.size(); }

// ---- when to look ----

void FileSource::note(const Watcher::Events& events) {
  pending_.rescan |= events.rescan;
  for (const auto& path : events.changed) {
    pending_.changed.insert(path);
    writing_.erase(path);
  }
  for (const auto& path : events.writing) {
    pending_.changed.erase(path);
    writing_[path] = now_ms();
  }
}

std::uint64_t FileSource::next_deadline() const {
  std::uint64_t deadline = rescan_at_;
  for (const auto& [path, since] : writing_) deadline = std::min(deadline, since + kWritingMs);
  for (const auto& [path, since] : missing_) deadline = std::min(deadline, since + kMissingMs);
  return deadline;
}

bool FileSource::wait(int stop_fd) {
  std::uint64_t batch_end = kNever;  // set by the first event that matters
  for (;;) {
    std::uint64_t now = now_ms();
    bool batching = batch_end != kNever;
    std::uint64_t until = batching ? std::min(batch_end, now + kQuietMs) : next_deadline();
    if (until <= now) return true;
    pollfd fds[] = {{stop_fd, POLLIN, 0}, {watcher_->fd(), POLLIN, 0}};
    int ready = ::poll(fds, 2, static_cast<int>(until - now));
    if (fds[0].revents != 0) return false;
    if (ready <= 0 && (batching || ready == 0)) return true;
    if (fds[1].revents == 0) continue;
    note(watcher_->read());
    bool matters = pending_.rescan || !pending_.changed.empty();
    if (matters && !batching) batch_end = now_ms() + kMaxBatchMs;
  }
}

bool FileSource::refresh() {
  if (watcher_) note(watcher_->read());
  Watcher::Events events = std::exchange(pending_, {});
  if (rescan_at_ == 0 || events.rescan || now_ms() >= rescan_at_) scan();
  for (const auto& path : events.changed) {
    if (files_.contains(path)) look_at(path);
    else if (!events.rescan && may_matter(path)) events.rescan = true, scan();
  }
  settle_due_files();
  while (!reload_.empty()) {
    std::string path = *reload_.begin();
    reload_.erase(reload_.begin());
    auto file = files_.find(path);
    if (file == files_.end()) continue;
    file->second.forget_text();
    read(path, file->second);
  }
  return std::exchange(changed_, false);
}

/// A path that is not known: a new manifest, the target of a link, or a link to a directory are
/// for a scan; the temporary files of editors and tools are not.
bool FileSource::may_matter(const std::string& path) const {
  std::string_view name = path;
  name.remove_prefix(name.rfind('/') + 1);
  struct stat info;
  return is_manifest_name(name) || walk_.targets.contains(path) ||
         walk_.directories.contains(path) ||
         (::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));
}

// ---- which files ----

void FileSource::walk_and_watch() {
  Walk before = std::move(walk_);
  walk_ = walk(options_.paths);
  if (watcher_) watcher_->watch(walk_.directories);
  // What changed between walking a new directory and watching it gave no event.
  if (watcher_ && walk_.directories != before.directories) walk_ = walk(options_.paths);
  if (!before.problems.empty() || !walk_.problems.empty()) changed_ = true;
}

void FileSource::scan() {
  bool first = rescan_at_ == 0;
  rescan_at_ = now_ms() + kRescanMs;
  walk_and_watch();
  for (const auto& [path, stamp] : walk_.files) {
    auto [file, is_new] = files_.try_emplace(path);
    if (writing_.contains(path) && !is_new) continue;
    if (is_new || file->second.racy || file->second.stamp != stamp) look_at(path);
  }
  for (auto& [path, file] : files_)
    if (path != kStandardInput && !walk_.files.contains(path) && !under_unreadable(path))
      missing(path);
  if (first && std::ranges::find(options_.paths, "-") != options_.paths.end()) {
    std::string name(kStandardInput);
    read(name, files_[name]);
  }
}

bool FileSource::under_unreadable(const std::string& path) const {
  return std::ranges::any_of(walk_.unreadable, [&](const std::string& bad) {
    return path == bad || (path.starts_with(bad) && path[bad.size()] == '/');
  });
}

// ---- one file ----

void FileSource::look_at(const std::string& path) {
  auto file = files_.find(path);
  if (file == files_.end() || writing_.contains(path)) return;
  read(path, file->second);
}

void FileSource::read(const std::string& path, File& file) {
  bool standard_input = path == kStandardInput;
  Descriptor open{standard_input ? STDIN_FILENO
                                 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  int error = open.fd < 0 ? errno : 0;
  if (error == ENOENT && !is_dangling_link(path)) return missing(path);
  std::string text;
  if (error == 0) {
    struct stat info;
    if (::fstat(open.fd, &info) == 0) {
      file.stamp = stamp_from(info);
      file.racy = is_racy(file.stamp);
    }
    error = read_all(open.fd, text);
  }
  if (error != 0) {
    std::string_view kept = file.objects.empty() ? "" : "; its last good version keeps serving";
    file.diagnostics = {{.file = path,
                         .message = str_cat("cannot be read: ", std::strerror(error), kept),
                         .hint = {}}};
    file.text_hash = 0;
    changed_ = true;
    return;
  }
  std::size_t hash = std::hash<std::string>{}(text) | 1;  // 0: nothing read yet
  bool same = file.text_hash == hash;
  if (same && !missing_.contains(path)) return;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos && !file.objects.empty())
    return missing(path);
  missing_.erase(path);
  if (same) return;
  file.text_hash = hash;
  parse(path, file, text);
}

void FileSource::parse(const std::string& path, File& file, std::string_view text) {
  document::LoadOptions load{.channel = options_.channel};
  if (watcher_ && text.size() > kCacheBytes) {
    if (!file.cache) file.cache = std::make_unique<document::LoadCache>();
    load.cache = file.cache.get();
  } else {
    file.cache.reset();
  }
  Applier applier(*this, path, file);
  auto result = document::load(text, path, load,
                               [&](document::Object object) { applier.take(std::move(object)); });
  applier.finish(std::move(result));
}

/// It may come back at once; until that is settled its objects stay.
void FileSource::missing(const std::string& path) {
  if (watcher_) missing_.try_emplace(path, now_ms());
  else forget(path);
}

void FileSource::settle_due_files() {
  std::uint64_t now = now_ms();
  auto take_due = [now](Times& times, std::uint64_t after) {
    std::vector<std::string> due;
    for (const auto& [path, since] : times)
      if (since + after <= now) due.push_back(path);
    for (const auto& path : due) times.erase(path);
    return due;
  };
  for (const auto& path : take_due(writing_, kWritingMs)) look_at(path);
  for (const auto& path : take_due(missing_, kMissingMs)) forget(path);
}

/// The file has no objects any more, or is no more.
void FileSource::forget(const std::string& path) {
  auto found = files_.find(path);
  if (found == files_.end()) return;
  auto objects = std::exchange(found->second.objects, {});
  for (auto entry : objects) erase(entry);
  for (auto& [ref, files] : shadowed_) files.erase(path);
  std::erase_if(shadowed_, [](const auto& item) { return item.second.empty(); });
  FileStamp stamp;
  if (stamp_of(path, stamp)) found->second = File{.stamp = stamp};  // there, but empty
  else files_.erase(found);
  changed_ = true;
}

/// The caller takes it off its file's list.
void FileSource::erase(Entries::iterator entry) {
  auto shadow = shadowed_.find(entry->first);
  if (shadow != shadowed_.end()) {
    for (const auto& [path, position] : shadow->second) reload_.insert(path);
    shadowed_.erase(shadow);
  }
  api::remove(resources_, entry->first);
  entries_.erase(entry);
  changed_ = true;
}

// ---- what there is to say ----

Diagnostics FileSource::diagnostics() const {
  Diagnostics out = walk_.problems;
  for (const auto& [path, file] : files_)
    out.insert(out.end(), file.diagnostics.begin(), file.diagnostics.end());
  for (const auto& [ref, files] : shadowed_) {
    const auto& winner = entries_.at(ref);
    for (const auto& [path, position] : files)
      out.push_back({.file = path,
                     .line = position.line,
                     .column = position.column,
                     .object = api::to_string(ref),
                     .path = {},
                     .message = str_cat("is already defined at ", *winner.file, ":",
                                        winner.position.line, "; this one is not used"),
                     .hint = "remove one of the two, or rename it"});
  }
  std::ranges::sort(out, {}, [](const Diagnostic& d) {
    return std::tie(d.file, d.line, d.column, d.severity, d.path, d.message);
  });
  return out;
}

const document::Node* FileSource::node_of(const api::ObjectRef& object) const {
  auto entry = entries_.find(object);
  return entry == entries_.end() ? nullptr : entry->second.node.get();
}

std::optional<Place> FileSource::place_of(const api::ObjectRef& object,
                                          std::string_view path) const {
  auto entry = entries_.find(object);
  if (entry == entries_.end()) return std::nullopt;
  Place place{*entry->second.file, entry->second.position};
  if (entry->second.node) {
    auto position = position_of(*entry->second.node, path);
    if (position.line != 0) place.position = position;
  }
  return place;
}

}  // namespace gwanmun::control
