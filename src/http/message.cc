// Field names and their ids, the Headers container, reason phrases. Called for every field of every
// message: a name becomes an id with one multiplication and one compare. Never allocates outside
// the arena.
#include "http/message.h"

#include <cstring>

namespace gwanmun::http {

namespace {

constexpr std::size_t kIds = static_cast<std::size_t>(FieldId::kCount);

// In the order of FieldId; the first entry stands for kOther.
constexpr std::array<std::string_view, kIds> kNames = {
    "",
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "grpc-status",
    "grpc-timeout",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "origin",
    "proxy-connection",
    "retry-after",
    "sec-websocket-key",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
};

constexpr std::size_t kSlots = 256;
constexpr std::size_t kMinName = 2;
constexpr std::size_t kMaxName = 30;

// Length, first, middle and last but one character tell all known names apart; the multiplier is
// searched at compile time so that no two share a slot.
constexpr std::size_t slot_of(std::string_view name, std::uint32_t multiplier) {
  std::uint32_t key =
      static_cast<std::uint32_t>(name.size()) |
      static_cast<std::uint32_t>(static_cast<unsigned char>(name[0])) << 8 |
      static_cast<std::uint32_t>(static_cast<unsigned char>(name[name.size() / 2])) << 16 |
      static_cast<std::uint32_t>(static_cast<unsigned char>(name[name.size() - 2])) << 24;
  return static_cast<std::size_t>((key * multiplier) >> 24);
}

constexpr bool collision_free(std::uint32_t multiplier) {
  std::array<bool, kSlots> taken{};
  for (std::size_t id = 1; id < kIds; ++id) {
    std::size_t slot = slot_of(kNames[id], multiplier);
    if (taken[slot]) return false;
    taken[slot] = true;
  }
  return true;
}

consteval std::uint32_t find_multiplier() {
  for (std::uint32_t candidate = 0x9E3779B1u;; candidate += 0x61C88646u) {
    if (collision_free(candidate | 1)) return candidate | 1;
  }
}

constexpr std::uint32_t kMultiplier = find_multiplier();

consteval std::array<FieldId, kSlots> make_slots() {
  std::array<FieldId, kSlots> slots{};
  for (std::size_t id = 1; id < kIds; ++id) {
    slots[slot_of(kNames[id], kMultiplier)] = static_cast<FieldId>(id);
  }
  return slots;
}

constexpr std::array<FieldId, kSlots> kSlotIds = make_slots();

// Equal lengths between 2 and 30, without a call: two overlapping words from both ends.
bool same_bytes(const char* a, const char* b, std::size_t size) {
  auto same = [&]<class Word>(Word, std::size_t offset) {
    Word left, right;
    std::memcpy(&left, a + offset, sizeof left);
    std::memcpy(&right, b + offset, sizeof right);
    return left == right;
  };
  if (size >= 16) {
    return same(std::uint64_t{}, 0) && same(std::uint64_t{}, 8) &&
           same(std::uint64_t{}, size - 16) && same(std::uint64_t{}, size - 8);
  }
  if (size >= 8) return same(std::uint64_t{}, 0) && same(std::uint64_t{}, size - 8);
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  return same(std::uint16_t{}, 0) && same(std::uint16_t{}, size - 2);
}

}  // namespace

FieldId field_id(std::string_view lower_name) {
  if (lower_name.size() < kMinName || lower_name.size() > kMaxName) return FieldId::kOther;
  FieldId id = kSlotIds[slot_of(lower_name, kMultiplier)];
  std::string_view known = kNames[static_cast<std::size_t>(id)];
  if (known.size() != lower_name.size()) return FieldId::kOther;
  return same_bytes(known.data(), lower_name.data(), known.size()) ? id : FieldId::kOther;
}

std::string_view field_name(FieldId id) { return kNames[static_cast<std::size_t>(id)]; }

void Headers::reserve(std::uint32_t count) {
  if (count <= capacity_) return;
  Field* wider = arena_->array<Field>(count);
  if (size_ > 0) std::memcpy(static_cast<void*>(wider), fields_, size_ * sizeof(Field));
  fields_ = wider;
  capacity_ = count;
}

void Headers::set(std::string_view lower_name, std::string_view value) {
  FieldId id = field_id(lower_name);
  bool placed = false;
  remove_if([&](Field& field) {
    if (field.id != id || field.name != lower_name) return false;
    if (placed) return true;
    field.value = value;
    placed = true;
    return false;
  });
  if (!placed) add(Field{lower_name, value, id});
}

int Headers::remove(std::string_view lower_name) {
  FieldId id = field_id(lower_name);
  return remove_if([&](const Field& field) {
    return field.id == id && (id != FieldId::kOther || field.name == lower_name);
  });
}

int Headers::remove(FieldId id) {
  return remove_if([&](const Field& field) { return field.id == id; });
}

const Field* Headers::find(std::string_view lower_name) const {
  if (FieldId id = field_id(lower_name); id != FieldId::kOther) return find(id);
  for (const Field& field : *this) {
    if (field.name == lower_name) return &field;
  }
  return nullptr;
}

const Field* Headers::find(FieldId id) const {
  for (const Field& field : *this) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::string_view Headers::joined(std::string_view lower_name) const {
  const Field* first = find(lower_name);
  if (first == nullptr) return {};
  auto alike = [first](const Field& field) {
    return field.id == first->id && (field.id != FieldId::kOther || field.name == first->name);
  };
  std::size_t size = 0;
  int count = 0;
  for (const Field* field = first; field != end(); ++field) {
    if (!alike(*field)) continue;
    size += field->value.size() + 2;
    ++count;
  }
  if (count == 1) return first->value;
  char* all = arena_->array<char>(size);
  char* at = all;
  for (const Field* field = first; field != end(); ++field) {
    if (!alike(*field)) continue;
    if (field != first) at = static_cast<char*>(std::memcpy(at, ", ", 2)) + 2;
    std::memcpy(at, field->value.data(), field->value.size());
    at += field->value.size();
  }
  return {all, static_cast<std::size_t>(at - all)};
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace gwanmun::http
