// Chunked bodies of any bytes: the same payload however they arrive, and what was decoded survives
// being encoded and decoded again.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunked.h"

namespace {

using namespace gwanmun;
using namespace gwanmun::http;

struct Decoded {
  ChunkedDecoder::Status status = ChunkedDecoder::kMore;
  std::string payload;
  std::string trailers;
  std::size_t used = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t piece, const ChunkedLimits& limits) {
  Arena arena;
  ChunkedDecoder decoder(limits);
  Decoded out;
  std::size_t end = std::min(piece, bytes.size());
  for (;;) {
    ChunkedDecoder::Step step = decoder.next(bytes.substr(out.used, end - out.used), arena);
    if (out.used + step.skipped + step.data > end) std::abort();
    out.status = step.status;
    out.used += step.skipped;
    if (step.status == ChunkedDecoder::kData) {
      if (step.data == 0) std::abort();
      std::size_t taken = (step.data + 1) / 2;  // not always all that is offered
      out.payload += bytes.substr(out.used, taken);
      out.used += taken;
      decoder.took(taken);
      continue;
    }
    if (step.status != ChunkedDecoder::kMore) break;
    if (end == bytes.size()) break;
    end = std::min(end + piece, bytes.size());
  }
  bool failed = out.status == ChunkedDecoder::kBad || out.status == ChunkedDecoder::kTooLarge;
  if (failed || out.status == ChunkedDecoder::kMore) out.used = 0;  // depends on the pieces
  if (failed) out.status = ChunkedDecoder::kBad;
  if (out.status == ChunkedDecoder::kEnd && decoder.trailers() != nullptr) {
    for (const Field& field : *decoder.trailers()) {
      if (forbidden_in_trailers(field)) std::abort();
      out.trailers.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr ChunkedLimits kLimits{100, 500, 5};
  Decoded whole = decode(bytes, bytes.size(), kLimits);
  if (!(decode(bytes, 1 + data[0] % 32, kLimits) == whole)) std::abort();
  if (whole.status != ChunkedDecoder::kEnd) return 0;
  char buffer[20];
  std::string again;
  if (!whole.payload.empty()) {
    again.append(chunk_header(whole.payload.size(), buffer)).append(whole.payload).append("\r\n");
  }
  again.append("0\r\n").append(whole.trailers).append("\r\n");
  Decoded second = decode(again, again.size(), {});
  if (second.payload != whole.payload || second.trailers != whole.trailers) std::abort();
  return 0;
}
