// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "base/time.h"

namespace punktfunk::media {

// The host's session clock (section 20): reads clock_origin_ns at its start and advances monotonically in
// whole microseconds. Every time stamp the host sends is on it. Value type.
class SessionClock {
 public:
  SessionClock() = default;
  // `origin_unix_ns` is cut to whole microseconds so that pts and absolute stamps agree exactly.
  SessionClock(TimePoint start, std::uint64_t origin_unix_ns)
      : start_(start), origin_unix_ns_(origin_unix_ns / 1000 * 1000) {}

  [[nodiscard]] std::uint64_t origin_unix_ns() const { return origin_unix_ns_; }

  // Unix ns, whole microseconds. Instants before the start read as the start.
  [[nodiscard]] std::uint64_t unix_ns(TimePoint at) const { return origin_unix_ns_ + elapsed_us(at) * 1000; }

  // The media header's capture time (section 12.5): microseconds since the origin, modulo 2^32.
  [[nodiscard]] std::uint32_t pts_us(TimePoint at) const {
    return static_cast<std::uint32_t>(elapsed_us(at));
  }

 private:
  [[nodiscard]] std::uint64_t elapsed_us(TimePoint at) const {
    if (at <= start_) return 0;
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at - start_).count());
  }

  TimePoint start_{};
  std::uint64_t origin_unix_ns_ = 0;
};

}  // namespace punktfunk::media
