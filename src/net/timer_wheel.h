// TimerWheel: all timers of one loop, in slots by due time. Used by loop.cc only.
//
// A timer lies on the level of the highest 6-bit digit in which its due time differs from now, in
// the slot of that digit. So everything on a level is due before everything on the levels above it,
// and the first used slot of the lowest used level comes next; when now reaches that slot, its
// timers move down or fire. Arming and disarming are a few instructions, whatever the number.
#pragma once

#include <array>
#include <cstdint>

#include "net/loop.h"

namespace gwanmun::net {

class TimerWheel {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  /// Fires at `due_ms`, or at the next millisecond when that is over.
  void insert(Timer& timer, std::uint64_t due_ms, Timer::Callback callback, void* context);
  void remove(Timer& timer);
  /// Milliseconds from now at which advance() has something to do (fire, or move timers down); 0
  /// when that is already so; kNever without timers.
  std::uint64_t next_in() const;
  /// Moves now to `to_ms` (not before now) and fires what is due, in order of due time.
  void advance(std::uint64_t to_ms);
  void start_at(std::uint64_t now_ms) { now_ = now_ms; }

 private:
  static constexpr int kDigitBits = 6;
  static constexpr int kSlots = 1 << kDigitBits;
  static constexpr int kLevels = 7;  // 2^42 ms: 139 years of uptime

  void place(Timer& timer);
  std::uint64_t next_tick() const;
  void expire(int level, int slot);

  std::uint64_t now_ = 0;
  std::array<std::uint64_t, kLevels> used_{};  // a bit for each slot
  std::array<std::array<Timer*, kSlots>, kLevels> slots_{};
};

}  // namespace gwanmun::net
