// See walk.h.
#include "control/source/walk.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "control/source/limits.h"

namespace gwanmun::control {

namespace {

std::int64_t to_ns(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

std::string parent_of(const std::string& path) {
  auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

class Walker {
 public:
  Walk result;

  void path(const std::string& path) {
    struct stat info;
    result.directories.insert(parent_of(path));  // the path itself may be replaced
    if (::stat(path.c_str(), &info) != 0) return problem(path, std::strerror(errno));
    if (S_ISDIR(info.st_mode)) directory(path, info, 0);
    else if (S_ISREG(info.st_mode)) file(path, info);
    else problem(path, "is neither a file nor a directory");
  }

 private:
  void problem(const std::string& path, std::string_view why) {
    result.unreadable.insert(path);
    result.problems.push_back({.file = path, .message = std::string(why), .hint = {}});
  }

  void file(const std::string& path, const struct ::stat& info) {
    if (!seen_.emplace(info.st_dev, info.st_ino).second) return;
    if (result.files.size() >= kMaxFiles)
      return problem(path, str_cat("more than ", kMaxFiles, " files"));
    result.files.emplace(path, stamp_from(info));
    follow_link(path);
  }

  /// What a link points to changes in another directory, which must be watched as well.
  void follow_link(const std::string& path) {
    struct stat link;
    if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return;
    std::error_code failed;
    auto real = std::filesystem::canonical(path, failed);
    if (failed) return;
    result.directories.insert(real.parent_path().string());
    result.targets.insert(real.string());
  }

  void directory(const std::string& path, const struct ::stat& info, int depth) {
    if (!seen_.emplace(info.st_dev, info.st_ino).second) return;
    if (depth > kMaxDirectoryDepth)
      return problem(path, str_cat("directories nest deeper than ", kMaxDirectoryDepth));
    DIR* open = ::opendir(path.c_str());
    if (open == nullptr) return problem(path, std::strerror(errno));
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(open)) names.emplace_back(entry->d_name);
    ::closedir(open);
    std::ranges::sort(names);
    result.directories.insert(path);
    for (const auto& name : names) {
      if (name.starts_with('.')) continue;
      entry(join_path(path, name), name, depth);
    }
  }

  void entry(const std::string& path, std::string_view name, int depth) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) {
      // A manifest that is a dangling link is a mistake; one that vanished just now is not.
      if (is_manifest_name(name) && ::lstat(path.c_str(), &info) == 0)
        problem(path, "a link to a file that does not exist");
      return;
    }
    if (S_ISDIR(info.st_mode)) directory(path, info, depth + 1);
    else if (S_ISREG(info.st_mode) && is_manifest_name(name)) file(path, info);
  }

  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

FileStamp stamp_from(const struct ::stat& info) {
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), to_ns(info.st_mtim),
          to_ns(info.st_ctim)};
}

bool stamp_of(const std::string& path, FileStamp& stamp) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  stamp = stamp_from(info);
  return true;
}

std::string join_path(const std::string& directory, std::string_view name) {
  if (directory == ".") return std::string(name);
  return str_cat(directory, directory.ends_with('/') ? "" : "/", name);
}

bool is_manifest_name(std::string_view name) {
  if (name.starts_with('.')) return false;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

Walk walk(const std::vector<std::string>& paths) {
  Walker walker;
  for (const auto& path : paths)
    if (path != "-") walker.path(path);
  return std::move(walker.result);
}

}  // namespace gwanmun::control
