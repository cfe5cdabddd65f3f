// StringTable: strings to small numbers in one flat allocation (open addressing, linear probing).
// What the router's look-ups are made of: one cache line for the slot, one for the text. Internal
// to the router; keys are views that must outlive the table; immutable when built.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace gwanmun::proxy {

class StringTable {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// Room for so many without growing again.
  void reserve(std::size_t count) {
    std::size_t slots = 4;
    while (slots < count * 2) slots *= 2;
    if (slots > slots_.size()) rehash(slots);
  }

  std::uint32_t find(std::string_view key) const {
    const std::uint32_t* value = find_value(key);
    return value ? *value : kNone;
  }

  /// The value of the key, put there now when it had none. Valid until the next insertion.
  std::uint32_t& insert(std::string_view key, std::uint32_t value) {
    if (std::uint32_t* found = const_cast<std::uint32_t*>(find_value(key))) return *found;
    reserve(++size_);
    Slot& slot = slots_[free_slot(hash_of(key))];
    slot = {key, hash_of(key), value};
    return slot.value;
  }

 private:
  struct Slot {
    std::string_view key;
    std::uint32_t hash = 0;  // 0: free
    std::uint32_t value = 0;
  };

  static std::uint32_t hash_of(std::string_view key) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(key)) | 1;
  }

  const std::uint32_t* find_value(std::string_view key) const {
    if (slots_.empty()) return nullptr;
    std::uint32_t hash = hash_of(key);
    for (std::size_t at = first_slot(hash); slots_[at].hash != 0; at = next_slot(at)) {
      if (slots_[at].hash == hash && slots_[at].key == key) return &slots_[at].value;
    }
    return nullptr;
  }

  // The lowest bit of a hash is always set: it takes no part in the position.
  std::size_t first_slot(std::uint32_t hash) const { return (hash >> 1) & (slots_.size() - 1); }
  std::size_t next_slot(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  std::size_t free_slot(std::uint32_t hash) const {
    std::size_t at = first_slot(hash);
    while (slots_[at].hash != 0) at = next_slot(at);
    return at;
  }

  void rehash(std::size_t count) {
    std::vector<Slot> old(count);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.hash != 0) slots_[free_slot(slot.hash)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace gwanmun::proxy
