// SPDX-License-Identifier: MIT OR Apache-2.0
// Scroll events with source and phase, kind 16 (protocol section 21.5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/wire/input_event.h"

namespace punktfunk::wire {

enum class ScrollSource : std::uint8_t {
  unknown = 0,
  wheel = 1,
  finger = 2,
  continuous = 3,
  touch = 4,
  controller = 5
};

enum class ScrollPhase : std::uint8_t {
  none = 0,
  begin = 1,
  update = 2,
  end = 3,
  cancel = 4,
  momentum_begin = 5,
  momentum = 6,
  momentum_end = 7,
};

// Whether an event of kind 16 keeps the rules; otherwise it is dropped.
[[nodiscard]] bool is_valid_scroll(const InputEvent& event);

// The sender's side: turns movements into wire units of 1/256, keeping what is too small to send.
class ScrollAccumulator {
 public:
  // `delta` in 1/120 detent for the wheel and unknown sources, in device-independent pixels for the others.
  // nullopt: nothing to send, because it is still less than a unit or the combination is one the wire
  // refuses.
  [[nodiscard]] std::optional<InputEvent> add(ScrollSource source, ScrollPhase phase, std::uint32_t axis,
                                              double delta);

 private:
  std::array<double, 2> fraction_{};  // per axis, in wire units
  std::array<ScrollSource, 2> source_{};
};

// The same for a host without feature bit 27: turns events of kind 16 into kind 6, keeping what is too small
// to send.
class SimpleScroll {
 public:
  // nullopt: nothing to send, because `event` is no valid one of kind 16 or it is still less than a unit.
  [[nodiscard]] std::optional<InputEvent> convert(const InputEvent& event);

 private:
  std::array<std::int64_t, 2> rest_{};  // per axis, in 1/256 of a unit of kind 6
  std::array<bool, 2> smooth_{};        // what the rest is of
};

}  // namespace punktfunk::wire
