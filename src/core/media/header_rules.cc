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

  // A streaming sender keeps its blocks at 16 shards or more (13.4), which bounds how many a frame can have.
  const std::uint64_t frame_shards = (limits.max_frame_bytes + shard_bytes - 1) / shard_bytes;
  const std::uint64_t block_cap = frame_shards / std::min<std::uint64_t>(16, max_k) + 2;
  const std::uint64_t end = std::uint64_t{header.base} + header.k;
  if (header.last_block()) {
    return header.block < block_cap && header.block < 65535 &&
           end * shard_bytes - header.pad <= limits.max_frame_bytes;
  }
  return header.block + 1U < block_cap && end * shard_bytes <= limits.max_frame_bytes;
}

}  // namespace punktfunk::media
