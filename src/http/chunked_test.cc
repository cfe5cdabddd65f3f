// The chunked decoder at its limits; what it accepts and refuses is in testdata/http1_*chunks.md.
#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace gwanmun::http {
namespace {

ChunkedDecoder::Status outcome(std::string_view bytes, const ChunkedLimits& limits) {
  Arena arena;
  ChunkedDecoder decoder(limits);
  for (;;) {
    ChunkedDecoder::Step step = decoder.next(bytes, arena);
    bytes.remove_prefix(step.skipped + step.data);
    if (step.status != ChunkedDecoder::kData) return step.status;
    decoder.took(step.data);
  }
}

TEST(Chunked, LineLimitHoldsExactly) {
  // The limit counts the line with its CR.
  ChunkedLimits limits{.max_line_bytes = 5};
  EXPECT_EQ(outcome("0;ab\r\n\r\n", limits), ChunkedDecoder::kEnd);
  EXPECT_EQ(outcome("0;abc\r\n\r\n", limits), ChunkedDecoder::kTooLarge);
  EXPECT_EQ(outcome("0;abc", limits), ChunkedDecoder::kMore);
  EXPECT_EQ(outcome("0;abcd", limits), ChunkedDecoder::kTooLarge);
}

TEST(Chunked, TrailerLimitsHoldExactly) {
  // The bytes count the section with its empty line.
  std::string_view two = "0\r\na: b\r\nc: d\r\n\r\n";
  EXPECT_EQ(outcome(two, {.max_trailer_bytes = 14}), ChunkedDecoder::kEnd);
  EXPECT_EQ(outcome(two, {.max_trailer_bytes = 13}), ChunkedDecoder::kTooLarge);
  EXPECT_EQ(outcome(two, {.max_trailer_fields = 2}), ChunkedDecoder::kEnd);
  EXPECT_EQ(outcome(two, {.max_trailer_fields = 1}), ChunkedDecoder::kTooLarge);
}

TEST(Chunked, SizesUpToTheLargest) {
  std::uint64_t size = 0;
  EXPECT_TRUE(parse_chunk_line("7fffffffffffffff", size));
  EXPECT_EQ(size, 0x7FFFFFFFFFFFFFFFu);
  EXPECT_TRUE(parse_chunk_line("0000000000000000000000001", size));
  EXPECT_EQ(size, 1u);
  EXPECT_FALSE(parse_chunk_line("8000000000000000", size));
}

TEST(Chunked, NothingIsReadBehindTheEnd) {
  Arena arena;
  ChunkedDecoder decoder({});
  ChunkedDecoder::Step step = decoder.next("0\r\n\r\nGET", arena);
  EXPECT_EQ(step.status, ChunkedDecoder::kEnd);
  EXPECT_EQ(step.skipped, 5u);
  EXPECT_EQ(decoder.next("GET", arena).skipped, 0u);
}

}  // namespace
}  // namespace gwanmun::http
