// RequestHeaderModifier and ResponseHeaderModifier: set, then add, then remove.
//
// Fields that frame the message or belong to one connection are left alone whatever is configured;
// setting Host changes the request's authority, as URLRewrite.hostname does.
#include <algorithm>
#include <array>

#include "proxy/filter/stage.h"

namespace gwanmun::filter {

bool is_connection_field(std::string_view lower_name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "connection",       "content-length",   "expect", "http2-settings",
      "keep-alive",       "proxy-connection", "te",     "upgrade",
      "transfer-encoding"};
  return lower_name.empty() || lower_name.front() == ':' ||
         std::ranges::find(kNames, lower_name) != kNames.end();
}

namespace {

class HeaderEdits {
 public:
  explicit HeaderEdits(const snapshot::HeaderModifier& spec) {
    for (const snapshot::HeaderValue& h : spec.set) keep(set_, h.name, h.value);
    for (const snapshot::HeaderValue& h : spec.add) keep(add_, h.name, h.value);
    for (const std::string& name : spec.remove) keep(remove_, name, {});
  }

  void apply(http::Headers& headers) const {
    for (const http::Field& f : set_) headers.set(f.name, f.value);
    for (const http::Field& f : add_) headers.add(f);
    for (const http::Field& f : remove_) {
      f.id != http::FieldId::kOther ? headers.remove(f.id) : headers.remove(f.name);
    }
  }

 private:
  static void keep(std::vector<http::Field>& fields, std::string_view name,
                   std::string_view value) {
    if (is_connection_field(name) || name == "host") return;
    fields.push_back({name, value, http::field_id(name)});
  }

  std::vector<http::Field> set_;  // views of the snapshot
  std::vector<http::Field> add_;
  std::vector<http::Field> remove_;
};

class RequestHeaderEdits final : public Filter {
 public:
  explicit RequestHeaderEdits(const snapshot::HeaderModifier& spec) : edits_(spec) {
    for (const snapshot::HeaderValue& h : spec.set) {
      if (h.name == "host") host_ = h.value;
    }
  }
  Verdict on_request(Exchange& x) const override {
    edits_.apply(x.request.headers);
    if (!host_.empty()) x.request.authority = host_;
    return Verdict::kContinue;
  }

 private:
  HeaderEdits edits_;
  std::string_view host_;
};

class ResponseHeaderEdits final : public Filter {
 public:
  explicit ResponseHeaderEdits(const snapshot::HeaderModifier& spec) : edits_(spec) {}
  void on_response(Exchange&, http::ResponseHead& response) const override {
    edits_.apply(response.headers);
  }

 private:
  HeaderEdits edits_;
};

}  // namespace

FilterPointer make_filter(const snapshot::RequestHeaderModifier& spec, ClusterIds&) {
  return std::make_unique<const RequestHeaderEdits>(spec);
}

FilterPointer make_filter(const snapshot::ResponseHeaderModifier& spec, ClusterIds&) {
  return std::make_unique<const ResponseHeaderEdits>(spec);
}

}  // namespace gwanmun::filter
