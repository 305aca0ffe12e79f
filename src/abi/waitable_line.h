// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/time.h"
#include "base/unique_fd.h"

namespace punktfunk::abi {

// A bounded queue that can also be waited for with poll(): the descriptor is readable while something waits
// and once the line is closed. Newest wins: a full line gives back its oldest item. Any thread.
template <class T>
class WaitableLine {
 public:
  explicit WaitableLine(std::size_t capacity)
      : capacity_(capacity), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // False: the process has no descriptor left, and the line must not be used.
  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // What had to make room, or `item` itself when the line is closed.
  std::optional<T> push(T item) {
    return push_unless([](const T&) { return false; }, std::move(item));
  }

  // The same, but gives `item` back when one that `is_like` it waits already.
  template <class IsLike>
  std::optional<T> push_unless(IsLike&& is_like, T item) {
    std::optional<T> left_over;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return item;
      for (const T& waiting : items_) {
        if (is_like(waiting)) return item;
      }
      if (items_.size() >= capacity_) {
        left_over = std::move(items_.front());
        items_.pop_front();
      }
      items_.push_back(std::move(item));
      set_readable(true);
    }
    ready_.notify_one();
    return left_over;
  }

  enum class Outcome : std::uint8_t { item, empty, closed };

  // Waits for at most `timeout_ms`, for as long as it takes when that is negative.
  Outcome pop(std::int32_t timeout_ms, T& out) {
    std::unique_lock lock(mutex_);
    const auto has_news = [this] { return closed_ || !items_.empty(); };
    if (timeout_ms < 0) {
      ready_.wait(lock, has_news);
    } else {
      ready_.wait_for(lock, std::chrono::milliseconds(timeout_ms), has_news);
    }
    if (items_.empty()) return closed_ ? Outcome::closed : Outcome::empty;
    out = std::move(items_.front());
    items_.pop_front();
    set_readable(closed_ || !items_.empty());
    return Outcome::item;
  }

  // Nothing more comes; what waits can still be taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      set_readable(true);
    }
    ready_.notify_all();
  }

 private:
  void set_readable(bool readable) {
    if (std::exchange(readable_, readable) == readable) return;
    std::uint64_t count = 1;
    // Neither can fail: the counter is 0 before the write and 1 before the read.
    if (readable) {
      (void)!::write(fd_.get(), &count, sizeof count);
    } else {
      (void)!::read(fd_.get(), &count, sizeof count);
    }
  }

  const std::size_t capacity_;
  const UniqueFd fd_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> items_;
  bool closed_ = false;
  bool readable_ = false;
};

}  // namespace punktfunk::abi
