// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/key_codes.h"

#include <array>
#include <cstddef>

namespace punktfunk::wire {
namespace {

constexpr std::size_t kKeys = 128;

// The table of section 21.4, indexed by Linux key code; 0 = no number. Each row is 16 keys.
// clang-format off
constexpr std::array<std::uint8_t, kKeys> kVkByEvdev = {
    0, 27, 49, 50, 51, 52, 53, 54, 55, 56, 57, 48, 189, 187, 8, 9,  // 0
    81, 87, 69, 82, 84, 89, 85, 73, 79, 80, 219, 221, 13, 162, 65, 83,  // 16
    68, 70, 71, 72, 74, 75, 76, 186, 222, 192, 160, 220, 90, 88, 67, 86,  // 32
    66, 78, 77, 188, 190, 191, 161, 106, 164, 32, 20, 112, 113, 114, 115, 116,  // 48
    117, 118, 119, 120, 121, 144, 145, 103, 104, 105, 109, 100, 101, 102, 107, 97,  // 64
    98, 99, 96, 110, 0, 243, 226, 122, 123, 193, 0, 0, 28, 242, 29, 0,  // 80
    108, 163, 111, 44, 165, 0, 36, 38, 33, 37, 39, 35, 40, 34, 45, 46,  // 96
    0, 0, 0, 0, 0, 0, 0, 19, 0, 194, 21, 25, 225, 91, 92, 93,  // 112
};
// clang-format on

constexpr std::array<std::uint8_t, 256> invert() {
  std::array<std::uint8_t, 256> evdev_by_vk{};
  for (std::size_t evdev = 0; evdev < kKeys; ++evdev) {
    if (kVkByEvdev[evdev] != 0) evdev_by_vk[kVkByEvdev[evdev]] = static_cast<std::uint8_t>(evdev);
  }
  return evdev_by_vk;
}

constexpr std::array<std::uint8_t, 256> kEvdevByVk = invert();

}  // namespace

std::optional<std::uint8_t> evdev_to_vk(std::uint16_t evdev) {
  if (evdev >= kKeys || kVkByEvdev[evdev] == 0) return std::nullopt;
  return kVkByEvdev[evdev];
}

std::optional<std::uint16_t> vk_to_evdev(std::uint32_t code) {
  const std::uint32_t vk = code & 0x7FFFFFFFU;
  if (vk >= kEvdevByVk.size() || kEvdevByVk[vk] == 0) return std::nullopt;
  return kEvdevByVk[vk];
}

}  // namespace punktfunk::wire
