// Bytes of one stream that wait: received ones the proxy has not read yet, and staged ones the peer
// gives no credit for. Used by the HTTP/2 session and connections. The usual case holds nothing: a
// body is read while the loop's lent buffer is valid, and written while there is credit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace gwanmun::http::http2 {

/// A first-in-first-out of bytes in one piece. Empty, it owns no memory.
class ByteQueue {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  void append(std::string_view bytes);
  void consume(std::size_t n);
  void clear();

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// A received body: pieces of the lent buffer, and copies of what outlived it.
class BodyQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Bytes that stay valid until settle().
  void lend(std::string_view bytes);
  /// The first piece.
  std::string_view front() const { return kept_.empty() ? lent_[first_] : kept_.view(); }
  void consume(std::size_t n);
  /// The lent buffer goes away: copies what was not consumed.
  void settle();
  void clear();

 private:
  static constexpr std::uint8_t kPieces = 4;  // a full read holds four full frames
  ByteQueue kept_;                            // older than what is lent
  std::array<std::string_view, kPieces> lent_;
  std::uint8_t first_ = 0;
  std::uint8_t count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gwanmun::http::http2
