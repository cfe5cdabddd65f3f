// HPACK against the examples of RFC 7541 Appendix C, against nghttp2 in both directions, and at its
// limits.
#include "http/hpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/hpack_huffman.h"

namespace gwanmun::http::hpack {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using ::testing::ElementsAre;
using ::testing::Pair;

std::string from_hex(std::string_view hex) {
  std::string out;
  std::string digits;
  for (char c : hex) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return out;
}

/// All fields of a block, or one pair {"error", ""}.
Pairs decode(Decoder& decoder, std::string_view block, Arena& arena) {
  Pairs out;
  TableField field;
  decoder.begin(block, &arena);
  for (;;) {
    switch (decoder.next(field)) {
      case Decoder::kField:
        out.emplace_back(field.name, field.value);
        break;
      case Decoder::kEnd:
        return out;
      case Decoder::kError:
        return {{"error", ""}};
    }
  }
}
Pairs decode(Decoder& decoder, std::string_view block) {
  Arena arena;
  return decode(decoder, block, arena);
}
Pairs decode_hex(std::string_view hex) {
  Decoder decoder(4096);
  return decode(decoder, from_hex(hex));
}
const Pairs kError = {{"error", ""}};

std::string encode(Encoder& encoder, const Pairs& fields) {
  std::string out(64, 0);
  std::size_t size = static_cast<std::size_t>(encoder.start(out.data()) - out.data());
  for (const auto& [name, value] : fields) {
    out.resize(size + Encoder::bound(name, value));
    size = static_cast<std::size_t>(encoder.field(name, value, out.data() + size) - out.data());
  }
  out.resize(size);
  return out;
}

Kind kind_of(std::string_view name, std::string_view value) {
  std::string block = "\x40";
  block += static_cast<char>(name.size());
  block += name;
  block += static_cast<char>(value.size());
  block += value;
  Decoder decoder(4096);
  Arena arena;
  TableField first, again;
  decoder.begin(block, &arena);
  EXPECT_EQ(decoder.next(first), Decoder::kField);
  decoder.begin("\xbe", &arena);
  EXPECT_EQ(decoder.next(again), Decoder::kField);
  EXPECT_EQ(first.kind, again.kind) << "the table remembers the verdict";
  return first.kind;
}

TEST(Hpack, Literals) {  // C.2
  EXPECT_THAT(decode_hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"),
              ElementsAre(Pair("custom-key", "custom-header")));
  EXPECT_THAT(decode_hex("040c 2f73 616d 706c 652f 7061 7468"),
              ElementsAre(Pair(":path", "/sample/path")));
  EXPECT_THAT(decode_hex("1008 7061 7373 776f 7264 0673 6563 7265 74"),
              ElementsAre(Pair("password", "secret")));
  EXPECT_THAT(decode_hex("82"), ElementsAre(Pair(":method", "GET")));
}

TEST(Hpack, RequestsWithHuffman) {  // C.4
  Decoder decoder(4096);
  EXPECT_THAT(decode(decoder, from_hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")),
              ElementsAre(Pair(":method", "GET"), Pair(":scheme", "http"), Pair(":path", "/"),
                          Pair(":authority", "www.example.com")));
  EXPECT_THAT(
      decode(decoder, from_hex("8286 84be 5886 a8eb 1064 9cbf")),
      ElementsAre(Pair(":method", "GET"), Pair(":scheme", "http"), Pair(":path", "/"),
                  Pair(":authority", "www.example.com"), Pair("cache-control", "no-cache")));
  EXPECT_THAT(
      decode(decoder, from_hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")),
      ElementsAre(Pair(":method", "GET"), Pair(":scheme", "https"), Pair(":path", "/index.html"),
                  Pair(":authority", "www.example.com"), Pair("custom-key", "custom-value")));
}

TEST(Hpack, ResponsesEvict) {  // C.6, a table of 256 bytes
  Decoder decoder(256);
  EXPECT_THAT(
      decode(decoder, from_hex("4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504"
                               "0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae"
                               "43d3")),
      ElementsAre(Pair(":status", "302"), Pair("cache-control", "private"),
                  Pair("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
                  Pair("location", "https://www.example.com")));
  EXPECT_THAT(decode(decoder, from_hex("4883 640e ffc1 c0bf")),
              ElementsAre(Pair(":status", "307"), Pair("cache-control", "private"),
                          Pair("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
                          Pair("location", "https://www.example.com")));
  EXPECT_THAT(
      decode(decoder,
             from_hex("88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff"
                      "c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af"
                      "2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07")),
      ElementsAre(Pair(":status", "200"), Pair("cache-control", "private"),
                  Pair("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
                  Pair("location", "https://www.example.com"), Pair("content-encoding", "gzip"),
                  Pair("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")));
}

TEST(Hpack, StaticTableKnowsItsIds) {
  for (std::uint32_t i = 1; i <= kStaticEntries; ++i) {
    const TableField& entry = static_entry(i);
    EXPECT_EQ(entry.id, field_id(entry.name)) << entry.name;
    if (entry.name.front() == ':') continue;
    EXPECT_EQ(static_entry(static_name_index(entry.id, entry.name)).name, entry.name);
  }
  EXPECT_EQ(static_name_index(FieldId::kOther, "x-unknown"), 0u);
}

TEST(Hpack, MalformedBlocks) {
  EXPECT_EQ(decode_hex("80"), kError) << "index 0";
  EXPECT_EQ(decode_hex("be"), kError) << "index beyond the table";
  EXPECT_EQ(decode_hex("ff"), kError) << "integer cut off";
  EXPECT_EQ(decode_hex("ff80 8080 8080 8080 8001"), kError) << "integer too large";
  EXPECT_EQ(decode_hex("400a 6375"), kError) << "string cut off";
  EXPECT_EQ(decode_hex("82 20"), kError) << "size update after a field";
  EXPECT_EQ(decode_hex("3fe2 1f"), kError) << "size update above the setting: 4097";
  EXPECT_EQ(decode_hex("3fe1 1f82"), (Pairs{{":method", "GET"}})) << "4096 is allowed";
  EXPECT_EQ(decode_hex("0001 6184 ffff ffff"), kError) << "EOS in a Huffman string";
  EXPECT_EQ(decode_hex("0001 6182 1fff"), kError) << "padding of 8 bits or more";
  EXPECT_EQ(decode_hex("0001 6181 18"), kError) << "padding of zeros";
  EXPECT_EQ(decode_hex("0001 6181 1f"), (Pairs{{"a", "a"}}));
}

TEST(Hpack, VerdictsOnNamesAndValues) {
  EXPECT_EQ(kind_of("x-a", "b"), Kind::kRegular);
  EXPECT_EQ(kind_of("x-a", ""), Kind::kRegular);
  EXPECT_EQ(kind_of("x-a", "tab\tinside and \xc3\xa9"), Kind::kRegular);
  EXPECT_EQ(kind_of("X-A", "b"), Kind::kMalformed);
  EXPECT_EQ(kind_of("x a", "b"), Kind::kMalformed);
  EXPECT_EQ(kind_of("x-a:", "b"), Kind::kMalformed);
  EXPECT_EQ(kind_of("x-a", " b"), Kind::kMalformed);
  EXPECT_EQ(kind_of("x-a", "b\t"), Kind::kMalformed);
  for (char c = 0; c < 32; ++c) {
    if (c == '\t') continue;
    EXPECT_EQ(kind_of("x-a", std::string("0123456789") + c + "x"), Kind::kMalformed) << int(c);
    EXPECT_EQ(kind_of(std::string("x") + c, "b"), Kind::kMalformed) << int(c);
  }
  EXPECT_EQ(kind_of("x-a", "a\x7f"), Kind::kMalformed);
  for (const char* name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_EQ(kind_of(name, "b"), Kind::kMalformed) << name;
  }
  EXPECT_EQ(kind_of(":path", "/"), Kind::kPath);
  EXPECT_EQ(kind_of(":protocol", "websocket"), Kind::kProtocol);
  EXPECT_EQ(kind_of(":unknown", "x"), Kind::kMalformed);
}

TEST(Hpack, TheNameOfAMalformedEntryMayBeUsed) {
  Decoder decoder(4096);
  Arena arena;
  TableField field;
  std::string block = from_hex("4003 782d 6101 00");  // x-a: NUL
  decoder.begin(block, &arena);
  ASSERT_EQ(decoder.next(field), Decoder::kField);
  EXPECT_EQ(field.kind, Kind::kMalformed);
  block = from_hex("7e01 62");  // name of entry 62, value b
  decoder.begin(block, &arena);
  ASSERT_EQ(decoder.next(field), Decoder::kField);
  EXPECT_EQ(field.name, "x-a");
  EXPECT_EQ(field.kind, Kind::kRegular);
}

TEST(Hpack, AFieldIsIndexedAtItsSecondSight) {
  Encoder encoder;
  Pairs fields = {{"x-tenant", "a-tenant-with-a-name"}};
  std::size_t first = encode(encoder, fields).size();
  std::size_t second = encode(encoder, fields).size();
  EXPECT_GT(first, 28u);
  EXPECT_LT(second, first);
  EXPECT_EQ(encode(encoder, fields).size(), 1u);
  EXPECT_EQ(encode(encoder, {{"x-tenant", "another"}}).size(), 18u);
}

TEST(Hpack, SecretsAreNeverIndexed) {
  Encoder encoder;
  for (const char* name : {"authorization", "cookie", "set-cookie", "proxy-authorization"}) {
    for (int i = 0; i < 4; ++i) {
      std::string block = encode(encoder, {{name, "secret"}});
      EXPECT_EQ(block[0] & 0xf0, 0x10) << name;
      EXPECT_EQ(block.size(), 9u) << name;
    }
  }
}

TEST(Hpack, NothingIsAllocatedBeforeItIsNeeded) {
  Decoder decoder(4096);
  Encoder encoder;
  EXPECT_EQ(decoder.footprint(), 0u);
  EXPECT_EQ(encoder.footprint(), 0u);
  decode(decoder, from_hex("828684"));
  EXPECT_EQ(decoder.footprint(), 0u);
}

TEST(Hpack, DiscardedFieldsStillFillTheTable) {
  Decoder decoder(4096);
  TableField field;
  std::string block = from_hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572");
  decoder.begin(block, nullptr);
  EXPECT_EQ(decoder.next(field), Decoder::kField);
  EXPECT_EQ(decoder.next(field), Decoder::kEnd);
  EXPECT_EQ(decode(decoder, "\xbe"), (Pairs{{"custom-key", "custom-header"}}));
}

TEST(Hpack, ATableSizeChangeIsAnnounced) {
  Encoder encoder;
  Decoder decoder(4096);
  Pairs fields = {{"x-a", "1"}, {"x-b", "2"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
  encoder.set_table_limit(0);
  encoder.set_table_limit(100);
  std::string block = encode(encoder, fields);
  EXPECT_EQ(block.substr(0, 3), std::string("\x20\x3f\x45", 3)) << "first 0, then 100";
  EXPECT_EQ(decode(decoder, block), fields);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
  encoder.set_table_limit(1 << 20);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
  EXPECT_LE(encoder.footprint(), 16u * 1024) << "a peer cannot make our table large";
}

TEST(Huffman, EveryByteRoundTrips) {
  std::string all;
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  }
  for (std::size_t from = 0; from < all.size(); from += 7) {
    for (std::size_t size : {0, 1, 2, 3, 7, 8, 9, 40}) {
      std::string text = all.substr(from, size);
      std::string packed(huffman_size(text), 0);
      ASSERT_EQ(huffman_encode(text, packed.data()), packed.data() + packed.size());
      std::string back(huffman_decoded_bound(packed.size()), 0);
      ASSERT_EQ(huffman_decode(packed, back.data()), static_cast<std::ptrdiff_t>(text.size()));
      ASSERT_EQ(back.substr(0, text.size()), text);
    }
  }
}

// ---- nghttp2 as the other side ----

class Random {
 public:
  std::string text(std::string_view alphabet, int most) {
    std::string out(static_cast<std::size_t>(below(most + 1)), ' ');
    for (char& c : out)
      c = alphabet[static_cast<std::size_t>(below(static_cast<int>(alphabet.size())))];
    return out;
  }
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  Pairs fields() {
    static const char* const kCommon[] = {"accept",        "user-agent",   "etag",
                                          "cookie",        "x-request-id", "authorization",
                                          "cache-control", "te",           "x-trace"};
    Pairs out;
    for (int n = below(20); n >= 0; --n) {
      std::string name = below(3) != 0 ? kCommon[below(9)] : "x-" + text("abcdefgh-", 12);
      std::string value = below(4) != 0
                              ? "v" + std::to_string(below(6))
                              : text("abcXYZ0189/=;,._- %\xe9", below(10) == 0 ? 900 : 60);
      while (!value.empty() && value.back() == ' ') value.pop_back();
      while (!value.empty() && value.front() == ' ') value.erase(0, 1);
      out.emplace_back(name, value);
    }
    return out;
  }

 private:
  std::mt19937 engine_{20240229};
};

TEST(HpackOracle, NghttpReadsWhatWeWrite) {
  nghttp2_hd_inflater* inflater;
  ASSERT_EQ(nghttp2_hd_inflate_new(&inflater), 0);
  Encoder encoder;
  Random random;
  for (int round = 0; round < 3000; ++round) {
    if (round % 500 == 499) {
      std::uint32_t size = static_cast<std::uint32_t>(random.below(5000));
      nghttp2_hd_inflate_change_table_size(inflater, size);
      encoder.set_table_limit(size);
    }
    Pairs fields = random.fields();
    std::string block = encode(encoder, fields);
    Pairs got;
    auto* in = reinterpret_cast<std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv nv;
      int flags = 0;
      ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, in, left, 1);
      ASSERT_GE(used, 0) << "round " << round;
      in += used;
      left -= static_cast<std::size_t>(used);
      if (flags & NGHTTP2_HD_INFLATE_EMIT) {
        got.emplace_back(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                         std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
      }
      if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(inflater);
    ASSERT_EQ(got, fields) << "round " << round;
  }
  nghttp2_hd_inflate_del(inflater);
}

TEST(HpackOracle, WeReadWhatNghttpWrites) {
  nghttp2_hd_deflater* deflater;
  ASSERT_EQ(nghttp2_hd_deflate_new(&deflater, 4096), 0);
  Decoder decoder(4096);
  Random random;
  for (int round = 0; round < 3000; ++round) {
    Pairs fields = random.fields();
    std::vector<nghttp2_nv> nvs;
    for (auto& [name, value] : fields) {
      auto bytes = [](std::string& s) { return reinterpret_cast<std::uint8_t*>(s.data()); };
      nvs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    std::string block(nghttp2_hd_deflate_bound(deflater, nvs.data(), nvs.size()), 0);
    ssize_t size = nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(block.data()),
                                         block.size(), nvs.data(), nvs.size());
    ASSERT_GT(size, 0);
    Arena arena;
    ASSERT_EQ(
        decode(decoder, std::string_view(block).substr(0, static_cast<std::size_t>(size)), arena),
        fields)
        << "round " << round;
  }
  EXPECT_LE(decoder.footprint(), 16u * 1024);
  nghttp2_hd_deflate_del(deflater);
}

}  // namespace
}  // namespace gwanmun::http::hpack
