// Inside of FileSource: its files and entries, and the Applier, which turns one reading of a file
// into changes of the resource set. Included by files.cc and applier.cc only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/source/files.h"

namespace gwanmun::control {

/// An object that is served, whichever reading of its file it came from.
struct FileSource::Entry {
  const std::string* file = nullptr;  // a key of files_
  document::Position position;
  std::uint64_t fingerprint = 0;
  std::unique_ptr<document::Node> node;  // with keep_nodes
};

struct FileSource::File {
  FileStamp stamp;
  bool racy = false;
  std::size_t text_hash = 0;
  std::unique_ptr<document::LoadCache> cache = nullptr;
  Diagnostics diagnostics = {};
  std::vector<Entries::iterator> objects = {};

  /// The next reading parses everything.
  void forget_text() {
    text_hash = 0;
    if (cache) cache->clear();
  }
};

class FileSource::Applier {
 public:
  Applier(FileSource& source, const std::string& path, File& file);
  /// Every object of the text, in order.
  void take(document::Object object);
  /// What is left of the file's former objects is kept or goes.
  void finish(document::LoadResult result);

 private:
  bool claim(Entries::iterator owned, const document::Object& object);
  void keep(Entries::iterator entry);
  void serve(Entries::iterator entry, api::ObjectRef ref, document::Object& object);
  void report(const document::Object& object, std::string message, std::string hint);

  FileSource& source_;
  const std::string& path_;  // the key in files_
  File& file_;
  std::set<api::ObjectRef> seen_;
  std::vector<Entries::iterator> objects_;  // what the file has from now on
  Diagnostics diagnostics_;
  bool unnamed_ = false;  // an invalid object without a name: anything may be meant
};

/// The place of a field such as "spec.rules[0].name", or of its nearest parent that exists.
document::Position position_of(const document::Node& root, std::string_view path);

}  // namespace gwanmun::control
