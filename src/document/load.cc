// load(): documents, then objects, then what is wrong with each; see load.h.
#include "document/load.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "document/finding.h"
#include "document/judge.h"
#include "document/kinds.h"
#include "document/limits.h"
#include "document/parse.h"

namespace gwanmun::document {
namespace {

std::string label_of(const Object& object) {
  std::string name = object.name.empty() ? "(no name)" : object.name;
  if (object.ns.empty()) return str_cat(object.kind, " ", name);
  return str_cat(object.kind, " ", object.ns, "/", name);
}

std::string_view kind_name(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kBool:
      return "a boolean";
    case Node::Kind::kInteger:
    case Node::Kind::kFloat:
      return "a number";
    case Node::Kind::kString:
      return "a text";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "something else";
}

/// What one document came to, with lines counted from the document's first line.
struct Outcome {
  std::vector<Object> objects;
  Diagnostics diagnostics;
  bool incomplete = false;
};

/// One document on its way to objects.
class DocumentReader {
 public:
  DocumentReader(const std::string& file, Channel channel) : file_(file), channel_(channel) {}

  Outcome run(const Piece& piece) {
    for (Parsed& parsed : parse_piece(piece)) read(std::move(parsed));
    return std::move(out_);
  }

 private:
  void read(Parsed parsed) {
    bool faulty = std::ranges::any_of(
        parsed.faults, [](const Fault& fault) { return fault.severity == Severity::kError; });
    Object object = identify(parsed.node);
    bool identified = !object.kind.empty() && !object.name.empty();
    for (Fault& fault : parsed.faults) {
      report({fault.severity, fault.position, {}, std::move(fault.message), std::move(fault.hint)},
             identified ? label_of(object) : std::string());
    }
    if (faulty) {
      broken(std::move(object), parsed.node);
    } else if (!parsed.node.is_map()) {
      report(
          {Severity::kError,
           parsed.position,
           {},
           str_cat("expected an object with apiVersion and kind, found ", kind_name(parsed.node)),
           {}},
          {});
    } else {
      read_object_or_list(std::move(parsed.node), 0);
    }
  }

  /// A document with faults: its objects are known, as far as it could be read, and not valid.
  void broken(Object object, const Node& root) {
    if (is_list_kind(object.kind) || object.kind.empty() || object.name.empty()) {
      const Node* items = root.find("items");
      for (const Node& item : items == nullptr ? std::vector<Node>() : items->items()) {
        Object inner = identify(item);
        if (!inner.kind.empty() && !inner.name.empty()) broken(std::move(inner), Node());
      }
      out_.incomplete = true;
      return;
    }
    const Kind* kind = kind_of(split_api_version(object.api_version), object.kind);
    if (kind == nullptr) return;
    object.kind = kind->kind;
    object.api_version = join_api_version(kind->group, kind->version);
    if (!kind->namespaced) object.ns.clear();
    object.valid = false;
    out_.objects.push_back(std::move(object));
  }

  static bool is_list_kind(std::string_view kind) {
    return kind.size() > 4 ? kind.ends_with("List") : kind == "List";
  }

  static Object identify(const Node& node) {
    Object object;
    object.api_version = node.text("apiVersion");
    object.kind = node.text("kind");
    object.position = node.position();
    if (const Node* metadata = node.find("metadata")) {
      object.name = metadata->text("name");
      object.ns = metadata->text("namespace");
    }
    if (object.ns.empty()) object.ns = "default";
    return object;
  }

  void read_object_or_list(Node node, int depth) {
    std::string_view kind = node.text("kind");
    const Node* items = node.find("items");
    if (!is_list_kind(kind) || items == nullptr || depth > 0) return read_object(std::move(node));
    for (Node& item : node.find("items")->items()) {
      if (item.is_map()) {
        read_object_or_list(std::move(item), depth + 1);
      } else {
        report({Severity::kError,
                item.position(),
                "items",
                str_cat("expected an object, found ", kind_name(item)),
                {}},
               {});
      }
    }
  }

  void read_object(Node node) {
    Object object = identify(node);
    if (object.kind.empty() || object.api_version.empty()) return no_kind(object, node);
    const Kind* kind = kind_of(split_api_version(object.api_version), object.kind);
    if (kind == nullptr) return stranger(object, node);
    if (!kind->namespaced) object.ns.clear();
    object.kind = kind->kind;
    object.api_version = join_api_version(kind->group, kind->version);
    Findings findings;
    object.valid = judge(node, *kind, channel_, findings);
    for (Finding& finding : findings) report(std::move(finding), label_of(object));
    if (object.name.empty()) return;
    object.node = std::move(node);
    out_.objects.push_back(std::move(object));
  }

  void no_kind(const Object& object, const Node& node) {
    std::string_view missing = object.kind.empty() && object.api_version.empty()
                                   ? "apiVersion and kind are"
                               : object.kind.empty() ? "kind is"
                                                     : "apiVersion is";
    report({Severity::kError,
            node.position(),
            {},
            str_cat(missing, " missing or no text"),
            "every document must be a Kubernetes object; leave other YAML out of this folder"},
           {});
  }

  void stranger(const Object& object, const Node& node) {
    StrangerVerdict verdict = judge_stranger(object.api_version, object.kind);
    Finding finding{Severity::kNote, node.position(), {}, {}, std::move(verdict.hint)};
    std::string what = str_cat(object.kind, " (", object.api_version, ")");
    switch (verdict.what) {
      case Stranger::kIgnored:
        finding.message = str_cat(what, " is not used by Gwanmun and left alone");
        break;
      case Stranger::kNotServed:
        finding.severity = Severity::kWarning;
        finding.message = str_cat(what, " is not supported: what it asks for will not happen");
        break;
      case Stranger::kWrongGroup:
      case Stranger::kWrongKind:
        finding.severity = Severity::kError;
        finding.message = str_cat("there is no kind ", object.kind, " in ", object.api_version);
        break;
    }
    report(std::move(finding), label_of(object));
  }

  void report(Finding finding, std::string object) {
    if (out_.diagnostics.size() >= kMaxFindings && finding.severity != Severity::kError) return;
    out_.diagnostics.push_back({finding.severity, file_, finding.position.line,
                                finding.position.column, std::move(object), std::move(finding.path),
                                std::move(finding.message), std::move(finding.hint)});
  }

  const std::string& file_;
  Channel channel_;
  Outcome out_;
};

}  // namespace

/// What is kept of a document: everything but its tree. Lines count from its first one.
struct Remembered {
  std::vector<Object> objects;
  Diagnostics diagnostics;
  bool incomplete = false;
};

struct LoadCache::State {
  std::size_t most = kMaxCachedDocuments;
  std::unordered_map<std::uint64_t, Remembered> documents;
};

LoadCache::LoadCache() : state_(std::make_unique<State>()) {}
LoadCache::LoadCache(std::size_t most) : LoadCache() { state_->most = most; }
LoadCache::LoadCache(LoadCache&&) noexcept = default;
LoadCache& LoadCache::operator=(LoadCache&&) noexcept = default;
LoadCache::~LoadCache() = default;
void LoadCache::clear() { state_->documents.clear(); }

/// One load() of one file.
class Loader {
 public:
  Loader(const std::string& file, const LoadOptions& options,
         const std::function<void(Object)>& each)
      : file_(file), options_(options), each_(each) {}

  LoadResult run(std::string_view text) {
    if (!readable(text)) return std::move(result_);
    std::vector<Piece> pieces = split_documents(text);
    bool cached = options_.cache != nullptr && pieces.size() <= options_.cache->state_->most;
    if (options_.cache != nullptr && !cached) options_.cache->clear();
    for (const Piece& piece : pieces) {
      if (cached) with_cache(piece);
      else hand_over(DocumentReader(file_, options_.channel).run(piece), fingerprint_of(piece));
    }
    if (cached) options_.cache->state_->documents = std::move(seen_);
    return std::move(result_);
  }

 private:
  bool readable(std::string_view text) {
    std::string_view problem;
    if (text.size() > kMaxFileSize) problem = "the file is too large";
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
      problem = "the file is UTF-16; save it as UTF-8";
    }
    if (problem.empty()) return true;
    result_.diagnostics.push_back(
        {Severity::kError, file_, 1, 1, {}, {}, std::string(problem), {}});
    result_.incomplete = true;
    return false;
  }

  std::uint64_t fingerprint_of(const Piece& piece) const {
    std::uint64_t hash = std::hash<std::string_view>()(piece.text);
    return hash * 31 + static_cast<std::uint64_t>(options_.channel);
  }

  void with_cache(const Piece& piece) {
    std::uint64_t fingerprint = fingerprint_of(piece);
    auto& known = options_.cache->state_->documents;
    if (auto found = known.find(fingerprint); found != known.end()) {
      replay(found->second, piece.first_line);
      seen_.insert(known.extract(found));
      return;
    }
    if (auto twin = seen_.find(fingerprint); twin != seen_.end()) {
      // The same text twice in one file: both are read, so that the second is not taken for known.
      hand_over(DocumentReader(file_, options_.channel).run(piece), fingerprint);
      return;
    }
    Outcome outcome = DocumentReader(file_, options_.channel).run(piece);
    Remembered& memory = seen_[fingerprint];
    for (const Object& object : outcome.objects) {
      memory.objects.push_back({object.api_version, object.kind, object.ns, object.name,
                                relative(object.position, piece.first_line), object.valid, Node(),
                                true, fingerprint});
    }
    memory.diagnostics = outcome.diagnostics;
    for (Diagnostic& diagnostic : memory.diagnostics) diagnostic.line -= piece.first_line;
    memory.incomplete = outcome.incomplete;
    hand_over(std::move(outcome), fingerprint);
  }

  static Position relative(Position position, int first_line) {
    return {position.line - first_line, position.column};
  }

  void replay(const Remembered& memory, int first_line) {
    for (Object object : memory.objects) {
      object.position.line += first_line;
      each_(std::move(object));
    }
    for (Diagnostic diagnostic : memory.diagnostics) {
      diagnostic.line += first_line;
      result_.diagnostics.push_back(std::move(diagnostic));
    }
    result_.incomplete |= memory.incomplete;
  }

  void hand_over(Outcome outcome, std::uint64_t fingerprint) {
    for (Object& object : outcome.objects) {
      object.fingerprint = fingerprint;
      each_(std::move(object));
    }
    std::ranges::move(outcome.diagnostics, std::back_inserter(result_.diagnostics));
    result_.incomplete |= outcome.incomplete;
  }

  const std::string& file_;
  const LoadOptions& options_;
  const std::function<void(Object)>& each_;
  LoadResult result_;
  std::unordered_map<std::uint64_t, Remembered> seen_;
};

LoadResult load(std::string_view text, const std::string& file, const LoadOptions& options,
                const std::function<void(Object)>& each) {
  return Loader(file, options, each).run(text);
}

LoadResult load(std::string_view text, const std::string& file, const LoadOptions& options) {
  std::vector<Object> objects;
  LoadResult result =
      load(text, file, options, [&](Object object) { objects.push_back(std::move(object)); });
  result.objects = std::move(objects);
  return result;
}

}  // namespace gwanmun::document
