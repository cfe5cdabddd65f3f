// The chunked decoder; see chunked.h.
#include "http/chunked.h"

#include <cstring>
#include <limits>

#include "http/http1_scan.h"

namespace gwanmun::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

std::size_t skip_token(std::string_view text, std::size_t at) {
  while (at < text.size() && is_token_char(text[at])) ++at;
  return at;
}

// RFC 9110 §5.6.4; `at` is at the opening quote. Returns the position behind the closing one, or
// npos.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    auto c = static_cast<unsigned char>(text[at]);
    if (c == '"') return at + 1;
    if (c == '\\') {
      if (++at == text.size()) break;
      c = static_cast<unsigned char>(text[at]);
    }
    if ((c < 0x20 && c != '\t') || c == 0x7F) break;
  }
  return std::string_view::npos;
}

// RFC 9112 §7.1.1: *( BWS ";" BWS name [ BWS "=" BWS value ] ).
bool valid_extensions(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    at = skip_blanks(text, at);
    if (at == text.size() || text[at] != ';') return false;
    at = skip_blanks(text, at + 1);
    std::size_t name_end = skip_token(text, at);
    if (name_end == at) return false;
    at = name_end;
    std::size_t equals = skip_blanks(text, at);
    if (equals == text.size() || text[equals] != '=') continue;
    at = skip_blanks(text, equals + 1);
    if (at == text.size()) return false;
    std::size_t value_end = text[at] == '"' ? skip_quoted(text, at) : skip_token(text, at);
    if (value_end == at || value_end == std::string_view::npos) return false;
    at = value_end;
  }
  return true;
}

}  // namespace

bool parse_chunk_line(std::string_view line, std::uint64_t& size) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::size_t digits = 0;
  size = 0;
  for (; digits < line.size(); ++digits) {
    int digit = hex_value(line[digits]);
    if (digit < 0) break;
    if (size > (kMax >> 4)) return false;
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  return digits > 0 && valid_extensions(line.substr(digits));
}

std::string_view chunk_header(std::uint64_t size, char (&buffer)[20]) {
  char* at = buffer + sizeof buffer;
  *--at = '\n';
  *--at = '\r';
  do {
    *--at = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
  return {at, static_cast<std::size_t>(buffer + sizeof buffer - at)};
}

bool forbidden_in_trailers(const Field& field) {
  switch (field.id) {
    case FieldId::kAuthorization:
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kCookie:
    case FieldId::kExpect:
    case FieldId::kForwarded:
    case FieldId::kHost:
    case FieldId::kHttp2Settings:
    case FieldId::kKeepAlive:
    case FieldId::kLocation:
    case FieldId::kProxyConnection:
    case FieldId::kRetryAfter:
    case FieldId::kSetCookie:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
    case FieldId::kVary:
    case FieldId::kXForwardedFor:
    case FieldId::kXForwardedHost:
    case FieldId::kXForwardedPort:
    case FieldId::kXForwardedProto:
    case FieldId::kXRealIp:
    case FieldId::kXRequestId:
      return true;
    case FieldId::kOther:
      break;
    default:
      return false;
  }
  static constexpr std::string_view kForbidden[] = {"age",
                                                    "cache-control",
                                                    "content-encoding",
                                                    "content-range",
                                                    "expires",
                                                    "if-match",
                                                    "if-modified-since",
                                                    "if-none-match",
                                                    "if-range",
                                                    "if-unmodified-since",
                                                    "max-forwards",
                                                    "pragma",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "range",
                                                    "warning",
                                                    "www-authenticate"};
  for (std::string_view name : kForbidden) {
    if (field.name == name) return true;
  }
  return false;
}

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view in, Arena& arena) {
  Step step{kMore};
  for (;;) {
    std::string_view rest = in.substr(step.skipped);
    Step part{kMore};
    switch (phase_) {
      case Phase::kSize:
        part = read_size(rest);
        break;
      case Phase::kPayload:
        if (left_ > 0) {
          if (rest.empty()) return step;
          step.status = kData;
          step.data = rest.size() < left_ ? rest.size() : static_cast<std::size_t>(left_);
          return step;
        }
        phase_ = Phase::kPayloadEnd;
        continue;
      case Phase::kPayloadEnd:
        if (!rest.empty() && rest[0] != '\r') return {kBad};
        if (rest.size() < 2) return step;
        if (rest[1] != '\n') return {kBad};
        step.skipped += 2;
        phase_ = Phase::kSize;
        continue;
      case Phase::kTrailers:
        part = read_trailers(rest, arena);
        break;
      case Phase::kDone:
        step.status = kEnd;
        return step;
    }
    step.skipped += part.skipped;
    if (part.status == kBad || part.status == kTooLarge) return part;
    if (part.skipped == 0) return step;
  }
}

ChunkedDecoder::Step ChunkedDecoder::read_size(std::string_view in) {
  if (in.empty()) return {kMore};
  const auto* newline = static_cast<const char*>(std::memchr(in.data(), '\n', in.size()));
  std::size_t size = newline == nullptr ? in.size() : static_cast<std::size_t>(newline - in.data());
  if (size > limits_.max_line_bytes) return {kTooLarge};
  if (newline == nullptr) return {kMore};
  if (size == 0 || in[size - 1] != '\r') return {kBad};
  if (!parse_chunk_line(in.substr(0, size - 1), left_)) return {kBad};
  phase_ = left_ == 0 ? Phase::kTrailers : Phase::kPayload;
  return {kMore, size + 1};
}

ChunkedDecoder::Step ChunkedDecoder::read_trailers(std::string_view in, Arena& arena) {
  if (in.starts_with("\r\n")) {
    phase_ = Phase::kDone;
    return {kMore, 2};
  }
  HeadEnd end = scanner().find_head_end(in, searched_);
  if (end.kind == HeadEnd::kBareLf) return {kBad};
  if (end.size > limits_.max_trailer_bytes) return {kTooLarge};
  if (end.kind == HeadEnd::kMore) {
    searched_ = static_cast<std::uint32_t>(end.size);
    return {kMore};
  }
  char* text = arena.array<char>(2 * (end.size + kScanPadding));
  std::memcpy(text, in.data(), end.size);
  std::memset(text + end.size, 0, kScanPadding);
  trailers_.emplace(arena);
  FieldScan scan = scanner().scan_fields(
      {text, text + end.size, text + end.size + kScanPadding, limits_.max_trailer_fields},
      *trailers_);
  if (scan.kind == FieldScan::kTooMany) return {kTooLarge};
  if (scan.kind != FieldScan::kOk) return {kBad};
  trailers_->remove_if(forbidden_in_trailers);
  if (trailers_->empty()) trailers_.reset();
  phase_ = Phase::kDone;
  return {kMore, end.size};
}

}  // namespace gwanmun::http
