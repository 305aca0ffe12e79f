// SPDX-License-Identifier: MIT OR Apache-2.0
// Rumble of a controller (protocol section 24.1). Payload of RUMBLE datagrams.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

// How long a level may hold. A host chooses the first three, a client keeps to the last two.
inline constexpr std::chrono::milliseconds kRumbleTtl{400};
inline constexpr std::chrono::milliseconds kMinRumbleTtl{150};
inline constexpr std::chrono::milliseconds kMaxRumbleTtl{5000};
inline constexpr std::chrono::milliseconds kRumbleHoldLimit{5000};
inline constexpr std::chrono::milliseconds kRumbleHoldWithoutTtl{1000};
// A host says a stop this often.
inline constexpr int kRumbleStopRepeats = 3;

// When a host sends a level again that still holds.
[[nodiscard]] constexpr std::chrono::milliseconds rumble_renewal(std::chrono::milliseconds ttl) {
  return std::max(ttl * 3 / 10, std::chrono::milliseconds{60});
}

struct Rumble {
  // The 10-byte form.
  struct Lifetime {
    std::uint8_t seq = 0;      // per pad, read with PadSequences
    std::uint16_t ttl_ms = 0;  // the level holds this long
    bool operator==(const Lifetime&) const = default;
  };
  // The 14-byte form. Levels 0 to 65535.
  struct Triggers {
    std::uint16_t left = 0, right = 0;
    bool operator==(const Triggers&) const = default;
  };

  std::uint16_t pad = 0;            // below kMaxPads
  std::uint16_t low = 0, high = 0;  // motor levels, 0 to 65535
  std::optional<Lifetime> lifetime;
  std::optional<Triggers> triggers;  // written only with a lifetime

  bool operator==(const Rumble&) const = default;

  // All motors off at once.
  [[nodiscard]] static Rumble stop(std::uint16_t pad, std::uint8_t seq);
  [[nodiscard]] bool is_stop() const;
  // How long a client holds the level after it arrived.
  [[nodiscard]] std::chrono::milliseconds hold() const;

  // The payload, its first byte CA included, without the datagram kind.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte, fewer than 7 bytes, or a pad out of range. A torn tail reads as the
  // next shorter form; bytes after the 14th are ignored.
  [[nodiscard]] static std::optional<Rumble> decode(ByteView payload);
};

}  // namespace punktfunk::wire
