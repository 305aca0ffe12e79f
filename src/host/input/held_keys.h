// SPDX-License-Identifier: MIT OR Apache-2.0
// Which keys and buttons a session holds down, so that they can be let go when it ends: a peer that vanishes
// sends no releases.
#pragma once

#include <linux/input-event-codes.h>

#include <bitset>
#include <cstdint>
#include <vector>

namespace punktfunk::host {

// An XKB keycode is the evdev code plus 8 and at most 255, so this is the last key a Wayland client can be
// sent.
inline constexpr std::uint16_t kMaxKey = 247;

class HeldKeys {
 public:
  // True when this changes something and is to be passed on: a known code, and not already in that state.
  [[nodiscard]] bool key(std::uint16_t evdev_code, bool down);
  [[nodiscard]] bool button(std::uint16_t evdev_button, bool down);

  // In ascending order.
  [[nodiscard]] std::vector<std::uint16_t> keys() const;
  [[nodiscard]] std::vector<std::uint16_t> buttons() const;

 private:
  static constexpr std::uint16_t kFirstButton = BTN_LEFT;
  static constexpr std::uint16_t kButtons = BTN_TASK - BTN_LEFT + 1;

  std::bitset<kMaxKey + 1> keys_;
  std::bitset<kButtons> buttons_;
};

}  // namespace punktfunk::host
