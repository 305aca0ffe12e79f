// SPDX-License-Identifier: MIT OR Apache-2.0
// Size limits that follow from the session's parameters (protocol section 13.5).
#pragma once

#include <algorithm>
#include <cstdint>

namespace punktfunk::wire {

inline constexpr std::uint64_t kMinFrameLimit = 8ULL << 20;   // 8 MiB
inline constexpr std::uint64_t kMaxFrameLimit = 64ULL << 20;  // 64 MiB

// The largest access unit a receiver takes: four frame intervals' worth of the bitrate (1 kbit/s = 125
// bytes/s), held between the two limits. A bitrate of 0 is unknown and gets the upper limit; a refresh of 0
// counts as 1.
[[nodiscard]] constexpr std::uint64_t max_frame_bytes(std::uint32_t bitrate_kbps, std::uint32_t refresh_hz) {
  if (bitrate_kbps == 0) return kMaxFrameLimit;
  const std::uint64_t four_frames =
      4 * std::uint64_t{bitrate_kbps} * 125 / std::max<std::uint32_t>(refresh_hz, 1);
  return std::clamp(four_frames, kMinFrameLimit, kMaxFrameLimit);
}

}  // namespace punktfunk::wire
