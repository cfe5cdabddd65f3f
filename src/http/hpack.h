// HPACK (RFC 7541) without I/O: field blocks to fields and back, one Decoder and one Encoder a
// connection. Called by http2_session.cc. Knows which fields HTTP/2 forbids (the kind is found once
// and kept in the table), not what a request is.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "http/hpack_table.h"

namespace gwanmun::http::hpack {

/// Takes a field block apart, one field at a time:
///   decoder.begin(block, &arena);
///   while (decoder.next(field) == Decoder::kField) ...
/// A block must always be read to its end, or the tables of both sides differ from then on; when
/// the fields are no longer wanted, discard() makes the rest cheap.
class Decoder {
 public:
  /// `max_table_bytes`: what our SETTINGS_HEADER_TABLE_SIZE allows the peer.
  explicit Decoder(std::uint32_t max_table_bytes) : allowed_(max_table_bytes) {
    table_.resize(max_table_bytes);
  }

  /// A complete block; it must stay valid until the last next(). Names and values are copied to the
  /// arena (names that live for ever are not); nullptr: to nowhere.
  void begin(std::string_view block, Arena* arena);
  enum Step : std::uint8_t {
    kField,
    kEnd,
    kError,  // COMPRESSION_ERROR: the connection cannot go on
  };
  Step next(TableField& out);
  /// From here on what next() gives is valid only until the following call.
  void discard() { arena_ = nullptr; }

  std::size_t footprint() const { return table_.footprint(); }

 private:
  bool integer(int prefix_bits, std::uint32_t& out);
  bool string(std::string_view& out);
  bool lookup(std::uint32_t index, TableField& out) const;
  Step indexed(TableField& out);
  Step literal(int prefix_bits, bool insert, TableField& out);
  bool resize_table();

  DynamicTable table_;
  std::uint32_t allowed_;
  const unsigned char* at_ = nullptr;
  const unsigned char* end_ = nullptr;
  bool fields_seen_ = false;  // a table size update may not follow (§4.2)
  Arena* arena_ = nullptr;
  Arena* target_ = nullptr;  // arena_, or scratch_
  Arena scratch_;
};

/// Writes fields in the fewest bytes that cost little to find: a field that was sent before
/// recently is put into the table at its second sight, and is one byte or two from then on, so that
/// values that never repeat do not push out those that do. Secrets (authorization, cookies) are
/// sent as never-indexed literals (§7.1.3).
class Encoder {
 public:
  /// Room that one field needs at most.
  static constexpr std::size_t bound(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 16;
  }
  /// Room that start() needs at most.
  static constexpr std::size_t kStartBound = 12;

  /// First in every block: a pending table size update. Returns the end of what it wrote.
  char* start(char* out);
  /// A static entry that is the whole field, e.g. ":method: GET".
  static char* indexed(std::uint32_t static_index, char* out);
  /// A field whose name is that of a static entry (pseudo-headers).
  char* named(std::uint32_t static_index, std::string_view value, char* out);
  /// Any other field; the name is lower-case.
  char* field(const Field& field, char* out);
  char* field(std::string_view name, std::string_view value, char* out) {
    return this->field(Field{name, value, field_id(name)}, out);
  }

  /// The peer's SETTINGS_HEADER_TABLE_SIZE; we use at most kMaxTable of it.
  void set_table_limit(std::uint32_t bytes);
  std::size_t footprint() const;

 private:
  static constexpr std::uint32_t kMaxTable = 4096;
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 64;
  struct Sight {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // in the table; 0: only seen
  };
  /// How many entries were inserted after it; right also when the count has wrapped around.
  std::uint32_t age(const Sight& sight) const { return table_.inserted() - sight.number; }
  bool in_table(const Sight& sight) const {
    return sight.number != 0 && age(sight) < table_.count();
  }
  enum class Seen : std::uint8_t { kFirst, kAgain, kInTable };

  Seen look_up(std::uint32_t hash, std::string_view name, std::string_view value, Sight*& sight);
  char* write(std::uint32_t name_index, const Field& field, char* out);

  DynamicTable table_;
  std::unique_ptr<Sight[]> sights_;
  std::uint32_t smallest_limit_ = kMaxTable;  // since the last block (§4.2)
  bool update_pending_ = false;
};

}  // namespace gwanmun::http::hpack
