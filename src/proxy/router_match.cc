#include "proxy/router_match.h"

#include "base/text.h"

namespace gwanmun::proxy {

RE2::Options regex_options(std::int64_t memory) {
  RE2::Options options(RE2::Quiet);
  options.set_never_capture(true);
  options.set_max_mem(memory);
  return options;
}

bool LazyRegex::full_match(std::string_view text) const {
  std::call_once(once_, [this] {
    regex_ = std::make_unique<RE2>(re2::StringPiece(pattern_.data(), pattern_.size()),
                                   regex_options(kRegexMemory));
  });
  return RE2::FullMatchN(re2::StringPiece(text.data(), text.size()), *regex_, nullptr, 0);
}

std::optional<std::string_view> RequestView::header(std::string_view name, http::FieldId id) const {
  const http::Field* found = nullptr;
  for (const http::Field& field : head_.headers) {
    if (id != http::FieldId::kOther ? field.id != id : field.name != name) continue;
    if (found) return head_.headers.joined(name);
    found = &field;
  }
  if (!found) return std::nullopt;
  return found->value;
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// "%2F" and "+" undone; an incomplete escape stays as it is. Copies only when there is one.
std::string_view decode(std::string_view text, Arena& arena) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  char* out = arena.array<char>(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') c = ' ';
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    }
    out[size++] = c;
  }
  return {out, size};
}

}  // namespace

std::span<const RequestView::Parameter> RequestView::parameters() const {
  if (parsed_) return {parameters_, parameter_count_};
  parsed_ = true;
  if (head_.query.empty()) return {};
  std::uint32_t most = 1;
  for (char c : head_.query) most += c == '&';
  most = std::min(most, kMaxParameters);
  Arena& arena = head_.headers.arena();
  auto* all = arena.array<Parameter>(most);
  std::string_view rest = head_.query;
  while (parameter_count_ < most) {
    std::size_t end = rest.find('&');
    std::string_view pair = rest.substr(0, end);
    std::size_t equals = pair.find('=');
    std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    all[parameter_count_++] = {decode(pair.substr(0, equals), arena), decode(value, arena)};
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  parameters_ = all;
  return {parameters_, parameter_count_};
}

std::optional<std::string_view> RequestView::parameter(std::string_view name) const {
  for (const Parameter& parameter : parameters()) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

namespace {

bool passes(const ValueTest& test, const std::optional<std::string_view>& value) {
  if (!value) return false;
  return test.regex ? test.regex->full_match(*value) : *value == test.value;
}

}  // namespace

MatchResult check_conditions(const Candidate& candidate, const RequestView& request) {
  if (candidate.plain) return {};
  const std::string& method = candidate.match->method;
  if (!method.empty() && method != request.method()) return {Mismatch::kMethod, 0};
  std::uint16_t index = 0;
  for (const ValueTest& test : candidate.header_tests()) {
    if (!passes(test, request.header(test.name, test.id))) return {Mismatch::kHeader, index};
    ++index;
  }
  index = 0;
  for (const ValueTest& test : candidate.parameter_tests()) {
    if (!passes(test, request.parameter(test.name))) return {Mismatch::kParameter, index};
    ++index;
  }
  return {};
}

bool covers(std::string_view prefix, std::string_view path) {
  if (prefix == "/" || prefix.empty()) return true;
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace gwanmun::proxy
