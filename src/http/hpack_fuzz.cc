// Any bytes as a sequence of field blocks: the decoder must not crash, hang or read beyond, and
// what it accepts must come out the same after encoding it again.
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "http/hpack.h"

using gwanmun::Arena;
using namespace gwanmun::http::hpack;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool decode(Decoder& decoder, std::string_view block, Pairs& out) {
  Arena arena;
  TableField field;
  std::size_t total = 0;
  decoder.begin(block, &arena);
  for (;;) {
    Decoder::Step step = decoder.next(field);
    if (step == Decoder::kError) return false;
    if (step == Decoder::kEnd) return true;
    total += field.name.size() + field.value.size();
    if (total > 100'000) {
      decoder.discard();
    } else {
      out.emplace_back(field.name, field.value);
    }
  }
}

void encode_again(Encoder& encoder, Decoder& decoder, const Pairs& fields) {
  std::string block(Encoder::kStartBound, 0);
  auto size = static_cast<std::size_t>(encoder.start(block.data()) - block.data());
  for (const auto& [name, value] : fields) {
    block.resize(size + Encoder::bound(name, value));
    size = static_cast<std::size_t>(encoder.field(name, value, block.data() + size) - block.data());
  }
  block.resize(size);
  Pairs back;
  if (!decode(decoder, block, back) || back != fields) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  Decoder decoder(4096);
  Decoder second(4096);
  Encoder encoder;
  while (!in.empty()) {  // each block: a length byte, then its bytes
    std::size_t length = static_cast<unsigned char>(in.front()) * 4u;
    in.remove_prefix(1);
    std::string_view block = in.substr(0, length);
    in.remove_prefix(block.size());
    Pairs fields;
    if (!decode(decoder, block, fields)) return 0;
    encode_again(encoder, second, fields);
  }
  return 0;
}
