// SPDX-License-Identifier: MIT OR Apache-2.0
// Payloads of audio datagrams (protocol sections 23.1, 23.2, 23.4 and 23.5).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "core/wire/datagram.h"

namespace punktfunk::wire {

// C9, D3 or CB ‖ seq u32 ‖ pts_ns u64 ‖ payload.
struct AudioPacket {
  std::uint8_t format = kOpusByte;  // kOpusByte, kPcmByte or kMicrophoneByte
  std::uint32_t seq = 0;            // +1 per frame
  std::uint64_t pts_ns = 0;         // host session clock
  Bytes payload;                    // empty Opus payload: a silent frame

  bool operator==(const AudioPacket&) const = default;

  static constexpr std::size_t kHeaderBytes = 1 + 4 + 8;

  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte, or shorter than the header.
  [[nodiscard]] static std::optional<AudioPacket> decode(ByteView payload);
};

// D2: a frame with the one before it, which is seq - 1 at pts - 5 ms.
struct RedundantAudio {
  std::uint32_t seq = 0;
  std::uint64_t pts_ns = 0;
  Bytes primary;   // at most 65535 bytes
  Bytes previous;  // may be empty

  bool operator==(const RedundantAudio&) const = default;

  [[nodiscard]] Bytes encode() const;
  // nullopt = drop, also for a primary length beyond the datagram.
  [[nodiscard]] static std::optional<RedundantAudio> decode(ByteView payload);
};

// D1: sound for a controller.
struct PadAudio {
  std::uint8_t pad = 0;
  std::uint8_t kind = 0;  // 0 haptics, 1 speaker
  std::uint32_t seq = 0;
  std::uint64_t pts_ns = 0;
  Bytes payload;

  bool operator==(const PadAudio&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PadAudio> decode(ByteView payload);
};

struct PcmFrame {
  std::uint32_t frame_us = 0;
  std::uint32_t samples_per_channel = 0;
  std::uint32_t payload_bytes = 0;

  bool operator==(const PcmFrame&) const = default;
};

// The longest frame whose samples fit `payload_room` bytes, which are never fragmented. nullopt: not even the
// shortest one fits.
[[nodiscard]] std::optional<PcmFrame> longest_pcm_frame(std::uint32_t rate_hz, std::uint32_t bits,
                                                        std::uint32_t channels, std::size_t payload_room);

}  // namespace punktfunk::wire
