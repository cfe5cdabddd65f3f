// Memory of the streams: pooled blocks for staged output, and what a reader left unread.
// Used inside net/ only; one loop's thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/limits.h"

namespace gwanmun::net {

struct Block {
  Block* next = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  char data[kBlockBytes - 16];
};
static_assert(sizeof(Block) == kBlockBytes);

/// A loop's free list of blocks.
class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();
  Block* take();
  void give(Block* block);

 private:
  Block* free_ = nullptr;
  std::size_t count_ = 0;
};

/// Bytes that wait for the kernel, first in first out. clear() before destruction.
class OutputQueue {
 public:
  OutputQueue() = default;
  OutputQueue(OutputQueue&& other) noexcept;
  OutputQueue& operator=(OutputQueue&&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void append(BlockPool& pool, std::string_view data);
  /// The first bytes, gathered; returns how many pieces.
  std::size_t gather(iovec* pieces, std::size_t most) const;
  std::string_view front() const { return {head_->data + head_->begin, head_->end - head_->begin}; }
  void drop(BlockPool& pool, std::size_t count);
  void clear(BlockPool& pool) { drop(pool, size_); }

 private:
  Block* head_ = nullptr;
  Block* tail_ = nullptr;
  std::size_t size_ = 0;
};

/// Received bytes that the user did not take yet. Holds memory only while there are some.
class Leftover {
 public:
  Leftover() = default;
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;
  ~Leftover() { clear(); }
  bool empty() const { return memory_ == nullptr; }
  /// Copies all to the front of `space`, which is at least a read's worth; returns how much.
  std::size_t copy_to(std::span<char> space) const;
  void assign(std::string_view data);  // data outside of this object's own memory
  void append(std::string_view data);
  void clear();

 private:
  struct Memory;  // size, capacity, then the bytes
  Memory* memory_ = nullptr;
};

}  // namespace gwanmun::net
