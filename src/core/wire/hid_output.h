// SPDX-License-Identifier: MIT OR Apache-2.0
// What a game tells a controller beyond rumble: CD, kind, and a layout per kind (protocol section 24.2).
// Payloads of HID_OUTPUT datagrams.
//
// encode() gives the payload, its first byte CD included, without the datagram kind. decode() gives nullopt =
// drop for another first byte or kind, any length but the stated one, and a pad from kMaxPads up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxTriggerEffectBytes = 11;
inline constexpr std::size_t kMaxRawReportBytes = 64;

// Kind 1.
struct LightBar {
  std::uint8_t pad = 0;
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const LightBar&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<LightBar> decode(ByteView payload);
};

// Kind 2.
struct PlayerLeds {
  std::uint8_t pad = 0;
  std::uint8_t bits = 0;
  bool operator==(const PlayerLeds&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PlayerLeds> decode(ByteView payload);
};

// Kind 3.
struct TriggerEffect {
  static constexpr std::uint8_t kL2 = 0;
  static constexpr std::uint8_t kR2 = 1;

  std::uint8_t pad = 0;
  std::uint8_t which = kL2;  // another value: drop
  Bytes effect;  // 1 to kMaxTriggerEffectBytes, in the controller's own form; more are not written
  bool operator==(const TriggerEffect&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<TriggerEffect> decode(ByteView payload);
};

// Kind 4.
struct TrackpadHaptic {
  std::uint8_t pad = 0;
  std::uint8_t side = 0;
  std::uint16_t amplitude = 0, period = 0, count = 0;
  bool operator==(const TrackpadHaptic&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<TrackpadHaptic> decode(ByteView payload);
};

// Kind 5.
struct RawReport {
  static constexpr std::uint8_t kOutput = 0;
  static constexpr std::uint8_t kFeature = 1;

  std::uint8_t pad = 0;
  std::uint8_t kind = kOutput;  // another value: drop
  Bytes data;  // to the end of the datagram, at most kMaxRawReportBytes; more are not written
  bool operator==(const RawReport&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<RawReport> decode(ByteView payload);
};

// Kind 6.
struct AudioControl {
  std::uint16_t pad = 0;
  std::uint8_t flags = 0;
  std::array<std::uint8_t, 6> raw{};
  bool operator==(const AudioControl&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AudioControl> decode(ByteView payload);
};

// Kind 7.
struct MicrophoneLed {
  std::uint8_t pad = 0;
  std::uint8_t mode = 0;
  bool operator==(const MicrophoneLed&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<MicrophoneLed> decode(ByteView payload);
};

using HidOutput =
    std::variant<LightBar, PlayerLeds, TriggerEffect, TrackpadHaptic, RawReport, AudioControl, MicrophoneLed>;

// By the kind byte. nullopt = drop.
[[nodiscard]] std::optional<HidOutput> decode_hid_output(ByteView payload);

}  // namespace punktfunk::wire
