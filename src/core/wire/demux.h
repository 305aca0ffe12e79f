// SPDX-License-Identifier: MIT OR Apache-2.0
// Tells media packets from QUIC packets on the shared port (protocol section 2.1).
#pragma once

#include <cstdint>

namespace punktfunk::wire {

enum class DatagramClass : std::uint8_t { media, quic };

// The top two bits decide: QUIC always sets one of them (its fixed bit), media neither.
[[nodiscard]] constexpr DatagramClass classify(std::uint8_t first_byte) {
  return (first_byte & 0xC0U) == 0 ? DatagramClass::media : DatagramClass::quic;
}

}  // namespace punktfunk::wire
