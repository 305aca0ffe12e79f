// SPDX-License-Identifier: MIT OR Apache-2.0
// Controllers in 18-byte input events, kinds 7, 8 and 12 to 14 (protocol sections 21.1 and 21.6).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/wire/input_event.h"

namespace punktfunk::wire {

// Section 15. Pads are numbered 0 to kMaxPads - 1; every decoder of this folder takes no other number.
inline constexpr std::size_t kMaxPads = 16;

// Buttons: the code of kind 7 and the bits of PadState::buttons.
inline constexpr std::uint32_t kPadUp = 0x1;
inline constexpr std::uint32_t kPadDown = 0x2;
inline constexpr std::uint32_t kPadLeft = 0x4;
inline constexpr std::uint32_t kPadRight = 0x8;
inline constexpr std::uint32_t kPadStart = 0x10;
inline constexpr std::uint32_t kPadBack = 0x20;
inline constexpr std::uint32_t kPadLeftStick = 0x40;
inline constexpr std::uint32_t kPadRightStick = 0x80;
inline constexpr std::uint32_t kPadLeftBumper = 0x100;
inline constexpr std::uint32_t kPadRightBumper = 0x200;
inline constexpr std::uint32_t kPadGuide = 0x400;
inline constexpr std::uint32_t kPadA = 0x1000;
inline constexpr std::uint32_t kPadB = 0x2000;
inline constexpr std::uint32_t kPadX = 0x4000;
inline constexpr std::uint32_t kPadY = 0x8000;
inline constexpr std::uint32_t kPadPaddle1 = 0x1'0000;
inline constexpr std::uint32_t kPadPaddle2 = 0x2'0000;
inline constexpr std::uint32_t kPadPaddle3 = 0x4'0000;
inline constexpr std::uint32_t kPadPaddle4 = 0x8'0000;
inline constexpr std::uint32_t kPadTouchpadClick = 0x10'0000;
inline constexpr std::uint32_t kPadMisc = 0x20'0000;

// Axes: the code of kind 8.
inline constexpr std::uint32_t kPadAxisLeftX = 0;
inline constexpr std::uint32_t kPadAxisLeftY = 1;
inline constexpr std::uint32_t kPadAxisRightX = 2;
inline constexpr std::uint32_t kPadAxisRightY = 3;
inline constexpr std::uint32_t kPadAxisLeftTrigger = 4;
inline constexpr std::uint32_t kPadAxisRightTrigger = 5;

// A client repeats the state of every pad this often, and says an arrival or a removal three times in all.
inline constexpr std::chrono::milliseconds kPadStateInterval{100};
inline constexpr int kPadNoticeRepeats = 3;

// Kind 12: everything a pad reports, in one event.
struct PadState {
  std::uint8_t pad = 0;
  std::uint8_t seq = 0;                   // per pad, +1 per state and removal
  std::uint32_t buttons = 0;              // kPad… bits
  std::int16_t left_x = 0, left_y = 0;    // +y is up
  std::int16_t right_x = 0, right_y = 0;  // +y is up
  std::uint8_t left_trigger = 0, right_trigger = 0;

  bool operator==(const PadState&) const = default;

  [[nodiscard]] InputEvent to_event() const;
  // nullopt = drop: another kind, or a pad out of range.
  [[nodiscard]] static std::optional<PadState> from_event(const InputEvent& event);
};

// Kind 13.
struct PadRemoved {
  std::uint8_t pad = 0;
  std::uint8_t seq = 0;

  bool operator==(const PadRemoved&) const = default;

  [[nodiscard]] InputEvent to_event() const;
  [[nodiscard]] static std::optional<PadRemoved> from_event(const InputEvent& event);
};

// Kind 14, sent before the first state of a pad.
struct PadArrived {
  std::uint8_t pad = 0;
  std::uint8_t kind = 0;  // gamepad kind of section 8.1; an unknown one reads as 0, automatic
  bool haptics_audio = false;
  bool speaker = false;

  bool operator==(const PadArrived&) const = default;

  [[nodiscard]] InputEvent to_event() const;
  [[nodiscard]] static std::optional<PadArrived> from_event(const InputEvent& event);
};

// False for the gamepad kinds that section 8.1 lists as having no motion sensor.
[[nodiscard]] bool has_motion_sensor(std::uint8_t gamepad_kind);

// The reader's side of the sequence numbers of states, removals and rumble. Not thread-safe.
class PadSequences {
 public:
  // True: newer than the last one taken of this pad, or its first; then it is the last one. False also for a
  // pad from kMaxPads up.
  [[nodiscard]] bool take(std::size_t pad, std::uint8_t seq);
  // The next number of this pad is taken whatever it is: its controller is another one now.
  void forget(std::size_t pad);

 private:
  std::array<std::optional<std::uint8_t>, kMaxPads> last_{};
};

}  // namespace punktfunk::wire
