// SPDX-License-Identifier: MIT OR Apache-2.0
// The 18-byte input event (protocol section 21.1): C8, kind, code, x, y, flags.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kInputEventBytes = 18;

enum class InputKind : std::uint8_t {
  key_down = 0,
  key_up = 1,
  mouse_move = 2,
  mouse_position = 3,
  button_down = 4,
  button_up = 5,
  scroll_simple = 6,
  gamepad_button = 7,
  gamepad_axis = 8,
  touch_down = 9,
  touch_move = 10,
  touch_up = 11,
  gamepad_state = 12,
  gamepad_removed = 13,
  gamepad_arrived = 14,
  text = 15,
  scroll = 16,
};

// Mouse buttons, the code of kinds 4 and 5.
inline constexpr std::uint32_t kButtonLeft = 1;
inline constexpr std::uint32_t kButtonMiddle = 2;
inline constexpr std::uint32_t kButtonRight = 3;
inline constexpr std::uint32_t kButtonX1 = 4;
inline constexpr std::uint32_t kButtonX2 = 5;

// Axes, the code of kinds 6 and 16, and what one detent of kind 6 counts.
inline constexpr std::uint32_t kAxisVertical = 0;
inline constexpr std::uint32_t kAxisHorizontal = 1;
inline constexpr std::int32_t kUnitsPerDetent = 120;
inline constexpr std::uint32_t kScrollSmooth = 1;  // flag bit 0 of kind 6: 120 units stand for 10 px

// Whether `code` is a Unicode scalar value, the code of kind 15: a code point, but none of the surrogates.
[[nodiscard]] constexpr bool is_scalar_value(std::uint32_t code) {
  return code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
}

struct InputEvent {
  InputKind kind = InputKind::key_down;
  std::uint32_t code = 0;
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::uint32_t flags = 0;

  bool operator==(const InputEvent&) const = default;

  [[nodiscard]] std::array<std::uint8_t, kInputEventBytes> encode() const;
  // nullopt = drop: another length or first byte, an unknown kind, a position without an area, text that is
  // no Unicode scalar value, or a scroll event that breaks the rules of section 21.5.
  [[nodiscard]] static std::optional<InputEvent> decode(ByteView bytes);

  // The area that x and y refer to (kinds 3 and 9 to 11), in pixels.
  [[nodiscard]] std::uint32_t area_width() const { return flags >> 16; }
  [[nodiscard]] std::uint32_t area_height() const { return flags & 0xFFFFU; }
};

}  // namespace punktfunk::wire
