// Listeners on their own: protocol, kinds of routes, certificates, client validation.
#include <algorithm>

#include "base/text.h"
#include "control/translate/certificates.h"
#include "control/translate/topology.h"

namespace gwanmun::translate {

namespace {

constexpr RouteKinds kHttpKinds = bit(RouteKind::kHttp) | bit(RouteKind::kGrpc);

struct ServedProtocol {
  const char* name;
  snapshot::Protocol protocol;
  RouteKinds kinds;
};
/// What this version's data plane serves; everything else is UnsupportedProtocol.
constexpr ServedProtocol kServed[] = {
    {"HTTP", snapshot::Protocol::kHttp, kHttpKinds},
    {"HTTPS", snapshot::Protocol::kHttps, kHttpKinds},
};

void judge_protocol(ListenerState& listener) {
  for (const auto& served : kServed) {
    if (listener.spec->protocol != served.name) continue;
    listener.protocol = served.protocol;
    listener.kinds = served.kinds;
    return;
  }
  constexpr std::string_view kKnown[] = {"HTTP", "HTTPS", "TLS", "TCP", "UDP"};
  bool known = std::ranges::find(kKnown, listener.spec->protocol) != std::end(kKnown);
  std::string hint =
      known ? "this version serves HTTP and HTTPS" : did_you_mean(listener.spec->protocol, kKnown);
  listener.accepted.note(reason::kUnsupportedProtocol,
                         str_cat(listener.path(), ".protocol: ", listener.spec->protocol,
                                 " is not served", hint.empty() ? "" : "; ", hint));
}

void judge_kinds(ListenerState& listener) {
  if (!listener.spec->allowedRoutes || listener.spec->allowedRoutes->kinds.empty()) return;
  const RouteKinds possible = listener.kinds;
  listener.kinds = 0;
  const auto& kinds = listener.spec->allowedRoutes->kinds;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    RouteKinds found = 0;
    for (int k = 0; k <= static_cast<int>(RouteKind::kUdp); ++k)
      if (auto kind = static_cast<RouteKind>(k);
          kinds[i].kind == name_of(kind) &&
          kinds[i].group.value_or(api::kGatewayGroup) == api::kGatewayGroup)
        found = bit(kind);
    listener.kinds |= found & possible;
    if ((found & possible) == 0)
      listener.refs.also(
          reason::kInvalidRouteKinds,
          str_cat(listener.path(), ".allowedRoutes.kinds[", i, "]: ", kinds[i].kind,
                  " cannot attach to a listener of protocol ", listener.spec->protocol));
  }
}

/// The judged certificate of a Secret, from the last translation when the Secret is the same.
const JudgedSecret& judge_secret(Context& context,
                                 const std::shared_ptr<const api::Secret>& secret) {
  api::ObjectKey key = secret->metadata.key();
  auto [at, is_new] = context.secrets.try_emplace(key);
  if (!is_new) return at->second;
  if (context.judged_before != nullptr) {
    auto before = context.judged_before->find(key);
    if (before != context.judged_before->end() && before->second.secret == secret)
      return at->second = before->second;
  }
  JudgedSecret& out = at->second;
  out.secret = secret;
  auto text = [&](const char* name) {
    auto entry = secret->data.find(name);
    return entry == secret->data.end() ? std::string() : entry->second;
  };
  snapshot::Certificate certificate{{"Secret", key.ns, key.name, "", secret->metadata.generation},
                                    text("tls.crt"),
                                    text("tls.key")};
  if (certificate.chain_pem.empty() || certificate.key_pem.empty())
    out.problem = "needs both tls.crt and tls.key (type kubernetes.io/tls)";
  else if (auto wrong = certificate_problem(certificate.chain_pem, certificate.key_pem))
    out.problem = *wrong;
  else out.certificate = std::make_shared<const snapshot::Certificate>(std::move(certificate));
  return out;
}

Problem resolve_certificate(Context& context, ListenerState& listener,
                            const api::ObjectReference& ref, const std::string& path) {
  std::string group = ref.group.value_or(""), kind = ref.kind.value_or("Secret");
  if (!group.empty() || kind != "Secret")
    return {reason::kInvalidCertificateRef,
            str_cat(path, ": ", group, group.empty() ? "" : "/", kind,
                    " is not supported; refer to a Secret of the core group")};
  Referrer from = listener.parent->referrer();
  Referent to{"", "Secret", ref.namespace_.value_or(from.ns), ref.name};
  if (!context.index.permits(from, to))
    return {reason::kRefNotPermitted,
            str_cat(path, ": Secret ", to.ns, "/", to.name, " may not be used from namespace ",
                    from.ns, ": ", grant_hint(from, to))};
  auto secret = context.resources.secrets.find({to.ns, to.name});
  if (secret == context.resources.secrets.end())
    return {reason::kInvalidCertificateRef,
            str_cat(path, ": Secret ", to.ns, "/", to.name, " does not exist")};
  const JudgedSecret& judged = judge_secret(context, secret->second);
  if (!judged.certificate)
    return {reason::kInvalidCertificateRef,
            str_cat(path, ": Secret ", to.ns, "/", to.name, ": ", judged.problem)};
  listener.tls->certificates.push_back(judged.certificate);
  return {};
}

void judge_certificates(Context& context, ListenerState& listener) {
  listener.tls.emplace();
  if (listener.spec->tls) {
    listener.tls->options = listener.spec->tls->options;
    if (listener.spec->tls->mode.value_or("Terminate") != "Terminate")
      listener.accepted.note(reason::kUnsupportedValue,
                             str_cat(listener.path(), ".tls.mode: must be Terminate for HTTPS"));
    const auto& refs = listener.spec->tls->certificateRefs;
    for (std::size_t i = 0; i < refs.size(); ++i)
      if (Problem problem =
              resolve_certificate(context, listener, refs[i],
                                  str_cat(listener.path(), ".tls.certificateRefs[", i, "]")))
        listener.refs.also(problem.reason, problem.message);
  }
  if (listener.tls->certificates.empty()) {
    listener.usable_tls = false;
    listener.refs.note(reason::kInvalidCertificateRef,
                       str_cat(listener.path(), ".tls.certificateRefs: HTTPS needs a certificate"));
  }
}

Problem resolve_ca(Context& context, ListenerState& listener, const api::ObjectReference& ref,
                   const std::string& path) {
  std::string kind = ref.kind.value_or("");
  if (!ref.group.value_or("").empty() || kind != "ConfigMap")
    return {reason::kInvalidCaCertificateKind,
            str_cat(path, ": ", kind, " is not supported; refer to a ConfigMap with a key ca.crt")};
  Referrer from{"Gateway", listener.parent->gateway->gateway->metadata.namespace_};
  Referent to{"", "ConfigMap", ref.namespace_.value_or(from.ns), ref.name};
  std::string name = str_cat("ConfigMap ", to.ns, "/", to.name);
  if (!context.index.permits(from, to))
    return {reason::kRefNotPermitted, str_cat(path, ": ", name, " may not be used from namespace ",
                                              from.ns, ": ", grant_hint(from, to))};
  auto map = context.resources.config_maps.find({to.ns, to.name});
  if (map == context.resources.config_maps.end())
    return {reason::kInvalidCaCertificateRef, str_cat(path, ": ", name, " does not exist")};
  auto bundle = map->second->data.find("ca.crt");
  if (bundle == map->second->data.end())
    return {reason::kInvalidCaCertificateRef, str_cat(path, ": ", name, " has no key ca.crt")};
  if (auto wrong = ca_problem(bundle->second))
    return {reason::kInvalidCaCertificateRef, str_cat(path, ": ", name, ": ca.crt ", *wrong)};
  listener.tls->client_ca_pem += bundle->second;
  if (!bundle->second.ends_with('\n')) listener.tls->client_ca_pem += '\n';
  return {};
}

/// GEP-91: the Gateway's spec.tls.frontend, for all HTTPS listeners or those of one port.
void judge_client_validation(Context& context, ListenerState& listener) {
  const auto& tls = listener.parent->gateway->gateway->spec.tls;
  if (!tls || !tls->frontend) return;
  const api::TLSConfig* config = &tls->frontend->default_;
  std::string path = "spec.tls.frontend.default";
  for (std::size_t i = 0; i < tls->frontend->perPort.size(); ++i) {
    if (tls->frontend->perPort[i].port != listener.spec->port) continue;
    config = &tls->frontend->perPort[i].tls;
    path = str_cat("spec.tls.frontend.perPort[", i, "].tls");
  }
  if (!config->validation) return;
  bool insecure = config->validation->mode == "AllowInsecureFallback";
  listener.parent->gateway->insecure_frontend |= insecure;
  listener.tls->client_validation = insecure ? snapshot::ClientValidation::kAllowInsecureFallback
                                             : snapshot::ClientValidation::kAllowValidOnly;
  const auto& refs = config->validation->caCertificateRefs;
  for (std::size_t i = 0; i < refs.size(); ++i)
    if (Problem problem = resolve_ca(context, listener, refs[i],
                                     str_cat(path, ".validation.caCertificateRefs[", i, "]")))
      listener.refs.also(problem.reason, problem.message);
  if (listener.tls->client_ca_pem.empty())
    listener.accepted.note(
        reason::kNoValidCaCertificate,
        str_cat(path, ".validation: no valid CA certificate: ", listener.refs.message));
}

void judge_port(const Context& context, ListenerState& listener) {
  auto at =
      context.settings.unavailable_ports.find(static_cast<std::uint16_t>(listener.spec->port));
  if (at != context.settings.unavailable_ports.end())
    listener.accepted.note(
        reason::kPortUnavailable,
        str_cat(listener.path(), ".port: ", listener.spec->port, ": ", at->second));
}

}  // namespace

void judge_listeners(Context& context, ParentState& parent, std::uint32_t& ordinals) {
  const auto& specs = parent.specs();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    auto listener = std::make_unique<ListenerState>();
    listener->spec = &specs[i];
    listener->parent = &parent;
    listener->position = i;
    listener->hostname = normal_host(specs[i].hostname.value_or(""));
    judge_protocol(*listener);
    judge_kinds(*listener);
    if (listener->protocol == snapshot::Protocol::kHttps) {
      judge_certificates(context, *listener);
      judge_client_validation(context, *listener);
    }
    judge_port(context, *listener);
    listener->ordinal = ordinals++;
    parent.listeners.push_back(std::move(listener));
  }
}

}  // namespace gwanmun::translate
