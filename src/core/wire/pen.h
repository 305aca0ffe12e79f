// SPDX-License-Identifier: MIT OR Apache-2.0
// Pen samples in batches, rich input kind 5 (protocol section 22).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::uint8_t kPenKind = 5;
inline constexpr std::size_t kMaxPenSamples = 8;                               // of one batch
inline constexpr std::size_t kPenSampleBytes = 2 + 2 * 4 + 2 * 2 + 1 + 3 * 2;  // 21

// While the pen is in range a client sends a batch at least this often; after this long without one the host
// lifts the pen.
inline constexpr std::chrono::milliseconds kPenInterval{100};
inline constexpr std::chrono::milliseconds kPenSilence{200};

struct PenSample {
  // Bits of `state`.
  static constexpr std::uint8_t kInRange = 0x01;
  static constexpr std::uint8_t kTouching = 0x02;
  static constexpr std::uint8_t kBarrel1 = 0x04;
  static constexpr std::uint8_t kBarrel2 = 0x08;
  static constexpr std::uint8_t kPredicted = 0x80;
  // Values of `tool`.
  static constexpr std::uint8_t kPen = 0;
  static constexpr std::uint8_t kEraser = 1;
  // What a pen that does not measure a quantity says.
  static constexpr std::uint16_t kUnknown = 0xFFFF;  // distance, azimuth
  static constexpr std::uint8_t kUnknownTilt = 0xFF;

  std::uint8_t state = 0;
  std::uint8_t tool = kPen;
  float x = 0.0F, y = 0.0F;  // 0 to 1 of the picture; values outside are read as the nearer end
  std::uint16_t pressure = 0;
  std::uint16_t distance = kUnknown;
  std::uint8_t tilt = kUnknownTilt;
  std::uint16_t azimuth = kUnknown;
  std::uint16_t roll = 0;
  std::uint16_t dt_us = 0;  // since the previous sample

  bool operator==(const PenSample&) const = default;
};

struct PenBatch {
  std::uint16_t seq = 0;
  std::vector<PenSample> samples;  // at most kMaxPenSamples; more are not written

  bool operator==(const PenBatch&) const = default;

  // The payload, its first byte CC included, without the datagram kind.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte or kind, more than kMaxPenSamples, a length that does not agree with
  // the count, or a position that is not a number. Flags are unassigned and ignored.
  [[nodiscard]] static std::optional<PenBatch> decode(ByteView payload);
};

}  // namespace punktfunk::wire
