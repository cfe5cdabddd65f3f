// The free list of coroutine frames, per thread and size class. Frames are ordinary malloc memory,
// so one that ends on another thread is only recycled there.
#include <array>
#include <cstdlib>
#include <new>
#include <utility>

#include "net/limits.h"
#include "net/task.h"

namespace gwanmun::net {

namespace {

constexpr std::size_t kClassBytes = 64;
constexpr std::size_t kClasses = kPooledFrameBytes / kClassBytes + 1;

struct FreeFrame {
  FreeFrame* next;
};
struct SizeClass {
  FreeFrame* first = nullptr;
  std::size_t count = 0;
};
constinit thread_local std::array<SizeClass, kClasses> classes{};
constinit thread_local bool ending = false;

/// Frees the lists when the thread ends. Apart from them, so that the hot path has no guard.
struct Janitor {
  ~Janitor() {
    ending = true;
    for (SizeClass& list : classes) {
      while (list.first) std::free(std::exchange(list.first, list.first->next));
    }
  }
  void touch() {}
};
thread_local Janitor janitor;

// A recycled frame would hide a use after the end from AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycle = false;
#elif defined(__has_feature)
constexpr bool kRecycle = !__has_feature(address_sanitizer);
#else
constexpr bool kRecycle = true;
#endif

std::size_t class_of(std::size_t size) { return (size + kClassBytes - 1) / kClassBytes; }

}  // namespace

void* allocate_frame(std::size_t size) {
  std::size_t index = class_of(size);
  if (kRecycle && index < kClasses) {
    SizeClass& list = classes[index];
    if (FreeFrame* frame = list.first) {
      list.first = frame->next;
      --list.count;
      return frame;
    }
    janitor.touch();
  }
  void* frame = std::malloc(index * kClassBytes);
  if (!frame) throw std::bad_alloc();
  return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
  std::size_t index = class_of(size);
  if (!kRecycle || index >= kClasses || ending || classes[index].count == kFreeFrames) {
    std::free(frame);
    return;
  }
  SizeClass& list = classes[index];
  auto* free_frame = static_cast<FreeFrame*>(frame);
  free_frame->next = std::exchange(list.first, free_frame);
  ++list.count;
}

}  // namespace gwanmun::net
