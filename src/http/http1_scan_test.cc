// The scanners against each other and at their edges.
#include "http/http1_scan.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"

namespace gwanmun::http {
namespace {

struct Scanned {
  FieldScan::Kind kind;
  std::vector<std::pair<std::string, std::string>> fields;
  bool operator==(const Scanned&) const = default;
};

Scanned scan(const Scanner& scanner, std::string_view text, std::uint32_t max_fields = 100) {
  Arena arena;
  std::string padded(text);
  padded.append(kScanPadding, 'x');
  std::vector<char> names(text.size() + kScanPadding);
  Headers headers(arena);
  FieldScan result = scanner.scan_fields(
      {padded.data(), padded.data() + text.size(), names.data(), max_fields}, headers);
  Scanned out{result.kind, {}};
  if (result.kind != FieldScan::kOk) return out;
  for (const Field& field : headers) {
    EXPECT_EQ(field.id, field_id(field.name));
    out.fields.emplace_back(field.name, field.value);
  }
  return out;
}

TEST(Http1Scan, TakesFieldsApart) {
  Scanned result = scan(scanner(),
                        "Host: a\r\nX-Empty:\r\nX-Blank: \t \r\nX-Long-Name-That-Is-Longer-Than-"
                        "Thirty-Two-Bytes:  value with spaces \t\r\n\r\n");
  ASSERT_EQ(result.kind, FieldScan::kOk);
  std::vector<std::pair<std::string, std::string>> expected = {
      {"host", "a"},
      {"x-empty", ""},
      {"x-blank", ""},
      {"x-long-name-that-is-longer-than-thirty-two-bytes", "value with spaces"}};
  EXPECT_EQ(result.fields, expected);
}

TEST(Http1Scan, CountsFieldsAtTheLimit) {
  EXPECT_EQ(scan(scanner(), "a: 1\r\nb: 2\r\n\r\n", 2).kind, FieldScan::kOk);
  EXPECT_EQ(scan(scanner(), "a: 1\r\nb: 2\r\n\r\n", 1).kind, FieldScan::kTooMany);
}

TEST(Http1Scan, EveryByteInANameAndAValue) {
  for (const Scanner* each : {&scalar_scanner(), avx2_scanner()}) {
    if (each == nullptr) continue;
    for (int byte = 0; byte < 256; ++byte) {
      char c = static_cast<char>(byte);
      for (std::size_t before : {0, 1, 30, 31, 32, 33}) {
        std::string name = std::string(before, 'n') + c + "n: v\r\n\r\n";
        bool token = is_token(std::string_view(&c, 1));
        bool colon = c == ':' && before > 0;
        EXPECT_EQ(scan(*each, name).kind == FieldScan::kOk, token || colon)
            << each->name << " " << byte << " behind " << before;
        std::string value = "n: " + std::string(before, 'v') + c + "v\r\n\r\n";
        bool allowed = (byte >= 0x20 && byte != 0x7F) || c == '\t';
        EXPECT_EQ(scan(*each, value).kind == FieldScan::kOk, allowed)
            << each->name << " " << byte << " behind " << before;
      }
    }
  }
}

TEST(Http1Scan, FindsTheEndWhereverItIsAndHoweverItArrives) {
  for (const Scanner* each : {&scalar_scanner(), avx2_scanner()}) {
    if (each == nullptr) continue;
    for (std::size_t size = 1; size < 100; ++size) {
      std::string head = std::string(size, 'a') + "\r\n\r\n";
      std::string text = head + "behind";
      EXPECT_EQ(each->find_head_end(text, 0).size, head.size());
      std::size_t searched = 0;
      for (std::size_t arrived = 1; arrived <= text.size(); ++arrived) {
        HeadEnd end = each->find_head_end(std::string_view(text).substr(0, arrived), searched);
        ASSERT_EQ(end.kind, arrived < head.size() ? HeadEnd::kMore : HeadEnd::kFound);
        if (end.kind == HeadEnd::kFound) break;
        searched = end.size;
      }
      head[size] = 'x';
      EXPECT_EQ(each->find_head_end(head, 0).kind, HeadEnd::kBareLf);
    }
  }
}

// Random text of the characters that matter, so that both paths meet every boundary.
TEST(Http1Scan, ScannersAgree) {
  if (avx2_scanner() == nullptr) GTEST_SKIP() << "no AVX2 here";
  std::mt19937 random(20240601);
  constexpr std::string_view kPieces[] = {"a",    "Host",     ":",     ": ", " ",    "\t",
                                          "\r\n", "\r\n\r\n", "\n",    "\r", "\x7F", "\0",
                                          "\x80", "A-Z_",     "value", ","};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    auto pieces = random() % 30;
    for (unsigned i = 0; i < pieces; ++i) {
      std::string_view piece = kPieces[random() % std::size(kPieces)];
      auto times = random() % 8 == 0 ? random() % 40 : 1;
      for (unsigned n = 0; n < times; ++n) text += piece;
    }
    HeadEnd scalar = scalar_scanner().find_head_end(text, 0);
    HeadEnd wide = avx2_scanner()->find_head_end(text, 0);
    ASSERT_EQ(scalar.kind, wide.kind) << text;
    ASSERT_EQ(scalar.size, wide.size) << text;
    std::string section = "n: v\r\n" + text + "\r\n\r\n";
    HeadEnd end = scalar_scanner().find_head_end(section, 0);
    if (end.kind != HeadEnd::kFound) continue;
    section.resize(end.size);
    ASSERT_EQ(scan(scalar_scanner(), section), scan(*avx2_scanner(), section)) << section;
    std::string visible = text + " " + std::string(kScanPadding, ' ');
    ASSERT_EQ(scalar_scanner().visible_end(visible.data()),
              avx2_scanner()->visible_end(visible.data()));
  }
}

}  // namespace
}  // namespace gwanmun::http
