// Arena: memory that lives as long as one exchange and is freed all at once, so that the request
// path allocates nothing from the heap. One thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

namespace gwanmun {

class Arena {
 public:
  static constexpr std::size_t kChunkSize = 4096;  // chunks of this size are recycled by the thread

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  /// Uninitialised memory, aligned for any scalar. Never fails (a failed malloc ends the process).
  void* allocate(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > left_) grow(size);
    void* out = next_;
    next_ += size;
    left_ -= size;
    return out;
  }

  /// At least `size` bytes to write into, of which commit() keeps the first ones: for output whose
  /// length is known only afterwards. Nothing else may be allocated in between.
  char* reserve(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > left_) grow(size);
    return next_;
  }
  void commit(std::size_t used) {
    used = (used + 7) & ~std::size_t{7};
    next_ += used;
    left_ -= used;
  }

  /// An array of a trivially destructible type, uninitialised.
  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return static_cast<T*>(allocate(count * sizeof(T)));
  }

  std::string_view copy(std::string_view text) {
    char* out = static_cast<char*>(allocate(text.size()));
    put(out, text);
    return {out, text.size()};
  }

  /// The pieces, one after the other.
  template <class... Pieces>
  std::string_view concat(const Pieces&... pieces) {
    std::size_t size = (std::size_t{0} + ... + std::string_view(pieces).size());
    char* out = static_cast<char*>(allocate(size));
    char* at = out;
    ((at = put(at, pieces)), ...);
    return {out, size};
  }

  /// Frees everything; what was handed out is gone.
  void reset();
  /// Bytes taken from the system, for limits and metrics.
  std::size_t footprint() const { return footprint_; }

 private:
  struct Chunk {
    Chunk* previous;
    std::size_t size;
  };
  void grow(std::size_t size);
  /// Returns the end. An empty view may have no address, which memcpy must not be given.
  static char* put(char* at, std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }

  char* next_ = nullptr;
  std::size_t left_ = 0;
  Chunk* chunks_ = nullptr;
  std::size_t footprint_ = 0;
};

}  // namespace gwanmun
