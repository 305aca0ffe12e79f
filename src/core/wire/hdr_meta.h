// SPDX-License-Identifier: MIT OR Apache-2.0
// HDR metadata of a display or a stream (protocol section 24.5): payload of HDR_META datagrams, and
// ClientHello tag 13.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

inline constexpr std::size_t kHdrMetaBytes = 4 * 2 * 2 + 2 * 4 + 2 * 2;  // 28

struct HdrMeta {
  // In 1/50000, as CIE 1931 x and y.
  struct Chromaticity {
    std::uint16_t x = 0, y = 0;
    bool operator==(const Chromaticity&) const = default;
  };

  Chromaticity green, blue, red, white;
  std::uint32_t max_luminance = 0;  // 0.0001 cd/m²
  std::uint32_t min_luminance = 0;  // 0.0001 cd/m²
  std::uint16_t max_cll = 0;        // brightest pixel, cd/m²
  std::uint16_t max_fall = 0;       // brightest frame on average, cd/m²

  bool operator==(const HdrMeta&) const = default;

  // As ClientHello carries it.
  [[nodiscard]] std::array<std::uint8_t, kHdrMetaBytes> value() const;
  [[nodiscard]] static HdrMeta from_value(const std::array<std::uint8_t, kHdrMetaBytes>& value);

  // The payload, its first byte CE included, without the datagram kind.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte or length.
  [[nodiscard]] static std::optional<HdrMeta> decode(ByteView payload);
};

}  // namespace punktfunk::wire
