// The parser against a slow reader written straight from RFC 9112, with strings and no cleverness,
// on mutations of the fuzzers' seeds: both must agree on what is a request and where it ends.
// GWANMUN_MUTATIONS=10000000 for a long run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "http/http1_body.h"
#include "http/http1_parser.h"
#include "http/uri.h"

namespace gwanmun::http {
namespace {

// ---- the slow reader ----

using Lines = std::vector<std::string>;
using Fields = std::vector<std::pair<std::string, std::string>>;

bool all(std::string_view text, bool (*good)(char)) {
  for (char c : text) {
    if (!good(c)) return false;
  }
  return true;
}
bool tchar(char c) {
  return c != '\0' && (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
bool visible(char c) { return c > ' ' && c < 0x7F; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool field_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

std::string strip(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
  return text;
}

// The lines before the empty one; nothing when a line ends in any other way than CR LF.
std::optional<Lines> lines_of(const std::string& section) {
  Lines lines;
  std::string line;
  for (std::size_t i = 0; i + 2 < section.size(); ++i) {
    if (section[i] == '\r' && section[i + 1] == '\n') {
      lines.push_back(std::exchange(line, {}));
      ++i;
    } else if (section[i] == '\r' || section[i] == '\n') {
      return std::nullopt;
    } else {
      line += section[i];
    }
  }
  return lines;
}

std::optional<Fields> fields_of(const Lines& lines, std::size_t first) {
  Fields fields;
  for (std::size_t i = first; i < lines.size(); ++i) {
    std::size_t colon = lines[i].find(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    std::string name = lines[i].substr(0, colon), value = lines[i].substr(colon + 1);
    if (!all(name, tchar) || !all(value, field_char)) return std::nullopt;
    fields.emplace_back(to_lower(name), strip(value));
  }
  return fields;
}

std::vector<std::string> values(const Fields& fields, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [field, value] : fields) {
    if (field == name) out.push_back(value);
  }
  return out;
}

std::vector<std::string> items(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (const std::string& list : lists) {
    for (std::string_view item : split(list, ',')) {
      std::string stripped = strip(std::string(item));
      if (!stripped.empty()) out.push_back(to_lower(stripped));
    }
  }
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view item) {
  for (const std::string& each : list) {
    if (each == item) return true;
  }
  return false;
}

// Reads one body; appends its payload and how it ended.
std::string chunked_body(std::string rest, std::string out) {
  for (;;) {
    std::size_t newline = rest.find('\n');
    if (newline == std::string::npos) return rest.size() > 256 ? out + " broken" : out + " more";
    std::string line = rest.substr(0, newline);
    rest.erase(0, newline + 1);
    if (line.empty() || line.back() != '\r') return out + " broken";
    line.pop_back();
    std::uint64_t size = 0;
    if (!parse_chunk_line(line, size)) return out + " broken";  // judged by its own tests
    if (size == 0) break;
    out += rest.substr(0, size);
    if (rest.size() <= size) return out + " more";
    rest.erase(0, size);
    if (rest[0] != '\r') return out + " broken";
    if (rest.size() == 1) return out + " more";
    if (rest[1] != '\n') return out + " broken";
    rest.erase(0, 2);
  }
  if (rest.starts_with("\r\n")) return out + " end";
  std::size_t end = rest.find("\r\n\r\n");
  for (std::size_t i = 0; i < std::min(end, rest.size()); ++i) {
    if (rest[i] == '\n' && (i == 0 || rest[i - 1] != '\r')) return out + " broken";
  }
  if (end == std::string::npos) return out + " more";
  auto lines = lines_of(rest.substr(0, end + 4));
  return out + (lines && fields_of(*lines, 0) ? " end" : " broken");
}

bool good_target(const std::string& method, const std::string& target) {
  if (method == "CONNECT" || !all(target, visible) || target.contains('#')) return false;
  if (target[0] == '/') return true;
  if (target == "*") return method == "OPTIONS";
  std::string lower = to_lower(target);
  std::size_t scheme = lower.starts_with("http://") ? 7 : lower.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return false;
  std::string authority = target.substr(scheme, target.find_first_of("/?", scheme) - scheme);
  return valid_authority(authority);
}

// The first request of the bytes: "METHOD target keep|close payload end|more|broken" or "refused".
// Nothing while the head is not complete.
std::optional<std::string> slow_reader(std::string bytes) {
  if (bytes.starts_with("\r\n")) bytes.erase(0, 2);
  std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  auto lines = lines_of(bytes.substr(0, end + 4));
  if (!lines || lines->empty()) return "refused";
  auto parts = split((*lines)[0], ' ');
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty()) return "refused";
  std::string method(parts[0]), target(parts[1]), version(parts[2]);
  bool http11 = version == "HTTP/1.1";
  if (method.size() > 64 || !all(method, tchar) || (!http11 && version != "HTTP/1.0"))
    return "refused";
  auto fields = fields_of(*lines, 1);
  if (!fields || fields->size() > 128 || !good_target(method, target)) return "refused";
  auto hosts = values(*fields, "host"), lengths = values(*fields, "content-length"),
       codings = values(*fields, "transfer-encoding"), expects = values(*fields, "expect"),
       options = items(values(*fields, "connection"));
  if (hosts.size() > 1 || (http11 && hosts.empty())) return "refused";
  if (!hosts.empty() && !valid_authority(hosts[0])) return "refused";
  if (lengths.size() + codings.size() > 1 || options.size() > 16) return "refused";
  if (!expects.empty() && !expects.back().empty() && to_lower(expects.back()) != "100-continue") {
    return "refused";
  }
  bool keep = !has(options, "close") && (http11 || has(options, "keep-alive"));
  std::string out = method + " " + target + (keep ? " keep " : " close ");
  std::string rest = bytes.substr(end + 4);
  if (!codings.empty()) {
    if (!http11 || to_lower(codings[0]) != "chunked") return "refused";
    return chunked_body(rest, out);
  }
  std::uint64_t length = 0;
  if (!lengths.empty()) {
    if (lengths[0].empty() || !all(lengths[0], digit)) return "refused";
    for (char c : lengths[0]) {
      if (length > (INT64_MAX - static_cast<std::uint64_t>(c - '0')) / 10) return "refused";
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  return out + rest.substr(0, length) + (rest.size() >= length ? " end" : " more");
}

// ---- the parser, in the same words ----

std::string parser(std::string_view bytes) {
  HeadFinder finder;
  HeadFinder::Step step = finder.find_request(bytes, {});
  if (step.kind != HeadFinder::Step::kFound) return "refused";
  Arena arena;
  RequestHead head(arena);
  ConnectionFacts facts;
  std::string_view text = bytes.substr(step.skipped, step.size);
  if (parse_request(text, {}, head, facts)) return "refused";
  std::string_view line = text.substr(0, text.find('\r'));
  std::string out =
      str_cat(line.substr(0, line.rfind(' ')), facts.keep_alive ? " keep " : " close ");
  BodyDecoder body;
  if (facts.chunked) body.start_chunked({});
  else if (head.body.kind == BodyLength::Kind::kKnown) body.start_length(head.body.bytes);
  else body.start_none();
  std::string_view rest = bytes.substr(step.skipped + step.size);
  for (;;) {
    BodyDecoder::Step part = body.next(rest, arena);
    rest.remove_prefix(part.skipped);
    if (part.status == ChunkedDecoder::kEnd) return out + " end";
    if (part.status == ChunkedDecoder::kMore) return out + " more";
    if (part.status != ChunkedDecoder::kData) return out + " broken";
    out += rest.substr(0, part.data);
    rest.remove_prefix(part.data);
    body.took(part.data);
  }
}

// ---- mutations ----

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const auto& entry :
       std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/http1_request_fuzz")) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    if (bytes.str().size() > 1) out.push_back(bytes.str().substr(1));
  }
  std::sort(out.begin(), out.end());
  return out;
}

void mutate(std::string& text, const std::vector<std::string>& all_seeds, std::mt19937& random) {
  static constexpr std::string_view kPieces[] = {"\r\n",
                                                 "\r",
                                                 "\n",
                                                 " ",
                                                 "\t",
                                                 ":",
                                                 ",",
                                                 ";",
                                                 "\0",
                                                 "0",
                                                 "5",
                                                 "f",
                                                 "a",
                                                 "\x7F",
                                                 "\x80",
                                                 "/",
                                                 "*",
                                                 "\r\n\r\n",
                                                 "Host: a\r\n",
                                                 "Content-Length: 5\r\n",
                                                 "Transfer-Encoding: chunked\r\n",
                                                 "Connection: close\r\n",
                                                 "HTTP/1.0",
                                                 "HTTP/1.1",
                                                 "0\r\n\r\n",
                                                 "X: y\r\n",
                                                 "GET / HTTP/1.1\r\n"};
  std::size_t at = text.empty() ? 0 : random() % text.size();
  switch (random() % 6) {
    case 0:
      text.insert(at, kPieces[random() % std::size(kPieces)]);
      break;
    case 1:
      text.erase(at, 1 + random() % 4);
      break;
    case 2:
      if (!text.empty()) text[at] = static_cast<char>(random());
      break;
    case 3:
      text.replace(at, 1, kPieces[random() % std::size(kPieces)]);
      break;
    case 4:
      text.insert(at, text.substr(random() % (text.size() + 1), random() % 30));
      break;
    default: {
      const std::string& other = all_seeds[random() % all_seeds.size()];
      text = text.substr(0, at) + other.substr(random() % other.size());
    }
  }
}

TEST(Http1Oracle, AgreesWithASlowReader) {
  const char* wanted = std::getenv("GWANMUN_MUTATIONS");
  std::uint64_t rounds = wanted == nullptr ? 50'000 : parse_uint(wanted).value_or(0);
  std::vector<std::string> all_seeds = seeds();
  ASSERT_GT(all_seeds.size(), 50u);
  std::mt19937 random(9112);
  std::uint64_t complete = 0, accepted = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::string text = all_seeds[random() % all_seeds.size()];
    auto times = random() % 4;
    for (unsigned i = 0; i < times; ++i) mutate(text, all_seeds, random);
    if (text.size() > 4'000) continue;
    std::optional<std::string> expected = slow_reader(text);
    if (!expected) continue;
    ASSERT_EQ(parser(text), *expected) << ::testing::PrintToString(text);
    ++complete;
    accepted += *expected != "refused" ? 1 : 0;
  }
  EXPECT_GT(complete, rounds / 4);
  EXPECT_GT(accepted, rounds / 20);
}

}  // namespace
}  // namespace gwanmun::http
