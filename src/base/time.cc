// SPDX-License-Identifier: MIT OR Apache-2.0
#include "base/time.h"

namespace punktfunk {

MonotonicClock::time_point MonotonicClock::now() noexcept {
  // libstdc++ and libc++ both define steady_clock as CLOCK_MONOTONIC on Linux.
  return time_point(std::chrono::steady_clock::now().time_since_epoch());
}

std::uint64_t wall_clock_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace punktfunk
