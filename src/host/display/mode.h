// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace punktfunk::host {

struct DisplayMode {
  std::uint32_t width = 0;               // pixels; odd sizes are fine for the display itself
  std::uint32_t height = 0;              // pixels
  std::uint32_t refresh_millihertz = 0;  // 60 Hz = 60000, NTSC 59.94 Hz = 59940

  [[nodiscard]] static constexpr DisplayMode from_hz(std::uint32_t width, std::uint32_t height,
                                                     std::uint32_t hz) {
    return {width, height, hz * 1000};
  }
  [[nodiscard]] constexpr double refresh_hz() const { return refresh_millihertz / 1000.0; }
  bool operator==(const DisplayMode&) const = default;
};

// Bounds on what a peer may ask for: a picture below 64 pixels shows nothing, one above 8192 is more than
// H.264 level 6.2 codes and would let one client take gigabytes (8192² · 4 B = 256 MiB a buffer).
inline constexpr std::uint32_t kMinDisplaySide = 64;
inline constexpr std::uint32_t kMaxDisplaySide = 8192;
inline constexpr std::uint32_t kMinRefreshMillihertz = 1'000;
inline constexpr std::uint32_t kMaxRefreshMillihertz = 240'000;

// nullopt when the mode may be created, else the sentence that refuses it.
[[nodiscard]] std::optional<std::string> refuse_mode(const DisplayMode& mode);

// "1280x720@60", "1366x768@59.94".
[[nodiscard]] std::string to_string(const DisplayMode& mode);

}  // namespace punktfunk::host
