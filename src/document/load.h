// load(): the text of a file in, checked objects and findings out. The one entry point of
// document/ for callers (control/source, cli): parses, upgrades old versions, applies defaults and
// judges schema and CEL rules as the API server would. Reads no files, logs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "document/node.h"

namespace gwanmun::document {

/// Which CRDs judge: the Gateway API's standard channel, or the experimental one (a superset).
enum class Channel { kStandard, kExperimental };

/// One Kubernetes object of a kind this program uses; others end in a diagnostic.
struct Object {
  /// After upgrading: "gateway.networking.k8s.io/v1", "v1", "discovery.k8s.io/v1".
  std::string api_version;
  std::string kind;
  /// Empty for kinds without one; `default` where the manifest names none.
  std::string ns;
  std::string name;
  Position position;
  /// False: an error diagnostic says why; `node` is what could be read and must not be served
  /// (the last good version of this object is to keep serving).
  bool valid = true;
  /// Defaulted and upgraded; metadata.namespace and name are set, `status` is left out. Null for a
  /// document broken before its end, and for an unchanged one.
  Node node;
  /// With LoadOptions::cache only: the same text gave the same object in an earlier load() of this
  /// cache, so `node` is left empty; keep what was made of it (by kind, namespace and name).
  bool unchanged = false;
  /// Of the text it came from: equal fingerprints of one load history mean equal objects.
  std::uint64_t fingerprint = 0;
};

/// Remembers documents by their text, so that a file of 5,000 routes is re-read at the cost of
/// the documents that changed. One for each file; not thread-safe.
class LoadCache {
 public:
  LoadCache();
  /// Remembers at most so many documents; a file with more is read in full each time.
  explicit LoadCache(std::size_t most);
  LoadCache(LoadCache&&) noexcept;
  LoadCache& operator=(LoadCache&&) noexcept;
  ~LoadCache();
  /// The next load() gives every object in full.
  void clear();

 private:
  friend class Loader;
  struct State;
  std::unique_ptr<State> state_;
};

struct LoadOptions {
  Channel channel = Channel::kExperimental;
  LoadCache* cache = nullptr;
};

struct LoadResult {
  std::vector<Object> objects;
  Diagnostics diagnostics;
  /// A document was so broken that not even its kind and name are known: an object missing from
  /// `objects` may be in there, and must not be taken for deleted.
  bool incomplete = false;
};

/// `file` is only for diagnostics. Never fails as a whole: a broken document costs its own objects.
/// Objects keep the file's order; items of a `kind: List` are objects of their own.
LoadResult load(std::string_view text, const std::string& file, const LoadOptions& options = {});

/// The same, handing each object over as soon as it is complete: at no time is more than one
/// document's tree in memory. Returns everything but the objects.
LoadResult load(std::string_view text, const std::string& file, const LoadOptions& options,
                const std::function<void(Object)>& each);

}  // namespace gwanmun::document
