// Growth doubles; an emptied queue gives its memory back at once.
#include "http/http2_body.h"

#include <cassert>
#include <cstring>

namespace gwanmun::http::http2 {

namespace {
constexpr std::size_t kFirstCapacity = 2 * 1024;
}

void ByteQueue::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (end_ + bytes.size() > capacity_) {
    std::size_t wanted = size() + bytes.size();
    if (wanted <= capacity_ / 2) {
      std::memmove(data_.get(), data_.get() + begin_, size());
    } else {
      std::size_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
      if (capacity < wanted) capacity = wanted;
      auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
      if (!empty()) std::memcpy(bigger.get(), data_.get() + begin_, size());
      data_ = std::move(bigger);
      capacity_ = capacity;
    }
    end_ = size();
    begin_ = 0;
  }
  std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void ByteQueue::consume(std::size_t n) {
  assert(n <= size());
  begin_ += n;
  if (empty()) clear();
}

void ByteQueue::clear() {
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void BodyQueue::lend(std::string_view bytes) {
  if (bytes.empty()) return;
  if (count_ == 0) first_ = 0;
  if (first_ + count_ == kPieces) settle();
  lent_[first_ + count_] = bytes;
  ++count_;
  size_ += bytes.size();
}

void BodyQueue::consume(std::size_t n) {
  assert(n <= size_);
  size_ -= n;
  if (std::size_t kept = kept_.size(); kept > 0) {
    std::size_t part = n < kept ? n : kept;
    kept_.consume(part);
    n -= part;
  }
  while (n > 0) {
    std::string_view& piece = lent_[first_];
    std::size_t part = n < piece.size() ? n : piece.size();
    piece.remove_prefix(part);
    n -= part;
    if (piece.empty()) {
      ++first_;
      --count_;
    }
  }
}

void BodyQueue::settle() {
  for (; count_ > 0; --count_) kept_.append(lent_[first_++]);
  first_ = 0;
}

void BodyQueue::clear() {
  kept_.clear();
  first_ = count_ = 0;
  size_ = 0;
}

}  // namespace gwanmun::http::http2
