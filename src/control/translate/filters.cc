// Filters of both route kinds, of rules and of backends.
#include <algorithm>

#include "base/text.h"
#include "control/translate/rules.h"

namespace gwanmun::translate {

namespace {

Problem unsupported(const std::string& path, std::string_view message) {
  return {reason::kUnsupportedValue, str_cat(path, ": ", message)};
}

/// Translates the filters of one list; the first problem ends it.
class Translator {
 public:
  Translator(const RouteInput& route, RouteRules& out, std::vector<snapshot::Filter>& into)
      : route_(route), out_(out), into_(into) {}

  Problem add(const api::RouteFilter& filter, const std::string& path) {
    const std::string& type = filter.type;
    if (type == "RequestHeaderModifier" && filter.requestHeaderModifier)
      return add_headers<snapshot::RequestHeaderModifier>(*filter.requestHeaderModifier,
                                                          path + ".requestHeaderModifier");
    if (type == "ResponseHeaderModifier" && filter.responseHeaderModifier)
      return add_headers<snapshot::ResponseHeaderModifier>(*filter.responseHeaderModifier,
                                                           path + ".responseHeaderModifier");
    if (type == "RequestRedirect" && filter.requestRedirect)
      return add_redirect(*filter.requestRedirect, path + ".requestRedirect");
    if (type == "URLRewrite" && filter.urlRewrite)
      return add_rewrite(*filter.urlRewrite, path + ".urlRewrite");
    if (type == "RequestMirror" && filter.requestMirror)
      return add_mirror(*filter.requestMirror, path + ".requestMirror");
    if (type == "CORS" && filter.cors) return add_cors(*filter.cors, path + ".cors");
    if (type == "ExternalAuth" && filter.externalAuth)
      return add_auth(*filter.externalAuth, path + ".externalAuth");
    if (type == "ExtensionRef" && filter.extensionRef)
      return {
          reason::kInvalidKind,
          str_cat(path, ".extensionRef: ", filter.extensionRef->group, "/",
                  filter.extensionRef->kind, " ", filter.extensionRef->name,
                  " is of a kind that is not known here; requests that it applies to answer 500")};
    return unsupported(path + ".type", str_cat(type, " is not supported, or its field is missing"));
  }

 private:
  Problem check_name(const std::string& name, const std::string& path) {
    if (!is_header_name(name))
      return unsupported(path, str_cat("\"", name, "\" is not a header name"));
    std::string lower = to_lower(name);
    if (lower == "host")
      return unsupported(path, "Host cannot be modified; use a URLRewrite filter with hostname");
    if (is_framing_header(lower))
      return unsupported(path, str_cat(name, " belongs to the connection and cannot be modified"));
    return {};
  }

  /// Copies name-value pairs; a name that repeats an earlier one is ignored, as the API says.
  Problem copy(const std::vector<api::HTTPHeader>& from, const std::string& path,
               std::vector<snapshot::HeaderValue>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      std::string here = str_cat(path, "[", i, "]");
      if (Problem bad = check_name(from[i].name, here + ".name")) return bad;
      if (!is_header_value(from[i].value))
        return unsupported(here + ".value", "control characters cannot be in a header value");
      std::string name = to_lower(from[i].name);
      if (std::ranges::find(to, name, &snapshot::HeaderValue::name) == to.end())
        to.push_back({std::move(name), std::string(trim(from[i].value))});
    }
    return {};
  }

  template <class T>
  Problem add_headers(const api::HTTPHeaderFilter& filter, const std::string& path) {
    T out;
    if (Problem bad = copy(filter.set, path + ".set", out.set)) return bad;
    if (Problem bad = copy(filter.add, path + ".add", out.add)) return bad;
    for (std::size_t i = 0; i < filter.remove.size(); ++i) {
      if (Problem bad = check_name(filter.remove[i], str_cat(path, ".remove[", i, "]"))) return bad;
      out.remove.push_back(to_lower(filter.remove[i]));
    }
    into_.push_back(std::move(out));
    return {};
  }

  Problem set_path(const std::optional<api::HTTPPathModifier>& from, const std::string& path,
                   std::optional<snapshot::PathRewrite>& to) {
    if (!from) return {};
    using Kind = snapshot::PathRewriteKind;
    bool full = from->type == "ReplaceFullPath";
    if (!full && from->type != "ReplacePrefixMatch")
      return unsupported(path + ".path.type", str_cat(from->type, " is not supported"));
    const auto& value = full ? from->replaceFullPath : from->replacePrefixMatch;
    to = {full ? Kind::kReplaceFullPath : Kind::kReplacePrefixMatch, value.value_or("")};
    if (!is_header_value(to->value) || to->value.find_first_of(" ?#") != std::string::npos)
      return unsupported(path + ".path", "not a path: spaces, '?', '#' or control characters");
    return {};
  }

  Problem add_redirect(const api::HTTPRequestRedirectFilter& filter, const std::string& path) {
    snapshot::RequestRedirect out;
    if (filter.scheme && *filter.scheme != "http" && *filter.scheme != "https")
      return unsupported(path + ".scheme", str_cat(*filter.scheme, " is not supported"));
    out.scheme = filter.scheme;
    if (filter.hostname) out.hostname = normal_host(*filter.hostname);
    if (filter.port) out.port = static_cast<std::uint16_t>(*filter.port);
    out.status_code = filter.statusCode.value_or(302);
    constexpr int kCodes[] = {301, 302, 303, 307, 308};
    if (std::ranges::find(kCodes, out.status_code) == std::end(kCodes))
      return unsupported(path + ".statusCode", str_cat(out.status_code, " is not supported"));
    if (Problem bad = set_path(filter.path, path, out.path)) return bad;
    into_.push_back(std::move(out));
    return {};
  }

  Problem add_rewrite(const api::HTTPURLRewriteFilter& filter, const std::string& path) {
    snapshot::UrlRewrite out;
    if (filter.hostname) out.hostname = normal_host(*filter.hostname);
    if (Problem bad = set_path(filter.path, path, out.path)) return bad;
    into_.push_back(std::move(out));
    return {};
  }

  Problem add_mirror(const api::HTTPRequestMirrorFilter& filter, const std::string& path) {
    Target target = resolve_backend(route_, filter.backendRef, path + ".backendRef", out_);
    if (target.problem) {
      out_.refs.also(target.problem.reason, target.problem.message);
      return {};
    }
    snapshot::Mirror out{.cluster = target.cluster};
    if (filter.percent) out.numerator = static_cast<std::uint32_t>(std::max(0, *filter.percent));
    if (filter.fraction) {
      out.numerator = static_cast<std::uint32_t>(std::max(0, filter.fraction->numerator));
      out.denominator =
          static_cast<std::uint32_t>(std::max(1, filter.fraction->denominator.value_or(100)));
    }
    out.numerator = std::min(out.numerator, out.denominator);
    into_.push_back(std::move(out));
    return {};
  }

  Problem add_cors(const api::HTTPCORSFilter& filter, const std::string& path) {
    for (const auto* list :
         {&filter.allowOrigins, &filter.allowMethods, &filter.allowHeaders, &filter.exposeHeaders})
      for (const auto& value : *list)
        if (!is_header_value(value) || value.find(',') != std::string::npos)
          return unsupported(path, str_cat("\"", value, "\" cannot be in a header value"));
    into_.push_back(snapshot::Cors{.allow_origins = filter.allowOrigins,
                                   .allow_credentials = filter.allowCredentials.value_or(false),
                                   .allow_methods = filter.allowMethods,
                                   .allow_headers = filter.allowHeaders,
                                   .expose_headers = filter.exposeHeaders,
                                   .max_age_seconds = filter.maxAge});
    return {};
  }

  Problem copy_names(const std::vector<std::string>& from, const std::string& path,
                     std::vector<std::string>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!is_header_name(from[i]))
        return unsupported(str_cat(path, "[", i, "]"),
                           str_cat("\"", from[i], "\" is not a header name"));
      to.push_back(to_lower(from[i]));
    }
    return {};
  }

  /// An authorizer that cannot be found fails closed: its cluster stays empty.
  Problem add_auth(const api::HTTPExternalAuthFilter& filter, const std::string& path) {
    snapshot::ExternalAuth out;
    out.grpc = filter.protocol == "GRPC";
    if (!out.grpc && filter.protocol != "HTTP")
      return unsupported(path + ".protocol", str_cat(filter.protocol, " is not supported"));
    RouteInput as{route_.context, out.grpc ? RouteKind::kGrpc : RouteKind::kHttp, route_.meta};
    Target target = resolve_backend(as, filter.backendRef, path + ".backendRef", out_);
    if (target.problem) out_.refs.also(target.problem.reason, target.problem.message);
    out.cluster = target.cluster;
    if (filter.grpc)
      if (Problem bad = copy_names(filter.grpc->allowedHeaders, path + ".grpc.allowedHeaders",
                                   out.allowed_request_headers))
        return bad;
    if (filter.http) {
      out.path_prefix = filter.http->path;
      if (!is_header_value(out.path_prefix) ||
          out.path_prefix.find_first_of(" ?#") != std::string::npos)
        return unsupported(path + ".http.path", "not a path");
      if (Problem bad = copy_names(filter.http->allowedHeaders, path + ".http.allowedHeaders",
                                   out.allowed_request_headers))
        return bad;
      if (Problem bad =
              copy_names(filter.http->allowedResponseHeaders, path + ".http.allowedResponseHeaders",
                         out.allowed_response_headers))
        return bad;
    }
    if (filter.forwardBody)
      out.forward_body_max_size =
          static_cast<std::uint32_t>(std::max(0, filter.forwardBody->maxSize));
    into_.push_back(std::move(out));
    return {};
  }

  const RouteInput& route_;
  RouteRules& out_;
  std::vector<snapshot::Filter>& into_;
};

template <class T>
bool holds(const std::vector<snapshot::Filter>& filters) {
  return std::ranges::any_of(filters, [](auto& f) { return std::holds_alternative<T>(f); });
}

}  // namespace

Problem translate_filters(const RouteInput& route, const std::vector<api::RouteFilter>& filters,
                          const std::string& path, RouteRules& out,
                          std::vector<snapshot::Filter>& into) {
  Translator translator(route, out, into);
  for (std::size_t i = 0; i < filters.size(); ++i)
    if (Problem bad = translator.add(filters[i], str_cat(path, "[", i, "]"))) return bad;
  if (holds<snapshot::RequestRedirect>(into) && holds<snapshot::UrlRewrite>(into))
    return {reason::kIncompatibleFilters,
            str_cat(path, ": URLRewrite and RequestRedirect cannot be used together")};
  return {};
}

}  // namespace gwanmun::translate
