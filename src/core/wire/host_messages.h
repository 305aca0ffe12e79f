// SPDX-License-Identifier: MIT OR Apache-2.0
// Optional control messages around a session: redirect, access, launch, audio, probe (protocol
// sections 9.4, 11.2, 19, 23.6 and 25).
//
// encode() gives the body only; decode() gives nullopt for a body that must be refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace punktfunk::wire {

struct Redirect {
  std::string addr;        // at most 253 bytes; empty = the address just dialled
  std::uint16_t port = 0;  // never 0
  std::string profile;     // at most 64 bytes
  std::uint8_t seat_number = 0;
  std::string seat_name;  // at most 64 bytes
  std::string occupant;   // at most 64 bytes: the device already on that seat
  std::string pin;        // fingerprint as 64 hex digits, or empty = keep the present pin
  bool operator==(const Redirect&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<Redirect> decode(ByteView body);
};

struct AudioConfig {
  std::uint8_t stream = 0, epoch = 0, codec = 0;
  std::uint32_t rate_hz = 0;
  std::uint8_t bits = 0, channels = 0, layout = 0;
  std::uint16_t frame_us = 0;
  bool redundant = false;
  bool operator==(const AudioConfig&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AudioConfig> decode(ByteView body);
};

struct AudioState {
  bool muted = false;
  bool operator==(const AudioState&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AudioState> decode(ByteView body);
};

// What a host sends at most for one request.
inline constexpr std::uint32_t kMaxProbeKbps = 10'000'000;
inline constexpr std::uint32_t kMaxProbeMs = 5000;

struct ProbeRequest {
  std::uint32_t target_kbps = 0;
  std::uint32_t duration_ms = 0;
  std::uint16_t burst_hz = 0;         // > 0: the bytes of each period come due at its start
  std::uint32_t group_bytes = 0;      // bounds one release; 0 = unbounded
  std::uint32_t group_rate_kbps = 0;  // spaces the groups; 0 = line rate
  // With rate and duration no larger than a host sends.
  [[nodiscard]] ProbeRequest clamped() const;
  // Size of the access units of filler, in bytes.
  [[nodiscard]] std::uint32_t filler_bytes() const;
  bool operator==(const ProbeRequest&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ProbeRequest> decode(ByteView body);
};

// All zero = declined.
struct ProbeResult {
  std::uint64_t bytes_sent = 0;
  std::uint32_t packets_sent = 0;  // access units
  std::uint32_t duration_ms = 0;
  std::uint32_t wire_packets_sent = 0;
  std::uint32_t send_dropped = 0;
  bool operator==(const ProbeResult&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<ProbeResult> decode(ByteView body);
};

struct AccessUpdate {
  std::uint32_t grants = 0;
  std::uint32_t remaining_seconds = 0;  // 0 = unlimited
  bool operator==(const AccessUpdate&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<AccessUpdate> decode(ByteView body);
};

struct LaunchOutcome {
  std::uint8_t kind = 0;  // 0 spawned … 5 sign-in needed; an unknown one reads as 0
  std::string message;    // at most 200 bytes
  bool operator==(const LaunchOutcome&) const = default;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<LaunchOutcome> decode(ByteView body);
};

}  // namespace punktfunk::wire
