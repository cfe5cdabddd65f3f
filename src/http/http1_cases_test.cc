// Runs the cases of testdata/http1_*.md: prose, bytes, and the events they must give however they
// arrive. `make golden` rewrites the events; the diff is the review.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "http/http1_replay.h"

namespace gwanmun::http {
namespace {

struct Case {
  std::string file, name, kind, options, bytes, events;
  std::size_t events_line = 0;  // first line of the events' content
  std::size_t events_count = 0;
};

int hex(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// Escapes as in C; the line break of the file itself means nothing. `\*N{x}` repeats x N times.
std::string unescape(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    switch (line[++i]) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      case 's':
        out += ' ';
        break;
      case 'x':
        out += static_cast<char>(hex(line[i + 1]) * 16 + hex(line[i + 2]));
        i += 2;
        break;
      case '*': {
        std::size_t open = line.find('{', i), close = line.find('}', open);
        auto times = parse_uint(line.substr(i + 1, open - i - 1));
        std::string piece = unescape(line.substr(open + 1, close - open - 1));
        for (std::uint64_t n = 0; n < times.value_or(0); ++n) out += piece;
        i = close;
        break;
      }
      default:
        out += line[i];
    }
  }
  return out;
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Case> read_cases(const std::string& path, const std::vector<std::string>& lines) {
  std::vector<Case> cases;
  std::string block;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::string& line = lines[n];
    if (line.starts_with("```")) {
      std::string opened = block.empty() ? line.substr(3) : "";
      block = opened.substr(0, opened.find(' '));
      if (block == "request" || block == "response") {
        cases.back().kind = block;
        cases.back().options = opened.substr(block.size());
      } else if (block == "events") {
        cases.back().events_line = n + 1;
      }
    } else if (block == "request" || block == "response") {
      cases.back().bytes += unescape(line);
    } else if (block == "events") {
      cases.back().events += line + "\n";
      ++cases.back().events_count;
    } else if (line.starts_with("## ")) {
      cases.push_back({std::filesystem::path(path).filename(), line.substr(3)});
    }
  }
  return cases;
}

std::string run(const Case& test, std::size_t piece) {
  ReplaySettings settings;
  settings.piece = piece;
  settings.peer_closes = test.options.contains("closes");
  settings.request.head_method = test.options.contains("head");
  if (test.options.contains("websocket")) settings.request.upgrade = "websocket";
  return test.kind == "request" ? replay_requests(test.bytes, settings)
                                : replay_response(test.bytes, settings);
}

// What is refused may be refused for another reason when less of it has arrived.
std::string without_reason(std::string events) {
  std::size_t refused = events.find("refused ");
  if (refused != std::string::npos) events.resize(refused + 7);
  return events;
}

std::vector<std::string> case_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/src/http/testdata")) {
    std::string name = entry.path().filename();
    if (name.starts_with("http1_") && name.ends_with(".md")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void rewrite(const std::string& path, std::vector<std::string> lines,
             const std::vector<Case>& cases) {
  for (auto test = cases.rbegin(); test != cases.rend(); ++test) {
    auto first = lines.begin() + static_cast<std::ptrdiff_t>(test->events_line);
    lines.erase(first, first + static_cast<std::ptrdiff_t>(test->events_count));
    std::istringstream events(run(*test, 0));
    std::vector<std::string> fresh;
    for (std::string line; std::getline(events, line);) fresh.push_back(line);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(test->events_line), fresh.begin(),
                 fresh.end());
  }
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << "\n";
}

class Http1Cases : public ::testing::TestWithParam<std::string> {};

TEST_P(Http1Cases, GiveTheirEventsHoweverTheBytesArrive) {
  std::vector<std::string> lines = read_lines(GetParam());
  std::vector<Case> cases = read_cases(GetParam(), lines);
  ASSERT_FALSE(cases.empty());
  if (std::getenv("GWANMUN_REWRITE_GOLDEN") != nullptr) return rewrite(GetParam(), lines, cases);
  bool malformed = GetParam().contains("malformed");
  for (const Case& test : cases) {
    SCOPED_TRACE(str_cat(test.file, ": ", test.name));
    ASSERT_FALSE(test.kind.empty());
    std::string whole = run(test, 0);
    EXPECT_EQ(whole, test.events);
    for (std::size_t piece : {1, 3, 17}) {
      EXPECT_EQ(without_reason(run(test, piece)), without_reason(whole)) << "pieces of " << piece;
    }
    // Whatever the events say: a malformed message must never look whole.
    if (malformed) {
      bool stopped = whole.contains("refused ") || whole.contains("malformed ") ||
                     whole.contains("too large") || whole.contains("cut off") ||
                     whole.contains("extra bytes");
      EXPECT_TRUE(stopped) << whole;
    }
  }
}

std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem();
}

INSTANTIATE_TEST_SUITE_P(Files, Http1Cases, ::testing::ValuesIn(case_files()), case_name);

}  // namespace
}  // namespace gwanmun::http
