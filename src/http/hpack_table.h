// HPACK's tables (RFC 7541 §2.3): the static one, and the dynamic one of one direction of one
// connection. Used by hpack.cc only. A dynamic table allocates nothing until the first insertion
// and then grows with what is in it, so that an idle connection stays small.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/message.h"

namespace gwanmun::http::hpack {

/// What a name means to HTTP/2 (RFC 9113 §8.3); found once, when the name enters a table.
enum class Kind : std::uint8_t {
  kRegular,
  kMethod,
  kScheme,
  kAuthority,
  kPath,
  kStatus,
  kProtocol,   // RFC 8441
  kMalformed,  // not a lower-case token, an unknown pseudo-header, or a value with a forbidden byte
};

/// One field as HPACK sees it. Where the views point to: see who returns it.
struct TableField {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::kOther;
  Kind kind = Kind::kRegular;
  bool static_name = false;  // the name lives for ever
};

constexpr std::uint32_t kStaticEntries = 61;
constexpr std::uint32_t kEntryOverhead = 32;  // RFC 7541 §4.1

/// Entry 1 to 61 (Appendix A); views of static memory.
const TableField& static_entry(std::uint32_t index);
/// The index of the first static entry with this name, or 0.
std::uint32_t static_name_index(FieldId id, std::string_view name);
class DynamicTable {
 public:
  /// Entries are counted from 1, the newest (the table's index 62).
  std::uint32_t count() const { return inserted_ - evicted_; }
  /// Requires 1 <= position <= count(). Views are valid until the next insert() or resize().
  TableField at(std::uint32_t position) const;

  /// Evicts what must go, then adds; a field larger than the table only empties it (§4.4). The
  /// views of `field` must not point into this table.
  void insert(const TableField& field);
  /// §4.3
  void resize(std::uint32_t max_bytes);
  std::uint32_t max_bytes() const { return max_bytes_; }
  std::uint32_t bytes() const { return bytes_; }

  /// Numbers entries for ever: the newest has inserted(), live ones are above evicted().
  std::uint32_t inserted() const { return inserted_; }
  std::uint32_t evicted() const { return evicted_; }
  /// Bytes of heap in use.
  std::size_t footprint() const { return capacity_ + slots_ * sizeof(Entry); }

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
    FieldId id;
    Kind kind;
    const char* static_name;  // nullptr: the name is in front of the value in bytes_
  };
  Entry& entry(std::uint32_t number) { return entries_[number & (slots_ - 1)]; }
  const Entry& entry(std::uint32_t number) const { return entries_[number & (slots_ - 1)]; }
  std::uint32_t tail() const;
  bool fits(std::uint32_t size);
  void evict_until(std::uint32_t bytes);
  void grow_buffer(std::uint32_t size);
  void grow_slots();

  std::uint32_t max_bytes_ = 4096;
  std::uint32_t bytes_ = 0;  // as §4.1 counts
  std::uint32_t inserted_ = 0;
  std::uint32_t evicted_ = 0;
  // Strings: a ring in which each entry is contiguous.
  std::unique_ptr<char[]> buffer_;
  std::uint32_t capacity_ = 0;
  std::uint32_t head_ = 0;  // where the next string goes
  // Entries: a ring of a power of two, by number.
  std::unique_ptr<Entry[]> entries_;
  std::uint32_t slots_ = 0;
};

}  // namespace gwanmun::http::hpack
