// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/header_rules.h"

#include <algorithm>

#include "core/fec/gf16_code.h"

namespace punktfunk::media {

bool is_within_limits(const wire::MediaHeader& header, std::size_t shard_bytes, const HeaderLimits& limits) {
  if (!wire::check_geometry(header, shard_bytes)) return false;

  const std::uint64_t max_k = limits.max_data_per_block;
  const std::uint64_t parity_room = (max_k * 9 + 9) / 10;  // ceil(0.9·K): p is at most 90
  const std::uint64_t shards = std::uint64_t{header.k} + header.m;
  if (header.k > max_k) return false;
  if (shards > std::min<std::uint64_t>(max_k + parity_room, fec::max_block_shards(limits.scheme)))
    return false;
  // A few very large shapes need more points than the field has, so that no code exists for them.
  if (limits.scheme == fec::Scheme::gf16 && !fec::Gf16Code::supports(header.k, header.m)) return false;

  const std::uint64_t end = std::uint64_t{header.base} + header.k;
  const std::uint64_t frame_bytes = end * shard_bytes - (header.last_block() ? header.pad : 0U);
  if (frame_bytes > limits.max_frame_bytes || (header.last_block() && header.block == 65535)) return false;
  // Any limit admits blocks 0 and, as the last, 1: nearly every packet is spared the division.
  const std::uint64_t blocks = std::uint64_t{header.block} + (header.last_block() ? 1 : 2);
  if (blocks <= 2) return true;
  // A streaming sender keeps its blocks at 16 shards or more (13.4), which bounds how many a frame can have.
  const std::uint64_t frame_shards = (limits.max_frame_bytes + shard_bytes - 1) / shard_bytes;
  return blocks <= frame_shards / std::min<std::uint64_t>(16, max_k) + 2;
}

}  // namespace punktfunk::media
