// See applier.h.
#include "control/source/applier.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gwanmun::control {

FileSource::Applier::Applier(FileSource& source, const std::string& path, File& file)
    : source_(source), path_(source.files_.find(path)->first), file_(file) {
  for (auto& [ref, files] : source_.shadowed_) files.erase(path);
  std::erase_if(source_.shadowed_, [](const auto& item) { return item.second.empty(); });
}

void FileSource::Applier::report(const document::Object& object, std::string message,
                                 std::string hint) {
  diagnostics_.push_back(
      {.file = path_,
       .line = object.position.line,
       .column = object.position.column,
       .object = api::to_string(api::ObjectRef{object.kind, object.ns, object.name}),
       .path = {},
       .message = std::move(message),
       .hint = std::move(hint)});
}

void FileSource::Applier::take(document::Object object) {
  api::ObjectRef ref{object.kind, object.ns, object.name};
  if (ref.name.empty()) unnamed_ |= !object.valid;
  if (ref.name.empty()) return;
  if (!seen_.insert(ref).second)
    return report(object, "is defined twice in this file; the first one is used",
                  "remove one of the two, or rename it");
  auto entry = source_.entries_.find(ref);
  bool known = entry != source_.entries_.end();
  bool ours = known && entry->second.file == &path_;
  if (!object.valid) {
    if (ours) {
      keep(entry);
      entry->second.fingerprint = 0;
    }
    return;
  }
  if (known && !ours && !claim(entry, object)) return;
  if (ours) entry->second.position = object.position;
  if (ours && entry->second.fingerprint == object.fingerprint && object.fingerprint != 0) {
    objects_.push_back(entry);
    return;
  }
  if (object.unchanged) {  // ... since another version than the one that is served
    source_.reload_.insert(path_);
    if (ours) objects_.push_back(entry);
    return;
  }
  serve(entry, std::move(ref), object);
}

/// Two files define the same object: the first by name wins, so that a restart changes nothing; a
/// file that is gone (renamed, most likely) loses without a word.
bool FileSource::Applier::claim(Entries::iterator owned, const document::Object& object) {
  const std::string& owner = *owned->second.file;
  bool owner_gone = source_.missing_.contains(owner);
  if (!owner_gone && owner < path_) {
    source_.shadowed_[owned->first][path_] = object.position;
    source_.changed_ = true;
    return false;
  }
  if (!owner_gone) source_.shadowed_[owned->first][owner] = owned->second.position;
  std::erase(source_.files_.at(owner).objects, owned);
  return true;
}

void FileSource::Applier::keep(Entries::iterator entry) {
  objects_.push_back(entry);
  diagnostics_.push_back({.severity = Severity::kNote,
                          .file = path_,
                          .line = entry->second.position.line,
                          .object = api::to_string(entry->first),
                          .path = {},
                          .message = "its last good version keeps serving",
                          .hint = {}});
}

void FileSource::Applier::serve(Entries::iterator entry, api::ObjectRef ref,
                                document::Object& object) {
  bool ours = entry != source_.entries_.end() && entry->second.file == &path_;
  auto decoded = api::decode(object.node);
  if (!decoded) {
    report(object, decoded.error().message, {});
    if (ours) keep(entry);
    return;
  }
  if (api::put(source_.resources_, *std::move(decoded))) source_.changed_ = true;
  if (entry == source_.entries_.end()) entry = source_.entries_.try_emplace(std::move(ref)).first;
  entry->second.file = &path_;
  entry->second.position = object.position;
  entry->second.fingerprint = object.fingerprint;
  if (source_.options_.keep_nodes)
    entry->second.node = std::make_unique<document::Node>(std::move(object.node));
  objects_.push_back(entry);
}

void FileSource::Applier::finish(document::LoadResult result) {
  // Where there is an error, what is missing may be what the broken part was meant to be.
  bool incomplete =
      result.incomplete || unnamed_ || std::ranges::any_of(result.diagnostics, [](const auto& d) {
        return d.severity == Severity::kError;
      });
  auto former = std::exchange(file_.objects, {});
  for (auto entry : former) {
    if (seen_.contains(entry->first)) continue;
    if (incomplete) keep(entry);
    else source_.erase(entry);
  }
  file_.objects = std::move(objects_);
  if (!file_.diagnostics.empty() || !result.diagnostics.empty() || !diagnostics_.empty())
    source_.changed_ = true;
  file_.diagnostics = std::move(result.diagnostics);
  file_.diagnostics.insert(file_.diagnostics.end(), diagnostics_.begin(), diagnostics_.end());
}

document::Position position_of(const document::Node& root, std::string_view path) {
  const document::Node* at = &root;
  document::Position position = root.position();
  while (!path.empty() && at != nullptr) {
    if (path[0] == '.') path.remove_prefix(1);
    if (path.starts_with('[')) {
      auto close = path.find(']');
      auto index = parse_uint(path.substr(1, close == path.npos ? path.npos : close - 1));
      if (!index || *index >= at->items().size()) break;
      at = &at->items()[*index];
      if (at->position().line != 0) position = at->position();
      path.remove_prefix(close + 1);
      continue;
    }
    auto key = path.substr(0, path.find_first_of(".["));
    path.remove_prefix(key.size());
    auto member = std::ranges::find(at->members(), key, &document::Node::Member::key);
    if (member == at->members().end()) break;
    if (member->position.line != 0) position = member->position;
    at = &member->value;
  }
  return position;
}

}  // namespace gwanmun::control
