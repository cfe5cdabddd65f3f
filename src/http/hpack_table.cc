// The static table with what is known of each name, and the dynamic table as two rings: one of
// entries, one of their bytes.
#include "http/hpack_table.h"

#include <cassert>
#include <cstring>

namespace gwanmun::http::hpack {

namespace {

constexpr std::uint32_t kFirstBuffer = 512;
constexpr std::uint32_t kFirstSlots = 16;

// RFC 7541 Appendix A.
constexpr std::array<TableField, kStaticEntries> kStatic = {{
    {":authority", "", FieldId::kOther, Kind::kAuthority, true},
    {":method", "GET", FieldId::kOther, Kind::kMethod, true},
    {":method", "POST", FieldId::kOther, Kind::kMethod, true},
    {":path", "/", FieldId::kOther, Kind::kPath, true},
    {":path", "/index.html", FieldId::kOther, Kind::kPath, true},
    {":scheme", "http", FieldId::kOther, Kind::kScheme, true},
    {":scheme", "https", FieldId::kOther, Kind::kScheme, true},
    {":status", "200", FieldId::kOther, Kind::kStatus, true},
    {":status", "204", FieldId::kOther, Kind::kStatus, true},
    {":status", "206", FieldId::kOther, Kind::kStatus, true},
    {":status", "304", FieldId::kOther, Kind::kStatus, true},
    {":status", "400", FieldId::kOther, Kind::kStatus, true},
    {":status", "404", FieldId::kOther, Kind::kStatus, true},
    {":status", "500", FieldId::kOther, Kind::kStatus, true},
    {"accept-charset", "", FieldId::kOther, Kind::kRegular, true},
    {"accept-encoding", "gzip, deflate", FieldId::kAcceptEncoding, Kind::kRegular, true},
    {"accept-language", "", FieldId::kOther, Kind::kRegular, true},
    {"accept-ranges", "", FieldId::kOther, Kind::kRegular, true},
    {"accept", "", FieldId::kAccept, Kind::kRegular, true},
    {"access-control-allow-origin", "", FieldId::kOther, Kind::kRegular, true},
    {"age", "", FieldId::kOther, Kind::kRegular, true},
    {"allow", "", FieldId::kOther, Kind::kRegular, true},
    {"authorization", "", FieldId::kAuthorization, Kind::kRegular, true},
    {"cache-control", "", FieldId::kOther, Kind::kRegular, true},
    {"content-disposition", "", FieldId::kOther, Kind::kRegular, true},
    {"content-encoding", "", FieldId::kOther, Kind::kRegular, true},
    {"content-language", "", FieldId::kOther, Kind::kRegular, true},
    {"content-length", "", FieldId::kContentLength, Kind::kRegular, true},
    {"content-location", "", FieldId::kOther, Kind::kRegular, true},
    {"content-range", "", FieldId::kOther, Kind::kRegular, true},
    {"content-type", "", FieldId::kContentType, Kind::kRegular, true},
    {"cookie", "", FieldId::kCookie, Kind::kRegular, true},
    {"date", "", FieldId::kDate, Kind::kRegular, true},
    {"etag", "", FieldId::kOther, Kind::kRegular, true},
    {"expect", "", FieldId::kExpect, Kind::kRegular, true},
    {"expires", "", FieldId::kOther, Kind::kRegular, true},
    {"from", "", FieldId::kOther, Kind::kRegular, true},
    {"host", "", FieldId::kHost, Kind::kRegular, true},
    {"if-match", "", FieldId::kOther, Kind::kRegular, true},
    {"if-modified-since", "", FieldId::kOther, Kind::kRegular, true},
    {"if-none-match", "", FieldId::kOther, Kind::kRegular, true},
    {"if-range", "", FieldId::kOther, Kind::kRegular, true},
    {"if-unmodified-since", "", FieldId::kOther, Kind::kRegular, true},
    {"last-modified", "", FieldId::kOther, Kind::kRegular, true},
    {"link", "", FieldId::kOther, Kind::kRegular, true},
    {"location", "", FieldId::kLocation, Kind::kRegular, true},
    {"max-forwards", "", FieldId::kOther, Kind::kRegular, true},
    {"proxy-authenticate", "", FieldId::kOther, Kind::kRegular, true},
    {"proxy-authorization", "", FieldId::kOther, Kind::kRegular, true},
    {"range", "", FieldId::kOther, Kind::kRegular, true},
    {"referer", "", FieldId::kOther, Kind::kRegular, true},
    {"refresh", "", FieldId::kOther, Kind::kRegular, true},
    {"retry-after", "", FieldId::kRetryAfter, Kind::kRegular, true},
    {"server", "", FieldId::kServer, Kind::kRegular, true},
    {"set-cookie", "", FieldId::kSetCookie, Kind::kRegular, true},
    {"strict-transport-security", "", FieldId::kOther, Kind::kRegular, true},
    {"transfer-encoding", "", FieldId::kTransferEncoding, Kind::kMalformed, true},
    {"user-agent", "", FieldId::kUserAgent, Kind::kRegular, true},
    {"vary", "", FieldId::kVary, Kind::kRegular, true},
    {"via", "", FieldId::kVia, Kind::kRegular, true},
    {"www-authenticate", "", FieldId::kOther, Kind::kRegular, true},
}};

constexpr std::size_t kBuckets = 64;

constexpr std::size_t bucket_of(std::string_view name) {
  return (name.size() * 5 + static_cast<unsigned char>(name.front()) * 31u +
          static_cast<unsigned char>(name.back())) %
         kBuckets;
}

// Index of a name, by id, and by a hash with chains for names without one.
struct NameIndex {
  std::array<std::uint8_t, static_cast<std::size_t>(FieldId::kCount)> by_id{};
  std::array<std::uint8_t, kBuckets> first{};
  std::array<std::uint8_t, kStaticEntries + 1> next{};
};

constexpr NameIndex make_index() {
  NameIndex out;
  for (std::uint32_t i = kStaticEntries; i >= 1; --i) {
    const TableField& field = kStatic[i - 1];
    auto index = static_cast<std::uint8_t>(i);
    if (field.id != FieldId::kOther) {
      out.by_id[static_cast<std::size_t>(field.id)] = index;
    } else {
      std::size_t bucket = bucket_of(field.name);
      out.next[i] = out.first[bucket];
      out.first[bucket] = index;
    }
  }
  return out;
}

constexpr NameIndex kNames = make_index();

}  // namespace

const TableField& static_entry(std::uint32_t index) {
  assert(index >= 1 && index <= kStaticEntries);
  return kStatic[index - 1];
}

std::uint32_t static_name_index(FieldId id, std::string_view name) {
  if (id != FieldId::kOther) return kNames.by_id[static_cast<std::size_t>(id)];
  if (name.empty()) return 0;
  std::uint32_t index = kNames.first[bucket_of(name)];
  while (index != 0 && kStatic[index - 1].name != name) index = kNames.next[index];
  return index;
}

TableField DynamicTable::at(std::uint32_t position) const {
  assert(position >= 1 && position <= count());
  const Entry& e = entry(inserted_ - position + 1);
  const char* text = buffer_.get() + e.offset;
  std::string_view name(e.static_name != nullptr ? e.static_name : text, e.name_size);
  if (e.static_name == nullptr) text += e.name_size;
  return {name, {text, e.value_size}, e.id, e.kind, e.static_name != nullptr};
}

void DynamicTable::insert(const TableField& field) {
  auto size = static_cast<std::uint32_t>(field.name.size() + field.value.size());
  if (field.name.size() + field.value.size() + kEntryOverhead > max_bytes_) {
    evict_until(0);
    return;
  }
  evict_until(max_bytes_ - size - kEntryOverhead);
  auto name_size = static_cast<std::uint32_t>(field.name.size());
  std::uint32_t stored = field.static_name ? size - name_size : size;
  if (!fits(stored)) grow_buffer(stored);
  if (count() == slots_) grow_slots();

  ++inserted_;
  entry(inserted_) = {head_,    name_size,  size - name_size,
                      field.id, field.kind, field.static_name ? field.name.data() : nullptr};
  char* out = buffer_.get() + head_;
  if (!field.static_name) {
    if (name_size > 0) std::memcpy(out, field.name.data(), name_size);
    out += name_size;
  }
  if (!field.value.empty()) std::memcpy(out, field.value.data(), field.value.size());
  head_ += stored;
  bytes_ += size + kEntryOverhead;
}

void DynamicTable::resize(std::uint32_t max_bytes) {
  max_bytes_ = max_bytes;
  evict_until(max_bytes);
  if (max_bytes == 0) {
    buffer_.reset();
    entries_.reset();
    capacity_ = slots_ = head_ = 0;
  }
}

void DynamicTable::evict_until(std::uint32_t bytes) {
  while (bytes_ > bytes) {
    const Entry& oldest = entry(++evicted_);
    bytes_ -= oldest.name_size + oldest.value_size + kEntryOverhead;
  }
  if (count() == 0) head_ = 0;
}

std::uint32_t DynamicTable::tail() const { return count() == 0 ? 0 : entry(evicted_ + 1).offset; }

/// Moves head_ to a place with `size` bytes in a row, if there is one. Live bytes are from tail()
/// to head_, or, wrapped around (head_ < tail()), the rest of the buffer.
bool DynamicTable::fits(std::uint32_t size) {
  std::uint32_t oldest = tail();
  if (head_ < oldest) return head_ + size < oldest;
  if (head_ + size <= capacity_) return true;
  if (size >= oldest) return false;
  head_ = 0;
  return true;
}

// Twice max_bytes_ is always enough: then either the part after the newest entry or the part before
// the oldest holds any entry that max_bytes_ allows.
void DynamicTable::grow_buffer(std::uint32_t size) {
  std::uint32_t capacity = capacity_ == 0 ? kFirstBuffer : capacity_ * 2;
  while (capacity < bytes_ + size) capacity *= 2;
  auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
  std::uint32_t at = 0;
  for (std::uint32_t number = evicted_ + 1; number != inserted_ + 1; ++number) {
    Entry& e = entry(number);
    std::uint32_t stored = e.value_size + (e.static_name != nullptr ? 0 : e.name_size);
    if (stored > 0) std::memcpy(bigger.get() + at, buffer_.get() + e.offset, stored);
    e.offset = at;
    at += stored;
  }
  head_ = at;
  buffer_ = std::move(bigger);
  capacity_ = capacity;
}

void DynamicTable::grow_slots() {
  std::uint32_t slots = slots_ == 0 ? kFirstSlots : slots_ * 2;
  auto bigger = std::make_unique_for_overwrite<Entry[]>(slots);
  for (std::uint32_t number = evicted_ + 1; number != inserted_ + 1; ++number) {
    bigger[number & (slots - 1)] = entry(number);
  }
  entries_ = std::move(bigger);
  slots_ = slots;
}

}  // namespace gwanmun::http::hpack
