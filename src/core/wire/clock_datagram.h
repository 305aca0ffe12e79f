// SPDX-License-Identifier: MIT OR Apache-2.0
// Clock probe and echo as a datagram (protocol section 5.5). The control stream's frames are what both ends
// use; this one is read so that it can be told from garbage.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::wire {

struct ClockDatagram {
  struct Echo {
    std::uint64_t t2_ns = 0;
    std::uint64_t t3_ns = 0;
    bool operator==(const Echo&) const = default;
  };
  std::uint64_t t1_ns = 0;
  std::optional<Echo> echo;  // nullopt: a probe

  bool operator==(const ClockDatagram&) const = default;

  // The payload, without the datagram kind.
  [[nodiscard]] Bytes encode() const;
  // nullopt = drop: no t1, or one of t2 and t3 without the other.
  [[nodiscard]] static std::optional<ClockDatagram> decode(ByteView payload);
};

}  // namespace punktfunk::wire
