// SPDX-License-Identifier: MIT OR Apache-2.0
// QUIC DATAGRAM frames: a kind, then its payload (protocol section 5.5).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

enum class DatagramKind : std::uint64_t {
  media = 0x00,  // only on carriers without raw UDP
  audio = 0x01,
  input_state = 0x02,
  feedback = 0x03,
  clock = 0x04,
  rumble = 0x05,
  hid_output = 0x06,
  cursor_state = 0x07,
  host_timing = 0x08,
  hdr_meta = 0x09,
};

// First payload bytes.
inline constexpr std::uint8_t kOpusByte = 0xC9;
inline constexpr std::uint8_t kRedundantOpusByte = 0xD2;
inline constexpr std::uint8_t kPcmByte = 0xD3;
inline constexpr std::uint8_t kPadAudioByte = 0xD1;
inline constexpr std::uint8_t kMicrophoneByte = 0xCB;
inline constexpr std::uint8_t kInputByte = 0xC8;
inline constexpr std::uint8_t kRichInputByte = 0xCC;
inline constexpr std::uint8_t kRumbleByte = 0xCA;
inline constexpr std::uint8_t kHidOutputByte = 0xCD;
inline constexpr std::uint8_t kCursorByte = 0xD0;
inline constexpr std::uint8_t kHostTimingByte = 0xCF;
inline constexpr std::uint8_t kHdrMetaByte = 0xCE;

struct Datagram {
  DatagramKind kind;
  ByteView payload;  // a view into the bytes given to parse_datagram
};

void append_datagram(Bytes& out, DatagramKind kind, ByteView payload);
[[nodiscard]] Bytes make_datagram(DatagramKind kind, ByteView payload);

// nullopt = drop: unknown kind, or a payload whose first byte does not belong to the kind.
[[nodiscard]] std::optional<Datagram> parse_datagram(ByteView bytes);

}  // namespace punktfunk::wire
