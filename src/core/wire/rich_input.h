// SPDX-License-Identifier: MIT OR Apache-2.0
// Input that does not fit 18 bytes: CC, kind, and a layout per kind (protocol section 22). Payloads of
// INPUT_STATE datagrams.
//
// encode() gives the payload, its first byte CC included, without the datagram kind. decode() gives nullopt =
// drop for another first byte or kind, any length but the stated one, and a pad from kMaxPads up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "core/wire/pen.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxHidReportBytes = 64;

enum class RichKind : std::uint8_t {
  touchpad = 1,
  motion = 2,
  touchpad_extended = 3,
  hid_report = 4,
  pen = 5
};

// Kind 1.
struct TouchpadContact {
  std::uint8_t pad = 0;
  std::uint8_t finger = 0;
  bool active = false;         // any nonzero byte reads as true
  std::uint16_t x = 0, y = 0;  // normalised
  bool operator==(const TouchpadContact&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<TouchpadContact> decode(ByteView payload);
};

// Kind 2.
struct PadMotion {
  static constexpr int kGyroUnitsPerDegreePerSecond = 20;
  static constexpr int kAccelUnitsPerG = 10000;

  std::uint8_t pad = 0;
  std::array<std::int16_t, 3> gyro{};
  std::array<std::int16_t, 3> accel{};
  bool operator==(const PadMotion&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PadMotion> decode(ByteView payload);
};

// Kind 3.
struct TouchpadExtended {
  static constexpr std::uint8_t kTouch = 1;
  static constexpr std::uint8_t kClick = 2;

  std::uint8_t pad = 0;
  std::uint8_t surface = 0;
  std::uint8_t finger = 0;
  std::uint8_t state = 0;  // kTouch, kClick
  std::int16_t x = 0, y = 0;
  std::uint16_t pressure = 0;
  bool operator==(const TouchpadExtended&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<TouchpadExtended> decode(ByteView payload);
};

// Kind 4.
struct HidReport {
  std::uint8_t pad = 0;
  Bytes data;  // at most kMaxHidReportBytes; more are not written
  bool operator==(const HidReport&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<HidReport> decode(ByteView payload);
};

using RichInput = std::variant<TouchpadContact, PadMotion, TouchpadExtended, HidReport, PenBatch>;

[[nodiscard]] RichKind kind_of(const RichInput& input);

// By the kind byte. nullopt = drop.
[[nodiscard]] std::optional<RichInput> decode_rich_input(ByteView payload);

}  // namespace punktfunk::wire
