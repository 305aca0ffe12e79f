// SPDX-License-Identifier: MIT OR Apache-2.0
// The hand-offs between threads. Each has a stated size and a stated policy on overflow; every wait is
// bounded and ends at once on close(). docs/architecture.md names each instance.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/time.h"

namespace punktfunk {

// Holds at most `capacity` items. With several slots of pictures, newest wins: push() on a full queue drops
// the OLDEST item and counts it. try_push() refuses instead, for items that must not be lost silently. Any
// thread may call any method.
template <class T>
class BoundedQueue {
 public:
  // `capacity` is above 0.
  explicit BoundedQueue(std::size_t capacity)
      : capacity_(capacity), slots_(std::make_unique<std::optional<T>[]>(capacity)) {}

  // Returns the item that had to make room, if any, so that its buffer can be recycled.
  std::optional<T> push(T item) {
    std::optional<T> evicted;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return item;
      if (size_ >= capacity_) {
        evicted = take_first();
        ++dropped_;
      }
      add(std::move(item));
    }
    ready_.notify_one();
    return evicted;
  }

  // False, and `item` untouched, when the queue is full or closed.
  [[nodiscard]] bool try_push(T&& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || size_ >= capacity_) {
        ++dropped_;
        return false;
      }
      add(std::move(item));
    }
    ready_.notify_one();
    return true;
  }

  // nullopt after `timeout`, after wake(), or once the queue is closed and empty.
  [[nodiscard]] std::optional<T> pop(Duration timeout) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, timeout, [this] { return closed_ || woken_ || size_ > 0; });
    woken_ = false;
    return take(lock);
  }

  // Ends the pop() under way, or else the next one: its thread has other work.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    ready_.notify_all();
  }

  // For a single producer that must not lose items: true once there is room, false after `timeout` or when
  // closed.
  [[nodiscard]] bool wait_for_space(Duration timeout) {
    std::unique_lock lock(mutex_);
    space_.wait_for(lock, timeout, [this] { return closed_ || size_ < capacity_; });
    return !closed_ && size_ < capacity_;
  }

  [[nodiscard]] std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  // Wakes every waiter; later pushes are dropped, items already queued can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
    space_.notify_all();
  }

  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>&) {
    if (size_ == 0) return std::nullopt;
    std::optional<T> item = take_first();
    space_.notify_one();
    return item;
  }
  std::optional<T> take_first() {
    std::optional<T> item = std::exchange(slots_[first_], std::nullopt);
    first_ = (first_ + 1) % capacity_;
    --size_;
    return item;
  }
  void add(T&& item) { slots_[(first_ + size_++) % capacity_].emplace(std::move(item)); }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable space_;
  const std::unique_ptr<std::optional<T>[]> slots_;  // a ring
  std::size_t first_ = 0, size_ = 0;
  bool closed_ = false;
  bool woken_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace punktfunk
