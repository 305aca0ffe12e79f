// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/gamepad.h"

#include "core/wire/hello.h"
#include "core/wire/sequence.h"

namespace punktfunk::wire {
namespace {

// Two signed 16-bit values, each as its bit pattern.
std::int32_t pack(std::int16_t high, std::int16_t low) {
  const std::uint32_t bits =
      std::uint32_t{static_cast<std::uint16_t>(high)} << 16 | static_cast<std::uint16_t>(low);
  return static_cast<std::int32_t>(bits);
}

std::int16_t high_half(std::int32_t packed) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(static_cast<std::uint32_t>(packed) >> 16));
}

std::int16_t low_half(std::int32_t packed) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(static_cast<std::uint32_t>(packed) & 0xFFFFU));
}

// Byte `index` of the flags; the pad is byte 0.
std::uint8_t flag_byte(const InputEvent& event, unsigned index) {
  return static_cast<std::uint8_t>(event.flags >> (8 * index));
}

bool is_of(const InputEvent& event, InputKind kind) {
  return event.kind == kind && flag_byte(event, 0) < kMaxPads;
}

constexpr std::uint32_t kHapticsAudioFlag = 1U << 8;
constexpr std::uint32_t kSpeakerFlag = 1U << 9;

}  // namespace

InputEvent PadState::to_event() const {
  const std::uint32_t flags =
      std::uint32_t{seq} << 24 | std::uint32_t{left_trigger} << 16 | std::uint32_t{right_trigger} << 8 | pad;
  return {InputKind::gamepad_state, buttons, pack(left_x, left_y), pack(right_x, right_y), flags};
}

std::optional<PadState> PadState::from_event(const InputEvent& event) {
  if (!is_of(event, InputKind::gamepad_state)) return std::nullopt;
  PadState state;
  state.pad = flag_byte(event, 0);
  state.right_trigger = flag_byte(event, 1);
  state.left_trigger = flag_byte(event, 2);
  state.seq = flag_byte(event, 3);
  state.buttons = event.code;
  state.left_x = high_half(event.x);
  state.left_y = low_half(event.x);
  state.right_x = high_half(event.y);
  state.right_y = low_half(event.y);
  return state;
}

InputEvent PadRemoved::to_event() const {
  return {InputKind::gamepad_removed, 0, 0, 0, std::uint32_t{seq} << 24 | pad};
}

std::optional<PadRemoved> PadRemoved::from_event(const InputEvent& event) {
  if (!is_of(event, InputKind::gamepad_removed)) return std::nullopt;
  return PadRemoved{flag_byte(event, 0), flag_byte(event, 3)};
}

InputEvent PadArrived::to_event() const {
  std::uint32_t flags = pad;
  if (haptics_audio) flags |= kHapticsAudioFlag;
  if (speaker) flags |= kSpeakerFlag;
  return {InputKind::gamepad_arrived, kind, 0, 0, flags};
}

std::optional<PadArrived> PadArrived::from_event(const InputEvent& event) {
  if (!is_of(event, InputKind::gamepad_arrived)) return std::nullopt;
  PadArrived arrived;
  arrived.pad = flag_byte(event, 0);
  arrived.kind = event.code > kMaxGamepadKind ? std::uint8_t{0} : static_cast<std::uint8_t>(event.code);
  arrived.haptics_audio = (event.flags & kHapticsAudioFlag) != 0;
  arrived.speaker = (event.flags & kSpeakerFlag) != 0;
  return arrived;
}

bool has_motion_sensor(std::uint8_t gamepad_kind) {
  // Xbox 360, Xbox One, Xbox Elite, Switch 2 GameCube.
  return gamepad_kind != 1 && gamepad_kind != 3 && gamepad_kind != 11 && gamepad_kind != 18;
}

bool PadSequences::take(std::size_t pad, std::uint8_t seq) {
  if (pad >= kMaxPads) return false;
  if (last_[pad] && !is_newer(seq, *last_[pad])) return false;
  last_[pad] = seq;
  return true;
}

void PadSequences::forget(std::size_t pad) {
  if (pad < kMaxPads) last_[pad].reset();
}

}  // namespace punktfunk::wire
