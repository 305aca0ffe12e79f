// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace punktfunk::host::api {

// The newest lines of the log, for people who look at a host from elsewhere. What must not be read there must
// not be logged at all (base/log.h). Any thread.
class LogRing {
 public:
  // 500 lines of at most 1 KiB: half a megabyte at worst.
  static constexpr std::size_t kMaxLines = 500;
  static constexpr std::size_t kMaxText = 1024;

  struct Line {
    std::uint64_t id = 0;  // from 1, without gaps
    std::uint64_t unix_ms = 0;
    std::string level;  // "debug", "info", "warning", "error" …
    std::string text;
  };

  // A ring that the default logger fills from now on. At program start: spdlog's list of sinks is not
  // thread-safe.
  [[nodiscard]] static std::shared_ptr<LogRing> attach();

  void add(std::uint64_t unix_ms, std::string level, std::string text);
  // At most `limit` lines with an id above `after`: the newest ones when `after` is 0, else the oldest.
  [[nodiscard]] std::vector<Line> lines(std::uint64_t after, std::size_t limit) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Line> lines_;
  std::uint64_t next_id_ = 1;
};

}  // namespace punktfunk::host::api
