// SPDX-License-Identifier: MIT OR Apache-2.0
// For the writers of datagram payloads in this folder.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"

namespace punktfunk::wire {

// head ‖ tail in one allocation. (Appending to a vector of a few bytes makes g++ 12 warn of a write past its
// end, wrongly.)
[[nodiscard]] inline Bytes join(std::initializer_list<std::uint8_t> head, ByteView tail) {
  Bytes out(head.size() + tail.size());
  std::copy(tail.begin(), tail.end(), std::copy(head.begin(), head.end(), out.begin()));
  return out;
}

}  // namespace punktfunk::wire
