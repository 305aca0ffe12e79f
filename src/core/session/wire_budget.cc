// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/wire_budget.h"

#include <algorithm>

#include "core/wire/media_header.h"

namespace punktfunk::media {

BitRate encoder_share(BitRate budget, std::uint32_t refresh_hz, std::uint16_t shard_bytes,
                      const ParityControl& parity) {
  const double datagram_bytes = shard_bytes + static_cast<double>(wire::kWireOverhead);
  const double frame_bytes = static_cast<double>(budget.bits_per_second) / 8.0 / std::max(1U, refresh_hz);
  const double datagrams = std::max(1.0, frame_bytes / datagram_bytes);
  // What parity takes depends on how many data shards are left; the second round is near enough.
  double data = datagrams;
  for (int round = 0; round < 2; ++round) {
    const std::uint8_t percent = parity.percent_for(static_cast<std::uint32_t>(data));
    data = datagrams / (1.0 + percent / 100.0);
    // Section 13.2: at least two parity shards while parity is on.
    if (percent != 0) data = std::min(data, std::max(datagrams - 2.0, datagrams / 3.0));
  }
  const double share = data / datagrams * (shard_bytes / datagram_bytes);
  return {static_cast<std::uint64_t>(static_cast<double>(budget.bits_per_second) * share)};
}

}  // namespace punktfunk::media
