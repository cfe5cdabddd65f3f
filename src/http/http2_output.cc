// Blocks are recycled within a thread.
#include "http/http2_output.h"

#include <cassert>
#include <cstdlib>
#include <cstring>

namespace gwanmun::http::http2 {

namespace {

constexpr int kMaxSpare = 64;  // 1 MiB a thread at most
struct Spare {
  char* blocks[kMaxSpare];
  int count = 0;
  ~Spare() {
    while (count > 0) std::free(blocks[--count]);
  }
};
thread_local Spare spare;

}  // namespace

void Output::make_room([[maybe_unused]] std::size_t size) {
  assert(size <= kBlockBytes);
  if (block_ != nullptr) {
    hand_on();
    return;
  }
  block_ =
      spare.count > 0 ? spare.blocks[--spare.count] : static_cast<char*>(std::malloc(kBlockBytes));
  if (block_ == nullptr) std::abort();
  sink_.output_pending();
}

void Output::append(std::string_view payload) {
  if (payload.size() >= kDirectBytes) {
    hand_on();
    if (!closed_) sink_.send(payload);
    flushed_ += payload.size();
    return;
  }
  char* out = reserve(payload.size());
  if (!payload.empty()) std::memcpy(out, payload.data(), payload.size());
  commit(out + payload.size());
}

void Output::flush() {
  hand_on();
  give_back();
}

void Output::hand_on() {
  if (size_ == 0) return;
  std::size_t size = size_;
  size_ = 0;
  flushed_ += size;
  if (!closed_) sink_.send({block_, size});
}

void Output::give_back() {
  if (block_ == nullptr) return;
  if (spare.count < kMaxSpare) {
    spare.blocks[spare.count++] = block_;
  } else {
    std::free(block_);
  }
  block_ = nullptr;
}

}  // namespace gwanmun::http::http2
