#include "base/arena.h"

#include <cstdlib>

namespace gwanmun {

namespace {

// Chunks of kChunkSize that this thread freed and will want again: a busy worker never calls
// malloc.
constexpr int kMaxSpare = 256;
struct Spare {
  void* chunks[kMaxSpare];
  int count = 0;
  ~Spare() {
    while (count > 0) std::free(chunks[--count]);
  }
};
thread_local Spare spare;

}  // namespace

void Arena::grow(std::size_t size) {
  std::size_t wanted = size + sizeof(Chunk) > kChunkSize ? size + sizeof(Chunk) : kChunkSize;
  void* memory =
      wanted == kChunkSize && spare.count > 0 ? spare.chunks[--spare.count] : std::malloc(wanted);
  if (memory == nullptr) std::abort();
  chunks_ = new (memory) Chunk{chunks_, wanted};
  next_ = static_cast<char*>(memory) + sizeof(Chunk);
  left_ = wanted - sizeof(Chunk);
  footprint_ += wanted;
}

void Arena::reset() {
  while (chunks_ != nullptr) {
    Chunk* chunk = chunks_;
    chunks_ = chunk->previous;
    if (chunk->size == kChunkSize && spare.count < kMaxSpare) {
      spare.chunks[spare.count++] = chunk;
    } else {
      std::free(chunk);
    }
  }
  next_ = nullptr;
  left_ = 0;
  footprint_ = 0;
}

}  // namespace gwanmun
