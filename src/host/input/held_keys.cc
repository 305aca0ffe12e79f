// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/input/held_keys.h"

namespace punktfunk::host {

bool HeldKeys::key(std::uint16_t evdev_code, bool down) {
  if (evdev_code == KEY_RESERVED || evdev_code > kMaxKey || keys_[evdev_code] == down) return false;
  keys_[evdev_code] = down;
  return true;
}

bool HeldKeys::button(std::uint16_t evdev_button, bool down) {
  if (evdev_button < kFirstButton || evdev_button >= kFirstButton + kButtons) return false;
  const std::size_t index = evdev_button - std::size_t{kFirstButton};
  if (buttons_[index] == down) return false;
  buttons_[index] = down;
  return true;
}

std::vector<std::uint16_t> HeldKeys::keys() const {
  std::vector<std::uint16_t> out;
  for (std::uint16_t code = 0; code <= kMaxKey; ++code)
    if (keys_[code]) out.push_back(code);
  return out;
}

std::vector<std::uint16_t> HeldKeys::buttons() const {
  std::vector<std::uint16_t> out;
  for (std::uint16_t index = 0; index < kButtons; ++index)
    if (buttons_[index]) out.push_back(static_cast<std::uint16_t>(kFirstButton + index));
  return out;
}

}  // namespace punktfunk::host
