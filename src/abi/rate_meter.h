// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace punktfunk::abi {

// Counts over the last full second. Not thread-safe.
class RateMeter {
 public:
  struct Rates {
    std::uint32_t frames_per_1000_s = 0;
    std::uint32_t video_kbps = 0;
    std::uint32_t receive_kbps = 0;
  };

  // One access unit arrived; `wire_bytes` is the running total of media datagrams.
  void add_frame(std::uint64_t bytes, std::uint64_t wire_bytes, TimePoint now) {
    if (!is_running_) {
      is_running_ = true;
      begin(wire_bytes, now);
    }
    if (now - since_ >= kSecond) {
      const double seconds = to_seconds(now - since_);
      rates_.frames_per_1000_s = per_second(frames_ * 1000, seconds);
      rates_.video_kbps = per_second(bytes_ / 125, seconds);  // 1 kbit = 125 bytes
      rates_.receive_kbps = per_second((wire_bytes - wire_at_start_) / 125, seconds);
      begin(wire_bytes, now);
    }
    ++frames_;
    bytes_ += bytes;
  }

  // A second that is still open two seconds after it began shows that nothing comes any more.
  [[nodiscard]] Rates at(TimePoint now) const { return now - since_ < 2 * kSecond ? rates_ : Rates{}; }

 private:
  static constexpr Duration kSecond = std::chrono::seconds(1);

  static std::uint32_t per_second(std::uint64_t count, double seconds) {
    return static_cast<std::uint32_t>(static_cast<double>(count) / seconds);
  }
  void begin(std::uint64_t wire_bytes, TimePoint now) {
    since_ = now;
    frames_ = bytes_ = 0;
    wire_at_start_ = wire_bytes;
  }

  bool is_running_ = false;
  TimePoint since_{};
  std::uint64_t frames_ = 0, bytes_ = 0, wire_at_start_ = 0;
  Rates rates_;
};

}  // namespace punktfunk::abi
