// The hierarchical wheel behind Timer: see timer_wheel.h for the invariant.
#include "net/timer_wheel.h"

#include <bit>
#include <utility>

namespace gwanmun::net {

void TimerWheel::insert(Timer& timer, std::uint64_t due_ms, Timer::Callback callback,
                        void* context) {
  timer.due_ms_ = due_ms;
  timer.callback_ = callback;
  timer.context_ = context;
  place(timer);
}

void TimerWheel::place(Timer& timer) {
  // What is due already fires at the next millisecond: the current slot has been emptied.
  std::uint64_t due = timer.due_ms_ > now_ ? timer.due_ms_ : now_ + 1;
  int level = (63 - std::countl_zero(due ^ now_)) / kDigitBits;
  if (level >= kLevels) level = kLevels - 1;
  int slot = static_cast<int>(due >> (level * kDigitBits)) & (kSlots - 1);
  Timer** head = &slots_[level][slot];
  timer.next_ = *head;
  if (timer.next_) timer.next_->link_ = &timer.next_;
  timer.link_ = head;
  *head = &timer;
  used_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::remove(Timer& timer) {
  *timer.link_ = timer.next_;
  if (timer.next_) {
    timer.next_->link_ = timer.link_;
    return;
  }
  // The last one of its slot clears the slot's bit; a link inside another timer (or in the list
  // that expire() is walking) is not a slot.
  auto first = reinterpret_cast<std::uintptr_t>(slots_.data());
  auto offset = reinterpret_cast<std::uintptr_t>(timer.link_) - first;
  if (offset >= sizeof slots_) return;
  auto index = offset / sizeof(Timer*);
  used_[index / kSlots] &= ~(std::uint64_t{1} << (index % kSlots));
}

std::uint64_t TimerWheel::next_tick() const {
  for (int level = 0; level < kLevels; ++level) {
    if (!used_[level]) continue;
    int shift = level * kDigitBits;
    std::uint64_t above = now_ >> (shift + kDigitBits) << (shift + kDigitBits);
    return above | static_cast<std::uint64_t>(std::countr_zero(used_[level])) << shift;
  }
  return kNever;
}

std::uint64_t TimerWheel::next_in() const {
  std::uint64_t next = next_tick();
  if (next == kNever) return kNever;
  return next > now_ ? next - now_ : 0;
}

void TimerWheel::advance(std::uint64_t to_ms) {
  for (std::uint64_t next = next_tick(); next <= to_ms; next = next_tick()) {
    int level = 0;
    while (!used_[level]) ++level;
    int slot = std::countr_zero(used_[level]);
    now_ = next;
    expire(level, slot);
  }
  if (to_ms > now_) now_ = to_ms;
}

void TimerWheel::expire(int level, int slot) {
  Timer* list = std::exchange(slots_[level][slot], nullptr);
  used_[level] &= ~(std::uint64_t{1} << slot);
  if (list) list->link_ = &list;
  while (Timer* timer = list) {
    list = timer->next_;
    if (list) list->link_ = &list;
    if (timer->due_ms_ > now_) {
      place(*timer);
    } else {
      timer->loop_ = nullptr;  // a callback may arm it again, or destroy it
      timer->callback_(timer->context_);
    }
  }
}

}  // namespace gwanmun::net
