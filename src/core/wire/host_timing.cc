// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/wire/host_timing.h"

#include "core/wire/datagram.h"

namespace punktfunk::wire {
namespace {

constexpr std::size_t kShortBytes = 1 + 8 + 4;           // 13
constexpr std::size_t kLongBytes = kShortBytes + 3 * 4;  // 25

}  // namespace

Bytes HostTiming::encode() const {
  Bytes out{kHostTimingByte};
  append_le(out, pts_ns);
  append_le(out, host_us);
  if (queue_us || encode_us || pace_us) {
    append_le(out, queue_us.value_or(0));
    append_le(out, encode_us.value_or(0));
    append_le(out, pace_us.value_or(0));
  }
  return out;
}

std::optional<HostTiming> HostTiming::decode(ByteView payload) {
  if (payload.size() < kShortBytes || payload[0] != kHostTimingByte) return std::nullopt;
  HostTiming timing;
  timing.pts_ns = load_le<std::uint64_t>(payload.data() + 1);
  timing.host_us = load_le<std::uint32_t>(payload.data() + 9);
  if (payload.size() >= kLongBytes) {
    timing.queue_us = load_le<std::uint32_t>(payload.data() + 13);
    timing.encode_us = load_le<std::uint32_t>(payload.data() + 17);
    timing.pace_us = load_le<std::uint32_t>(payload.data() + 21);
  }
  return timing;
}

}  // namespace punktfunk::wire
