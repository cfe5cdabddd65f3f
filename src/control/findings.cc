// See findings.h.
#include "control/findings.h"

#include <algorithm>
#include <tuple>
#include <variant>

#include "base/text.h"
#include "control/status/condition.h"

namespace gwanmun::control {

namespace {

class Collector {
 public:
  Collector(const FileSource& source, const translate::Translation& result)
      : source_(source), resources_(source.resources()), result_(result) {}

  Diagnostics collect() {
    Diagnostics out = source_.diagnostics();
    found_ = &out;
    for (const auto& warning : result_.warnings) {
      out.push_back(warning);
      locate(out.back());
    }
    for (const auto& ignored : result_.ignored)
      add({"Gateway", ignored.gateway.ns, ignored.gateway.name}, "spec.gatewayClassName",
          str_cat("is ignored: ", ignored.reason),
          "use a GatewayClass of this controller (\"gwanmun\" always exists), or take that class "
          "over with --controller-name");
    for (const auto& [ref, status] : result_.statuses) {
      subject_ = ref;
      std::visit([this](const auto& s) { judge(s); }, *status);
    }
    unattached<api::HTTPRoute>();
    unattached<api::GRPCRoute>();
    unattached<api::TLSRoute>();
    unattached<api::TCPRoute>();
    unattached<api::UDPRoute>();
    return out;
  }

 private:
  void locate(Diagnostic& d) {
    auto subject = parse_object(d.object);
    if (!d.file.empty() || !subject) return;
    if (auto place = source_.place_of(*subject, d.path)) {
      d.file = place->file;
      d.line = place->position.line;
      d.column = place->position.column;
    }
  }

  /// "HTTPRoute shop/orders" back to its parts.
  static std::optional<api::ObjectRef> parse_object(std::string_view object) {
    auto space = object.find(' ');
    if (space == object.npos) return std::nullopt;
    std::string kind(object.substr(0, space));
    object.remove_prefix(space + 1);
    auto slash = object.find('/');
    if (slash == object.npos) return api::ObjectRef{kind, "", std::string(object)};
    return api::ObjectRef{kind, std::string(object.substr(0, slash)),
                          std::string(object.substr(slash + 1))};
  }

  void add(const api::ObjectRef& object, std::string path, std::string message,
           std::string hint = {}) {
    Diagnostic d{.object = api::to_string(object),
                 .path = std::move(path),
                 .message = std::move(message),
                 .hint = std::move(hint)};
    locate(d);
    found_->push_back(std::move(d));
  }

  /// One finding for each condition that is not as it should be. Returns how many.
  int judge(const api::Conditions& conditions, const std::string& path) {
    int bad = 0;
    for (const auto& condition : conditions) {
      if (is_good(condition)) continue;
      // Not programmed is what follows from anything else that is wrong, not a finding of its own.
      if (condition.type == "Programmed" && (bad > 0 || !api_accepted(conditions))) continue;
      ++bad;
      add_parts(condition, path);
    }
    return bad;
  }

  /// A message may name several fields, "spec.a: this; spec.b: that": each is a finding, in its
  /// place.
  void add_parts(const api::Condition& condition, const std::string& path) {
    std::string what = str_cat(condition.type, "=", condition.status, " ", condition.reason, ": ");
    std::string_view rest = condition.message;
    constexpr std::string_view kDropped = "Dropped Rule: ";  // the API asks for this beginning
    if (rest.starts_with(kDropped)) rest.remove_prefix(kDropped.size());
    while (!rest.empty()) {
      auto part = rest.substr(0, rest.find("; spec."));
      rest.remove_prefix(std::min(rest.size(), part.size() + 2));
      auto colon = part.find(": ");
      bool names_field = part.starts_with("spec.") && part.substr(0, colon).find(' ') == part.npos;
      if (!names_field || colon == part.npos) add(subject_, path, what + std::string(part));
      else add(subject_, std::string(part.substr(0, colon)), str_cat(what, part.substr(colon + 2)));
    }
    if (condition.message.empty()) add(subject_, path, what);
  }

  static bool api_accepted(const api::Conditions& conditions) {
    const auto* accepted = api::find(conditions, "Accepted");
    return accepted == nullptr || accepted->is_true();
  }

  int judge_listeners(const std::vector<api::ListenerStatus>& statuses,
                      const std::vector<api::Listener>* listeners) {
    int bad = 0;
    for (const auto& status : statuses) {
      std::string path = "spec.listeners";
      for (std::size_t i = 0; listeners != nullptr && i < listeners->size(); ++i)
        if ((*listeners)[i].name == status.name) path = str_cat("spec.listeners[", i, "]");
      bad += judge(status.conditions, path);
    }
    return bad;
  }

  template <class T>
  const T* object() const {
    const auto& all = resources_.of<T>();
    auto it = all.find(subject_.key());
    return it == all.end() ? nullptr : it->second.get();
  }

  void judge(const api::GatewayClassStatus& status) { judge(status.conditions, "spec"); }

  void judge(const api::GatewayStatus& status) {
    const auto* gateway = object<api::Gateway>();
    int bad = judge_listeners(status.listeners, gateway ? &gateway->spec.listeners : nullptr);
    if (bad == 0) judge(status.conditions, "spec");
    else judge(without_consequences(status.conditions), "spec");
  }

  void judge(const api::ListenerSetStatus& status) {
    const auto* set = object<api::ListenerSet>();
    int bad = judge_listeners(status.listeners, set ? &set->spec.listeners : nullptr);
    if (bad == 0) judge(status.conditions, "spec");
    else judge(without_consequences(status.conditions), "spec");
  }

  /// What only repeats that a listener is not well.
  static api::Conditions without_consequences(api::Conditions conditions) {
    std::erase_if(conditions, [](const auto& c) {
      return c.type == "Programmed" || c.reason.starts_with("Listeners");
    });
    return conditions;
  }

  void judge(const api::RouteStatus& status) {
    for (const auto& parent : status.parents) {
      judge(parent.conditions, parent_path(parent.parentRef));
    }
  }

  void judge(const api::PolicyStatus& status) {
    for (const auto& ancestor : status.ancestors) judge(ancestor.conditions, "spec.targetRefs");
  }

  const std::vector<api::ParentReference>* parent_refs() const {
    auto refs = [](const auto* route) { return route ? &route->spec.parentRefs : nullptr; };
    if (subject_.kind == "HTTPRoute") return refs(object<api::HTTPRoute>());
    if (subject_.kind == "GRPCRoute") return refs(object<api::GRPCRoute>());
    if (subject_.kind == "TLSRoute") return refs(object<api::TLSRoute>());
    if (subject_.kind == "TCPRoute") return refs(object<api::TCPRoute>());
    if (subject_.kind == "UDPRoute") return refs(object<api::UDPRoute>());
    return nullptr;
  }

  std::string parent_path(const api::ParentReference& parent) const {
    const auto* refs = parent_refs();
    for (std::size_t i = 0; refs != nullptr && i < refs->size(); ++i)
      if ((*refs)[i] == parent) return str_cat("spec.parentRefs[", i, "]");
    return "spec.parentRefs";
  }

  /// Routes that nobody will ever write a status for.
  template <class T>
  void unattached() {
    // Both maps have the same order: one walk, no look-ups (there may be 40,000 routes).
    auto status = result_.statuses.lower_bound({T::kKind, "", ""});
    for (const auto& [key, route] : resources_.of<T>()) {
      auto is_before = [wanted = &key](const api::ObjectRef& ref) {
        return ref.kind == T::kKind && ref.key() < *wanted;
      };
      while (status != result_.statuses.end() && is_before(status->first)) ++status;
      bool found = status != result_.statuses.end() && status->first.kind == T::kKind &&
                   status->first.key() == key;
      const auto& refs = route->spec.parentRefs;
      const auto* parents = found ? std::get_if<api::RouteStatus>(&*status->second) : nullptr;
      if (parents != nullptr && !refs.empty() && parents->parents.size() == refs.size()) continue;
      subject_ = {T::kKind, key.ns, key.name};
      if (refs.empty()) add(subject_, "spec", "has no parentRefs: it attaches to no Gateway");
      for (std::size_t i = 0; i < refs.size(); ++i) {
        auto is_this = [&](const auto& parent) { return parent.parentRef == refs[i]; };
        if (parents != nullptr && std::ranges::any_of(parents->parents, is_this)) continue;
        no_parent(refs[i], str_cat("spec.parentRefs[", i, "]"));
      }
    }
  }

  void no_parent(const api::ParentReference& ref, const std::string& path) {
    api::ObjectRef parent{ref.kind.value_or("Gateway"), ref.namespace_.value_or(subject_.ns),
                          ref.name};
    std::string shown = api::to_string(parent);
    if (parent.kind != "Gateway" && parent.kind != "ListenerSet")
      return add(subject_, path,
                 str_cat("attaches to ", shown, ", a kind that is not served here"));
    bool exists = parent.kind == "Gateway" ? resources_.gateways.contains(parent.key())
                                           : resources_.listener_sets.contains(parent.key());
    if (exists)
      return add(subject_, path, str_cat("attaches to nothing: ", shown, " is not served"));
    add(subject_, path, str_cat("attaches to nothing: there is no ", shown), suggestion(parent));
  }

  std::string suggestion(const api::ObjectRef& missing) const {
    std::vector<std::string> known;
    auto collect = [&](const auto& map) {
      for (const auto& [key, object] : map) {
        if (key.name == missing.name) known.insert(known.begin(), api::to_string(key));
        else if (key.ns == missing.ns) known.push_back(key.name);
      }
    };
    if (missing.kind == "Gateway") collect(resources_.gateways);
    else collect(resources_.listener_sets);
    if (!known.empty() && known.front().ends_with(str_cat("/", missing.name)))
      return str_cat("there is ", known.front(), ": set namespace in the parentRef");
    std::vector<std::string_view> candidates(known.begin(), known.end());
    return did_you_mean(missing.name, candidates);
  }

  const FileSource& source_;
  const api::ResourceSet& resources_;
  const translate::Translation& result_;
  Diagnostics* found_ = nullptr;
  api::ObjectRef subject_;
};

}  // namespace

Diagnostics findings(const FileSource& source, const translate::Translation& result) {
  Diagnostics all = Collector(source, result).collect();
  auto place = [](const Diagnostic& d) {
    return std::tie(d.file, d.line, d.column, d.severity, d.object, d.path, d.message);
  };
  std::ranges::sort(all, {}, place);
  auto same = [&](const Diagnostic& a, const Diagnostic& b) { return place(a) == place(b); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

bool has_problems(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics,
                             [](const auto& d) { return d.severity != Severity::kNote; });
}

}  // namespace gwanmun::control
