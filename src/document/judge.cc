// One object's way through the checks; see judge.h.
#include "document/judge.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/text.h"
#include "document/formats.h"
#include "document/schema.h"
#include "document/upgrade.h"

namespace gwanmun::document {
namespace {

bool has_error(const Findings& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::kError; });
}

std::string_view channel_name(Channel channel) {
  return channel == Channel::kStandard ? "standard" : "experimental";
}

/// What is known about one version of a kind in a channel.
struct Versions {
  const Schema* schema = nullptr;
  bool served = false;
  std::string_view deprecation;
  std::string others;  // the served ones, for messages
};

Versions look_up(Channel channel, std::string_view group, std::string_view version,
                 std::string_view kind) {
  Versions out;
  for (const SchemaVersion& known : schema_versions(channel)) {
    if (known.group != group || known.kind != kind) continue;
    if (known.served) out.others += str_cat(out.others.empty() ? "" : ", ", known.version);
    if (known.version != version) continue;
    out.served = known.served;
    out.deprecation = known.deprecation;
    out.schema = find_schema(channel, group, version, kind);
  }
  return out;
}

class Judge {
 public:
  Judge(Node& object, const Kind& kind, Channel channel, Findings& findings)
      : object_(object), kind_(kind), channel_(channel), findings_(findings) {}

  bool run() {
    const Schema* schema = choose_schema();
    if (schema == nullptr) return false;
    object_.erase("status");
    check_metadata();
    if (has_error(findings_)) check_all_but_metadata(*schema);
    else check(*schema, object_, {}, findings_);
    if (has_error(findings_)) return false;
    upgrade(object_, kind_, version_, findings_);
    finish();
    return true;
  }

 private:
  void report(Severity severity, const Node& where, std::string path, std::string message,
              std::string hint = {}) {
    findings_.push_back(
        {severity, where.position(), std::move(path), std::move(message), std::move(hint)});
  }

  /// The schema of the version the object is written in; says so when that version is old.
  const Schema* choose_schema() {
    const Node& api_version = *object_.find("apiVersion");
    GroupVersion given = split_api_version(api_version.as_string());
    std::string name(object_.text("kind"));
    version_ = given.version;
    std::string write = str_cat("write apiVersion: ", join_api_version(kind_.group, kind_.version));
    Versions versions = look_up(channel_, given.group, given.version, name);
    if (versions.schema != nullptr) {
      if (!versions.served) refused_elsewhere(api_version, name, write);
      else if (!versions.deprecation.empty()) {
        report(Severity::kNote, api_version, "apiVersion", std::string(versions.deprecation),
               write);
      }
      return versions.schema;
    }
    if (find_old_version(given.group, given.version, name) != nullptr) {
      refused_elsewhere(api_version, name, write);
      upgrade(object_, kind_, version_, findings_);
      version_ = kind_.version;
      return find_schema(channel_, kind_.group, kind_.version, kind_.kind);
    }
    if (versions.others.empty()) {
      report(
          Severity::kError, api_version, "kind",
          str_cat(name, " is not in the ", channel_name(channel_), " channel of the Gateway API"),
          "it is in the experimental channel");
    } else {
      report(Severity::kError, api_version, "apiVersion",
             str_cat("there is no version ", given.version, " of ", name,
                     "; served: ", versions.others),
             write);
    }
    return nullptr;
  }

  void refused_elsewhere(const Node& api_version, std::string_view name, const std::string& write) {
    report(Severity::kWarning, api_version, "apiVersion",
           str_cat(name, " ", version_, " is not served by the ", channel_name(channel_),
                   " channel any more, a cluster would refuse it; read as ", kind_.kind, " ",
                   kind_.version),
           write);
  }

  void check_metadata() {
    Node* metadata = object_.find("metadata");
    if (metadata == nullptr || !metadata->is_map()) {
      report(Severity::kError, metadata == nullptr ? object_ : *metadata, "metadata.name",
             "Required value: metadata with a name is required");
      return;
    }
    check(metadata_schema(), *metadata, "metadata", findings_);
    const Node* name = metadata->find("name");
    if (name == nullptr || name->as_string().empty()) {
      report(Severity::kError, *metadata, "metadata.name", "Required value: name is required");
    } else if (name->is_string() && !is_dns_subdomain(name->as_string())) {
      std::string lower = to_lower(name->as_string());
      std::ranges::replace(lower, '_', '-');
      report(Severity::kError, *name, "metadata.name",
             str_cat("Invalid value: \"", name->as_string(),
                     "\": a name is lower-case letters, digits, '-' and '.', starting and ending "
                     "with a letter or digit"),
             is_dns_subdomain(lower) ? str_cat("for example \"", lower, "\"") : std::string());
    }
    if (const Node* ns = metadata->find("namespace");
        ns != nullptr && !kind_.namespaced && !ns->as_string().empty()) {
      report(Severity::kError, *ns, "metadata.namespace",
             str_cat("a ", kind_.kind, " belongs to no namespace"), "remove the field");
    }
  }

  /// Rules about the whole object may read metadata.name; with broken metadata only the rest is
  /// judged.
  void check_all_but_metadata(const Schema& schema) {
    for (const Schema::Property& property : schema.properties) {
      Node* value = object_.find(property.name);
      if (value == nullptr || property.name == "metadata") continue;
      check(property.schema, *value, property.name, findings_);
    }
  }

  void finish() {
    Node& metadata = *object_.find("metadata");
    if (!kind_.namespaced) metadata.erase("namespace");
    else if (metadata.text("namespace").empty()) metadata.set("namespace", Node::string("default"));
    if (kind_.kind == "Secret") merge_string_data();
  }

  /// As the API server: stringData is written into data and wins there.
  void merge_string_data() {
    Node* text = object_.find("stringData");
    if (text == nullptr) return;
    if (object_.find("data") == nullptr) object_.set("data", Node::map());
    text = object_.find("stringData");
    Node& data = *object_.find("data");
    for (const Node::Member& member : text->members()) {
      data.set(member.key, Node::string(to_base64(member.value.as_string())))
          .set_position(member.value.position());
    }
    object_.erase("stringData");
  }

  Node& object_;
  const Kind& kind_;
  Channel channel_;
  Findings& findings_;
  std::string version_;
};

}  // namespace

const Kind* kind_of(const GroupVersion& given, std::string_view kind) {
  if (const Kind* known = find_kind(given.group, kind)) return known;
  const OldVersion* old = find_old_version(given.group, given.version, kind);
  return old == nullptr ? nullptr : old->now;
}

bool judge(Node& object, const Kind& kind, Channel channel, Findings& findings) {
  return Judge(object, kind, channel, findings).run();
}

}  // namespace gwanmun::document
