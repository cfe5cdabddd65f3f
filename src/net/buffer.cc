// Pooled output blocks and leftovers.
#include "net/buffer.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace gwanmun::net {

BlockPool::~BlockPool() {
  while (free_) delete std::exchange(free_, free_->next);
}

Block* BlockPool::take() {
  if (!free_) return new Block;  // not value-initialised: the bytes stay untouched
  Block* block = std::exchange(free_, free_->next);
  --count_;
  block->next = nullptr;
  block->begin = block->end = 0;
  return block;
}

void BlockPool::give(Block* block) {
  if (count_ == kFreeBlocks) {
    delete block;
    return;
  }
  block->next = std::exchange(free_, block);
  ++count_;
}

OutputQueue::OutputQueue(OutputQueue&& other) noexcept
    : head_(std::exchange(other.head_, nullptr)),
      tail_(std::exchange(other.tail_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

void OutputQueue::append(BlockPool& pool, std::string_view data) {
  size_ += data.size();
  while (!data.empty()) {
    if (!tail_ || tail_->end == sizeof tail_->data) {
      Block* block = pool.take();
      (tail_ ? tail_->next : head_) = block;
      tail_ = block;
    }
    std::size_t count = std::min(data.size(), sizeof tail_->data - tail_->end);
    std::memcpy(tail_->data + tail_->end, data.data(), count);
    tail_->end += static_cast<std::uint32_t>(count);
    data.remove_prefix(count);
  }
}

std::size_t OutputQueue::gather(iovec* pieces, std::size_t most) const {
  std::size_t count = 0;
  for (Block* block = head_; block && count < most; block = block->next) {
    pieces[count++] = {block->data + block->begin, block->end - block->begin};
  }
  return count;
}

void OutputQueue::drop(BlockPool& pool, std::size_t count) {
  size_ -= count;
  while (count) {
    std::size_t here = std::min<std::size_t>(count, head_->end - head_->begin);
    head_->begin += static_cast<std::uint32_t>(here);
    count -= here;
    if (head_->begin < head_->end) return;
    pool.give(std::exchange(head_, head_->next));
    if (!head_) tail_ = nullptr;
  }
}

struct Leftover::Memory {
  std::size_t size;
  std::size_t capacity;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

std::size_t Leftover::copy_to(std::span<char> space) const {
  if (!memory_) return 0;
  assert(memory_->size <= space.size());
  std::memcpy(space.data(), memory_->data(), memory_->size);
  return memory_->size;
}

void Leftover::assign(std::string_view data) {
  clear();
  append(data);
}

void Leftover::append(std::string_view data) {
  if (data.empty()) return;
  std::size_t size = memory_ ? memory_->size : 0;
  std::size_t needed = size + data.size();
  if (!memory_ || needed > memory_->capacity) {
    // Exact at first (most are short and taken soon), doubling when a peer drips.
    std::size_t capacity = memory_ ? std::max(needed, 2 * memory_->capacity) : needed;
    void* bigger = std::realloc(memory_, sizeof(Memory) + capacity);
    if (!bigger) throw std::bad_alloc();
    memory_ = static_cast<Memory*>(bigger);
    memory_->capacity = capacity;
  }
  std::memcpy(memory_->data() + size, data.data(), data.size());
  memory_->size = needed;
}

void Leftover::clear() { std::free(std::exchange(memory_, nullptr)); }

}  // namespace gwanmun::net
