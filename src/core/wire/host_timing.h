// SPDX-License-Identifier: MIT OR Apache-2.0
// How long an access unit spent in the host (protocol section 24.4), sent once per access unit.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

struct HostTiming {
  std::uint64_t pts_ns = 0;   // capture stamp of the access unit, host session clock
  std::uint32_t host_us = 0;  // from capture to the last datagram
  // All three or none.
  std::optional<std::uint32_t> queue_us;
  std::optional<std::uint32_t> encode_us;
  std::optional<std::uint32_t> pace_us;

  bool operator==(const HostTiming&) const = default;

  // The payload, its first byte CF included, without the datagram kind. The stages are written when any is
  // set; a missing one counts as 0.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: another first byte or fewer than 13 bytes. Fewer than 25 read as the short form; bytes
  // after the 25th are ignored.
  [[nodiscard]] static std::optional<HostTiming> decode(ByteView payload);
};

}  // namespace punktfunk::wire
