// SPDX-License-Identifier: MIT OR Apache-2.0
// What a host lets a client do (protocol section 25).
#pragma once

#include <cstdint>

namespace punktfunk::wire {

inline constexpr std::uint32_t kGrantGamepad = 0x01;
inline constexpr std::uint32_t kGrantPointer = 0x02;   // mouse, touch, pen
inline constexpr std::uint32_t kGrantKeyboard = 0x04;  // and text
inline constexpr std::uint32_t kGrantClipboard = 0x08;
inline constexpr std::uint32_t kGrantMicrophone = 0x10;
inline constexpr std::uint32_t kGrantLaunch = 0x20;
inline constexpr std::uint32_t kGrantPower = 0x40;
inline constexpr std::uint32_t kGrantManageGames = 0x80;
inline constexpr std::uint32_t kGrantAll = 0xFF;

// "All" as older hosts wrote it, before there were eight grants, reads as all; every other mask is kept.
[[nodiscard]] constexpr std::uint32_t normalize_grants(std::uint32_t mask) {
  return mask == 0x3F || mask == 0x7F ? kGrantAll : mask;
}

// What a mask amounts to, in the words a person chooses by. Bits past the eighth do not count.
enum class AccessLevel : std::uint8_t { view, controller, full, custom };

[[nodiscard]] constexpr AccessLevel access_level(std::uint32_t mask) {
  switch (normalize_grants(mask) & kGrantAll) {
    case 0:
      return AccessLevel::view;
    case kGrantGamepad:
      return AccessLevel::controller;
    case kGrantAll:
      return AccessLevel::full;
    default:
      return AccessLevel::custom;
  }
}

}  // namespace punktfunk::wire
