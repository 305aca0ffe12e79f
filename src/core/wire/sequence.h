// SPDX-License-Identifier: MIT OR Apache-2.0
// Order of numbers that wrap around (protocol section 0, "half-space").
#pragma once

#include <concepts>
#include <limits>

namespace punktfunk::wire {

// True iff `a` is newer than `b`: 0 < (a - b) mod 2^w < 2^(w-1), where w is the width of T.
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool is_newer(T a, T b) {
  const auto distance = static_cast<T>(a - b);
  constexpr T kHalf = static_cast<T>(std::numeric_limits<T>::max() / 2 + 1);
  return distance != 0 && distance < kHalf;
}

}  // namespace punktfunk::wire
