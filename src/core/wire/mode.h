// SPDX-License-Identifier: MIT OR Apache-2.0
// A display mode as the wire carries it: 12 bytes, width, height and refresh as u32 (protocol section 8.1).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kModeBytes = 12;

struct Mode {
  std::uint32_t width = 0;       // pixels
  std::uint32_t height = 0;      // pixels
  std::uint32_t refresh_hz = 0;  // whole Hz

  bool operator==(const Mode&) const = default;

  [[nodiscard]] constexpr std::array<std::uint8_t, kModeBytes> encode() const {
    std::array<std::uint8_t, kModeBytes> out{};
    store_le(out.data(), width);
    store_le(out.data() + 4, height);
    store_le(out.data() + 8, refresh_hz);
    return out;
  }

  // `bytes` holds at least kModeBytes.
  [[nodiscard]] static constexpr Mode decode(const std::uint8_t* bytes) {
    return {load_le<std::uint32_t>(bytes), load_le<std::uint32_t>(bytes + 4),
            load_le<std::uint32_t>(bytes + 8)};
  }
};

}  // namespace punktfunk::wire
