// Where a session writes its frames during a tick: one block of memory, borrowed from the thread
// when the first frame comes and given back when all is handed on, so that an idle connection holds
// none. Used by http2_session.cc. Does no I/O itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gwanmun::http::http2 {

/// Takes the bytes of a session, in order.
class OutputSink {
 public:
  virtual void send(std::string_view bytes) = 0;
  /// The first bytes of this output since the last flush(): call that at the end of the tick.
  virtual void output_pending() = 0;

 protected:
  ~OutputSink() = default;
};

class Output {
 public:
  static constexpr std::size_t kBlockBytes = 16 * 1024;
  /// Payloads of this size go to the sink without a copy.
  static constexpr std::size_t kDirectBytes = 8 * 1024;

  explicit Output(OutputSink& sink) : sink_(sink) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { give_back(); }

  /// Room for `size` <= kBlockBytes bytes; flushes first when the block is too full.
  char* reserve(std::size_t size) {
    if (size > kBlockBytes - size_ || block_ == nullptr) make_room(size);
    return block_ + size_;
  }
  void commit(const char* end) { size_ = static_cast<std::size_t>(end - block_); }
  /// A frame's header (already committed) was the last thing written; its payload follows.
  void append(std::string_view payload);
  /// Hands on what is there and gives the block back.
  void flush();

  /// Counts all bytes ever written: names a place.
  std::uint64_t position() const { return flushed_ + size_; }
  /// What was written at `position`, while it can still be changed; else nullptr.
  char* at(std::uint64_t position) {
    return position >= flushed_ && block_ != nullptr ? block_ + (position - flushed_) : nullptr;
  }
  std::size_t pending() const { return size_; }
  /// From now on all is dropped.
  void close() { closed_ = true; }

 private:
  void make_room(std::size_t size);
  void hand_on();
  void give_back();

  OutputSink& sink_;
  char* block_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t flushed_ = 0;
  bool closed_ = false;
};

}  // namespace gwanmun::http::http2
