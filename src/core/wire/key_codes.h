// SPDX-License-Identifier: MIT OR Apache-2.0
// Key codes of the wire: Windows virtual-key numbers that name physical positions of a US keyboard, not
// characters (protocol section 21.4).
#pragma once

#include <cstdint>
#include <optional>

namespace punktfunk::wire {

// nullopt: the wire has no number for this Linux key code.
[[nodiscard]] std::optional<std::uint8_t> evdev_to_vk(std::uint16_t evdev);

// Strips the flag in the top bit first. nullopt: no Linux key has this number.
[[nodiscard]] std::optional<std::uint16_t> vk_to_evdev(std::uint32_t code);

}  // namespace punktfunk::wire
