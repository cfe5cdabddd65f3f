// walk(): which files a list of paths means. Used by FileSource; reads no file's content.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

struct stat;

namespace gwanmun::control {

/// Tells whether a file may have changed, without reading it. Of the file itself, not of a link.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

struct Walk {
  std::map<std::string, FileStamp> files;  // by path, as a person would write it
  std::set<std::string> directories;       // to watch: every directory that decides about `files`
  std::set<std::string> targets;           // the real files behind links
  std::set<std::string> unreadable;        // paths below which nothing can be said now
  Diagnostics problems;
};

FileStamp stamp_from(const struct ::stat& info);
/// The stamp of a regular file; false when there is none at that path.
bool stamp_of(const std::string& path, FileStamp& stamp);

/// A file's path as it is shown: "dir/name", and "name" in ".".
std::string join_path(const std::string& directory, std::string_view name);

/// Files in directories that are manifests: *.yaml, *.yml, *.json, not hidden. Editors' backups and
/// swap files have other names.
bool is_manifest_name(std::string_view name);

/// Directories are walked recursively, links followed; files are taken whatever their name. "-" is
/// left to the caller. A file that is reached twice counts once.
Walk walk(const std::vector<std::string>& paths);

}  // namespace gwanmun::control
