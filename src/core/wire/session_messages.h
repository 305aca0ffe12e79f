// SPDX-License-Identifier: MIT OR Apache-2.0
// The small messages of a running session (protocol sections 9.5, 16, 18 and 20). Ready and Pending are
// frames with an empty body and need no type.
//
// encode() gives the body only; decode() gives nullopt for a body that must be refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "core/wire/hello.h"
#include "core/wire/mode.h"

namespace punktfunk::wire {

inline constexpr std::size_t kMaxRefusedReason = 256;

struct Refused {
  std::uint32_t code = 0;  // a CloseCode
  std::string reason;      // at most kMaxRefusedReason bytes, for display
  bool operator==(const Refused&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<Refused> decode(ByteView body);
};

struct StreamConfig {
  std::uint8_t epoch = 0;
  Mode mode;
  std::uint8_t codec = 0;
  std::uint8_t bit_depth = 0;
  Colour colour{};
  std::uint8_t chroma_format = 0;
  std::uint8_t host_interface_kind = 0;
  std::uint32_t host_link_mbps = 0;        // 0 = unknown
  std::uint32_t host_send_buffer_kib = 0;  // 0 = unknown
  std::uint8_t shape = 0;  // pinned by the operator: 0 none, 1 auto, 2 wake, 3 burst, 4 smooth, 5 capped
  bool operator==(const StreamConfig&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<StreamConfig> decode(ByteView body);
};

// Whether a frame of `epoch` is dropped: 1 to 128 epochs behind the newest seen (section 16.2).
[[nodiscard]] constexpr bool is_past_epoch(std::uint8_t epoch, std::uint8_t newest) {
  return static_cast<std::uint8_t>(epoch - newest) >= 128;
}

struct ClockProbe {
  std::uint64_t t1_ns = 0;
  bool operator==(const ClockProbe&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClockProbe> decode(ByteView body);
};

struct ClockEcho {
  std::uint64_t t1_ns = 0;  // of the probe
  std::uint64_t t2_ns = 0;  // received, host session clock
  std::uint64_t t3_ns = 0;  // sent, host session clock
  bool operator==(const ClockEcho&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ClockEcho> decode(ByteView body);
};

struct SetBitrate {
  std::uint32_t bitrate_kbps = 0;
  bool operator==(const SetBitrate&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<SetBitrate> decode(ByteView body);
};

enum class BitrateReason : std::uint8_t {
  granted = 0,
  encoder_limit = 1,
  cadence = 2,
  governor = 3,
  pinned = 4
};

struct BitrateChanged {
  std::uint32_t bitrate_kbps = 0;
  std::optional<BitrateReason> reason;  // an unknown one reads as none
  bool operator==(const BitrateChanged&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<BitrateChanged> decode(ByteView body);
};

struct PipelineGap {
  std::uint32_t gap_ms = 0;
  bool operator==(const PipelineGap&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<PipelineGap> decode(ByteView body);
};

struct Reconfigure {
  Mode mode;
  bool operator==(const Reconfigure&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<Reconfigure> decode(ByteView body);
};

struct Reconfigured {
  bool accepted = false;
  Mode mode;  // in force or coming
  bool operator==(const Reconfigured&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<Reconfigured> decode(ByteView body);
};

// ShardPayloadChanged (host to client) and ShardPayloadAck (client to host) have the same body.
struct ShardPayload {
  std::uint16_t bytes = 0;
  bool operator==(const ShardPayload&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ShardPayload> decode(ByteView body);
};

}  // namespace punktfunk::wire
