#include "proxy/filter/external_auth.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proxy/filter/auth_proto.h"
#include "proxy/filter/stage.h"

namespace gwanmun::filter {

namespace {

constexpr std::string_view kCheckPath = "/envoy.service.auth.v3.Authorization/Check";

/// "shop/orders:8080" as a gRPC :authority: "orders.shop:8080".
std::string authority_of(std::string_view cluster) {
  std::size_t slash = cluster.find('/');
  if (slash == std::string_view::npos) return std::string(cluster);
  std::string_view name = cluster.substr(slash + 1);
  std::size_t colon = name.find(':');
  std::string_view port = colon == std::string_view::npos ? "" : name.substr(colon);
  return str_cat(name.substr(0, colon), ".", cluster.substr(0, slash), port);
}

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// What tells about the authorizer's own answer, and so must not land on the client's request.
bool describes_the_answer(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "host",          "date", "server",        "content-type", "content-encoding",
      "content-range", "etag", "last-modified", "trailer"};
  return is_connection_field(name) || std::ranges::find(kNames, name) != kNames.end();
}

bool is_token_character(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// A header from a CheckResponse as a field: lower-case in the arena; an empty name when it may not
/// be a field (RFC 9110 §5.1, §5.5) or is one that nobody may set.
http::Field clean_field(const AuthHeader& header, Arena& arena) {
  char* name = arena.array<char>(header.name.size());
  std::ranges::transform(header.name, name, [](char c) { return to_lower(c); });
  std::string_view lower(name, header.name.size());
  if (!std::ranges::all_of(lower, is_token_character)) return {};
  if (is_connection_field(lower) || lower == "host") return {};
  for (char c : header.value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return {};
  }
  return {lower, trim(header.value), http::field_id(lower)};
}

void edit(http::Headers& headers, std::span<const AuthHeader> edits) {
  for (const AuthHeader& header : edits) {
    http::Field field = clean_field(header, headers.arena());
    if (field.name.empty()) continue;
    bool present = headers.find(field.name) != nullptr;
    switch (header.action) {
      case AuthHeader::Action::kAppend:
        headers.add(field);
        break;
      case AuthHeader::Action::kSet:
        headers.set(field.name, field.value);
        break;
      case AuthHeader::Action::kAddIfAbsent:
        if (!present) headers.add(field);
        break;
      case AuthHeader::Action::kSetIfPresent:
        if (present) headers.set(field.name, field.value);
        break;
    }
  }
}

void set_body(Reply& reply, std::string_view body) {
  reply.body = body;
  reply.head.body = body.empty() ? http::BodyLength::none() : http::BodyLength::known(body.size());
}

}  // namespace

Authorizer::Authorizer(const snapshot::ExternalAuth& spec, ClusterIds& clusters)
    : spec_(&spec),
      cluster_(clusters.intern(spec.cluster)),
      authority_(authority_of(spec.cluster)) {}

// ---- asking ----

bool Authorizer::shown_to_authorizer(std::string_view name) const {
  if (contains(spec_->allowed_request_headers, name)) return true;
  return spec_->grpc ? spec_->allowed_request_headers.empty() : name == "authorization";
}

http::RequestHead Authorizer::http_check(const http::RequestHead& request) const {
  Arena& arena = request.headers.arena();
  http::RequestHead head(arena);
  head.method = request.method;
  head.scheme = request.scheme;
  head.authority = request.authority;
  std::string_view prefix = spec_->path_prefix;
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  bool slash_missing = !prefix.empty() && !prefix.starts_with('/');
  if (request.path.starts_with('/')) {
    head.path = prefix.empty() ? request.path
                               : arena.concat(std::string_view(slash_missing ? "/" : ""), prefix,
                                              request.path);
  } else {
    head.path = request.path;
  }
  head.query = request.query;
  head.has_query = request.has_query;
  for (const http::Field& field : request.headers) {
    if (shown_to_authorizer(field.name)) head.headers.add(field);
  }
  return head;
}

Authorizer::Check Authorizer::check(const http::RequestHead& request, std::string_view body,
                                    const Client& client) const {
  Arena& arena = request.headers.arena();
  if (!spec_->grpc) {
    Check check{http_check(request), body};
    check.head.body =
        body.empty() ? http::BodyLength::none() : http::BodyLength::known(body.size());
    return check;
  }
  Check check{http::RequestHead(arena),
              encode_check(request, body, client, spec_->allowed_request_headers)};
  check.head.method = "POST";
  check.head.scheme = "http";
  check.head.authority = authority_;
  check.head.path = kCheckPath;
  check.head.version = http::Version::kHttp2;
  check.head.te_trailers = true;
  check.head.body = http::BodyLength::known(check.body.size());
  check.head.headers.add("content-type", "application/grpc");
  return check;
}

// ---- hearing ----

void Authorizer::refuse(Exchange& x) const {
  x.reply.head.status = 403;
  x.reply.head.headers.clear();
  set_body(x.reply, {});
}

bool Authorizer::judge(const Answer& answer, Exchange& x) const {
  return spec_->grpc ? judge_grpc(answer, x) : judge_http(answer, x);
}

void Authorizer::grant(const http::ResponseHead& answer, Exchange& x) const {
  http::Headers& headers = x.request.headers;
  // A field that the backend is to believe because the authorizer sets it must not come from the
  // client, unless the authorizer saw it there and let it pass.
  for (const std::string& name : spec_->allowed_response_headers) {
    if (!shown_to_authorizer(name)) headers.remove(name);
  }
  for (const http::Field& field : answer.headers) {
    if (describes_the_answer(field.name)) continue;
    bool wanted = spec_->allowed_response_headers.empty() ||
                  contains(spec_->allowed_response_headers, field.name);
    if (!wanted) continue;
    // Several lines of one field replace the client's together.
    if (answer.headers.find(field.name) == &field) headers.remove(field.name);
    headers.add(headers.arena().copy(field.name), headers.arena().copy(field.value));
  }
}

bool Authorizer::judge_http(const Answer& answer, Exchange& x) const {
  int status = answer.head.status;
  if (status == 200) {
    grant(answer.head, x);
    return true;
  }
  if (status < 300 || status >= 500) {  // no refusal that can be passed on: broken, or fails
    refuse(x);
    return false;
  }
  Arena& arena = x.request.headers.arena();
  x.reply.head.status = status;
  for (const http::Field& field : answer.head.headers) {
    if (is_connection_field(field.name)) continue;
    x.reply.head.headers.add({arena.copy(field.name), arena.copy(field.value), field.id});
  }
  set_body(x.reply, status == 304 ? std::string_view() : arena.copy(answer.body));
  return false;
}

bool Authorizer::judge_grpc(const Answer& answer, Exchange& x) const {
  Arena& arena = x.request.headers.arena();
  const http::Field* status = answer.trailers
                                  ? answer.trailers->find(http::FieldId::kGrpcStatus)
                                  : answer.head.headers.find(http::FieldId::kGrpcStatus);
  CheckResponse response;
  if (answer.head.status != 200 || !status || status->value != "0" ||
      answer.body.size() > kMaxAuthAnswerBytes ||
      !decode_check(arena.copy(answer.body), arena, response)) {
    refuse(x);
    return false;
  }
  if (response.allowed) {
    for (std::string_view name : response.removed) {
      http::Field field = clean_field({.name = name}, arena);
      if (!field.name.empty()) x.request.headers.remove(field.name);
    }
    edit(x.request.headers, response.headers);
    x.granted_response_headers = response.response_headers;
    return true;
  }
  bool passable = response.denied_status >= 300 && response.denied_status <= 599;
  x.reply.head.status = passable ? response.denied_status : 403;
  edit(x.reply.head.headers, response.headers);
  set_body(x.reply, response.denied_status == 304 ? std::string_view() : response.denied_body);
  return false;
}

// ---- as a filter ----

namespace {

class ExternalAuthFilter final : public Filter {
 public:
  ExternalAuthFilter(const snapshot::ExternalAuth& spec, ClusterIds& clusters)
      : authorizer_(spec, clusters) {}

  Verdict on_request(Exchange& x) const override {
    if (authorizer_.cluster() == kNoCluster) {
      x.reply.head.status = 500;
      x.reply.head.body = http::BodyLength::none();
      return Verdict::kReply;
    }
    x.authorizer = &authorizer_;
    return Verdict::kAuthorize;
  }

  void on_response(Exchange& x, http::ResponseHead& response) const override {
    edit(response.headers, x.granted_response_headers);
  }

 private:
  Authorizer authorizer_;
};

}  // namespace

FilterPointer make_filter(const snapshot::ExternalAuth& spec, ClusterIds& clusters) {
  return std::make_unique<const ExternalAuthFilter>(spec, clusters);
}

}  // namespace gwanmun::filter
