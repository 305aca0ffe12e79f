// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace punktfunk::media {

// One access unit as it left the network. Value type; `au` goes back to the receiver with recycle() when
// done.
struct Frame {
  std::uint32_t index = 0;
  std::uint8_t epoch = 0;
  std::uint16_t flags = 0;       // as sent, without LAST_BLOCK
  std::uint64_t capture_ns = 0;  // host session clock, Unix ns (section 20)
  Bytes au;
  TimePoint first_packet{};
  TimePoint last_packet{};  // the one that completed it
  std::uint32_t recovered_shards = 0;
};

}  // namespace punktfunk::media
