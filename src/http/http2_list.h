// A doubly linked list of objects that carry their own links: joining and leaving cost a few
// instructions and no memory. An object is in at most one list per link. Used by the HTTP/2 code.
#pragma once

#include <cassert>

namespace gwanmun::http::http2 {

template <class T>
struct ListLink {
  T* previous = nullptr;
  T* next = nullptr;
  bool linked = false;
};

template <class T, ListLink<T> T::* kLink>
class List {
 public:
  bool empty() const { return first_ == nullptr; }
  T* front() const { return first_; }
  static bool contains(const T& item) { return (item.*kLink).linked; }

  void push_back(T& item) {
    ListLink<T>& link = item.*kLink;
    assert(!link.linked);
    link = {last_, nullptr, true};
    (last_ != nullptr ? (last_->*kLink).next : first_) = &item;
    last_ = &item;
  }
  void remove(T& item) {
    ListLink<T>& link = item.*kLink;
    if (!link.linked) return;
    (link.previous != nullptr ? (link.previous->*kLink).next : first_) = link.next;
    (link.next != nullptr ? (link.next->*kLink).previous : last_) = link.previous;
    link = {};
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace gwanmun::http::http2
