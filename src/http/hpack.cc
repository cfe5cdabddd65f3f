// The decoder copies each string once, straight to where it stays; the encoder hashes each field
// once and remembers the hashes of the last fields in a small set-associative cache, which is also
// its index of the table. A lost entry of that cache costs bytes on the wire, never correctness.
#include "http/hpack.h"

#include <array>
#include <cstring>

#include "http/hpack_huffman.h"

namespace gwanmun::http::hpack {

namespace {

constexpr std::uint32_t kMaxInteger = 1u << 28;  // more than any table or string we take

constexpr std::array<bool, 256> make_token() {
  std::array<bool, 256> out{};
  for (char c = 'a'; c <= 'z'; ++c) out[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) out[static_cast<unsigned char>(c)] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    out[static_cast<unsigned char>(c)] = true;
  }
  return out;
}
constexpr std::array<bool, 256> kLowerToken = make_token();

bool lower_token(std::string_view name) {
  if (name.empty()) return false;
  bool good = true;
  for (char c : name) good &= kLowerToken[static_cast<unsigned char>(c)];
  return good;
}

bool blank(char c) { return c == ' ' || c == '\t'; }

/// RFC 9113 §8.2.1 and RFC 9110 §5.5: no control but tab, no blank at either end.
bool good_value(std::string_view value) {
  if (value.empty()) return true;
  if (blank(value.front()) || blank(value.back())) return false;
  const char* p = value.data();
  const char* end = p + value.size();
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x8080808080808080u;
  for (; end - p >= 8; p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    std::uint64_t control = (word - kOnes * 0x20) & ~word & kHigh;
    std::uint64_t del = word ^ (kOnes * 0x7f);
    del = (del - kOnes) & ~del & kHigh;
    if ((control | del) != 0) break;  // or a tab: look closely
  }
  for (; p < end; ++p) {
    auto c = static_cast<unsigned char>(*p);
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

Kind pseudo_kind(std::string_view name) {
  if (name == ":method") return Kind::kMethod;
  if (name == ":scheme") return Kind::kScheme;
  if (name == ":authority") return Kind::kAuthority;
  if (name == ":path") return Kind::kPath;
  if (name == ":status") return Kind::kStatus;
  if (name == ":protocol") return Kind::kProtocol;
  return Kind::kMalformed;
}

/// What a name means; connection-specific ones make a message malformed (RFC 9113 §8.2.2).
Kind name_kind(FieldId id, std::string_view name) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return Kind::kMalformed;
    case FieldId::kOther:
      if (!name.empty() && name.front() == ':') return pseudo_kind(name);
      return lower_token(name) ? Kind::kRegular : Kind::kMalformed;
    default:
      return Kind::kRegular;
  }
}

char* write_integer(std::uint32_t value, int prefix_bits, unsigned char pattern, char* out) {
  std::uint32_t limit = (1u << prefix_bits) - 1;
  if (value < limit) {
    *out++ = static_cast<char>(pattern | value);
    return out;
  }
  *out++ = static_cast<char>(pattern | limit);
  for (value -= limit; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

char* write_raw(std::string_view text, char* out) {
  out = write_integer(static_cast<std::uint32_t>(text.size()), 7, 0, out);
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Huffman-coded when that is shorter: for strings that go into the table, once.
char* write_packed(std::string_view text, char* out) {
  std::size_t packed = huffman_size(text);
  if (packed >= text.size()) return write_raw(text, out);
  out = write_integer(static_cast<std::uint32_t>(packed), 7, 0x80, out);
  return huffman_encode(text, out);
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15u;
  const char* p = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = seed ^ (left * kMultiplier);
  for (; left >= 8; p += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    hash = mix(hash ^ word, kMultiplier);
  }
  std::uint64_t word = 0;
  if (left > 0) std::memcpy(&word, p, left);
  return mix(hash ^ word, kMultiplier);
}

/// Never-indexed: who can watch the sizes on the wire must not be able to guess them.
bool secret(const Field& field) {
  return field.id == FieldId::kAuthorization || field.id == FieldId::kCookie ||
         field.id == FieldId::kSetCookie ||
         (field.id == FieldId::kOther && field.name == "proxy-authorization");
}

}  // namespace

void Decoder::begin(std::string_view block, Arena* arena) {
  at_ = reinterpret_cast<const unsigned char*>(block.data());
  end_ = at_ + block.size();
  fields_seen_ = false;
  arena_ = arena;
}

Decoder::Step Decoder::next(TableField& out) {
  if (arena_ != nullptr) {
    target_ = arena_;
  } else {
    scratch_.reset();
    target_ = &scratch_;
  }
  while (at_ < end_) {
    unsigned char first = *at_;
    if (first >= 0x80) return indexed(out);
    if (first >= 0x40) return literal(6, true, out);
    if (first < 0x20) return literal(4, false, out);
    if (fields_seen_ || !resize_table()) return kError;
  }
  return kEnd;
}

Decoder::Step Decoder::indexed(TableField& out) {
  std::uint32_t index;
  if (!integer(7, index) || !lookup(index, out)) return kError;
  fields_seen_ = true;
  if (index > kStaticEntries) {
    if (!out.static_name) out.name = target_->copy(out.name);
    out.value = target_->copy(out.value);
  }
  return kField;
}

Decoder::Step Decoder::literal(int prefix_bits, bool insert, TableField& out) {
  std::uint32_t index;
  if (!integer(prefix_bits, index)) return kError;
  fields_seen_ = true;
  if (index != 0) {
    if (!lookup(index, out)) return kError;
    if (!out.static_name) out.name = target_->copy(out.name);
    // The entry may be malformed for its value; this field has another one.
    if (out.kind == Kind::kMalformed) out.kind = name_kind(out.id, out.name);
  } else {
    if (!string(out.name)) return kError;
    out.id = field_id(out.name);
    out.static_name = out.id != FieldId::kOther;
    if (out.static_name) out.name = field_name(out.id);
    out.kind = name_kind(out.id, out.name);
  }
  if (!string(out.value)) return kError;
  if (!good_value(out.value)) out.kind = Kind::kMalformed;
  if (insert) table_.insert(out);
  return kField;
}

bool Decoder::lookup(std::uint32_t index, TableField& out) const {
  if (index == 0) return false;
  if (index <= kStaticEntries) {
    out = static_entry(index);
    return true;
  }
  if (index - kStaticEntries > table_.count()) return false;
  out = table_.at(index - kStaticEntries);
  return true;
}

bool Decoder::resize_table() {
  std::uint32_t size;
  if (!integer(5, size) || size > allowed_) return false;
  table_.resize(size);
  return true;
}

bool Decoder::integer(int prefix_bits, std::uint32_t& out) {
  std::uint32_t limit = (1u << prefix_bits) - 1;
  out = *at_++ & limit;
  if (out < limit) return true;
  for (int shift = 0; at_ < end_ && shift <= 28; shift += 7) {
    unsigned char byte = *at_++;
    std::uint64_t value = out + (static_cast<std::uint64_t>(byte & 0x7f) << shift);
    if (value > kMaxInteger) return false;
    out = static_cast<std::uint32_t>(value);
    if (byte < 0x80) return true;
  }
  return false;
}

bool Decoder::string(std::string_view& out) {
  if (at_ == end_) return false;
  bool huffman = *at_ >= 0x80;
  std::uint32_t size;
  if (!integer(7, size) || size > static_cast<std::size_t>(end_ - at_)) return false;
  std::string_view raw(reinterpret_cast<const char*>(at_), size);
  at_ += size;
  if (!huffman) {
    out = target_->copy(raw);
    return true;
  }
  char* text = target_->reserve(huffman_decoded_bound(size));
  std::ptrdiff_t length = huffman_decode(raw, text);
  if (length < 0) return false;
  target_->commit(static_cast<std::size_t>(length));
  out = {text, static_cast<std::size_t>(length)};
  return true;
}

char* Encoder::start(char* out) {
  if (!update_pending_) return out;
  update_pending_ = false;
  // A smaller size in between must be told as well, as both sides evicted for it.
  if (smallest_limit_ < table_.max_bytes()) out = write_integer(smallest_limit_, 5, 0x20, out);
  smallest_limit_ = table_.max_bytes();
  return write_integer(table_.max_bytes(), 5, 0x20, out);
}

char* Encoder::indexed(std::uint32_t static_index, char* out) {
  return write_integer(static_index, 7, 0x80, out);
}

char* Encoder::named(std::uint32_t static_index, std::string_view value, char* out) {
  const TableField& entry = static_entry(static_index);
  return write(static_index, Field{entry.name, value, entry.id}, out);
}

char* Encoder::field(const Field& field, char* out) {
  if (!secret(field)) return write(0, field, out);
  out = write_integer(static_name_index(field.id, field.name), 4, 0x10, out);
  return write_raw(field.value, out);
}

/// `name_index` 0: not known yet.
char* Encoder::write(std::uint32_t name_index, const Field& field, char* out) {
  std::size_t size = field.name.size() + field.value.size() + kEntryOverhead;
  Seen seen = Seen::kFirst;
  Sight* sight = nullptr;
  if (size <= table_.max_bytes() / 2) {
    std::uint64_t seed = field.id != FieldId::kOther ? static_cast<std::uint64_t>(field.id)
                                                     : hash_text(field.name, 0);
    auto hash = static_cast<std::uint32_t>(hash_text(field.value, seed) >> 16);
    seen = look_up(hash, field.name, field.value, sight);
    if (seen == Seen::kInTable) {
      return write_integer(kStaticEntries + 1 + table_.inserted() - sight->number, 7, 0x80, out);
    }
  }
  if (name_index == 0) name_index = static_name_index(field.id, field.name);
  if (seen == Seen::kFirst) {
    out = write_integer(name_index, 4, 0, out);
    if (name_index == 0) out = write_raw(field.name, out);
    return write_raw(field.value, out);
  }
  out = write_integer(name_index, 6, 0x40, out);
  if (name_index == 0) out = write_packed(field.name, out);
  TableField entry{field.name, field.value, field.id, Kind::kRegular, false};
  if (name_index != 0) {
    entry.name = static_entry(name_index).name;
    entry.static_name = true;
  }
  table_.insert(entry);
  sight->number = table_.inserted();
  return write_packed(field.value, out);
}

Encoder::Seen Encoder::look_up(std::uint32_t hash, std::string_view name, std::string_view value,
                               Sight*& sight) {
  if (!sights_) sights_ = std::make_unique<Sight[]>(kSets * kWays);
  Sight* set = &sights_[(hash % kSets) * kWays];
  Sight* victim = set;
  for (Sight* s = set; s < set + kWays; ++s) {
    bool live = in_table(*s);
    if (s->hash == hash) {
      sight = s;
      if (!live) return Seen::kAgain;
      TableField entry = table_.at(table_.inserted() - s->number + 1);
      if (entry.value == value && entry.name == name) return Seen::kInTable;
    }
    // Rather one that is only seen than one in the table, rather an older one.
    if (in_table(*victim) && (!live || age(*s) > age(*victim))) victim = s;
  }
  *victim = {hash, 0};
  sight = victim;
  return Seen::kFirst;
}

void Encoder::set_table_limit(std::uint32_t bytes) {
  std::uint32_t limit = bytes < kMaxTable ? bytes : kMaxTable;
  if (limit == table_.max_bytes()) return;
  if (!update_pending_ || limit < smallest_limit_) smallest_limit_ = limit;
  update_pending_ = true;
  table_.resize(limit);
}

std::size_t Encoder::footprint() const {
  return table_.footprint() + (sights_ ? kSets * kWays * sizeof(Sight) : 0);
}

}  // namespace gwanmun::http::hpack
