// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

namespace punktfunk::media {

// How an access unit is cut: section 13.1.
struct BlockSplit {
  std::uint64_t total = 1;   // data shards, at least 1
  std::uint64_t blocks = 1;  // ceil(total / K)
  std::uint32_t pad = 0;     // zero bytes at the end of the last data shard

  // Data shards of block b (< blocks): K, but for the last one.
  [[nodiscard]] std::uint32_t data_shards(std::uint64_t block, std::uint32_t max_data_per_block) const {
    const std::uint64_t left = total - block * max_data_per_block;
    return left < max_data_per_block ? static_cast<std::uint32_t>(left) : max_data_per_block;
  }
};

// `shard_payload` and `max_data_per_block` are nonzero.
[[nodiscard]] constexpr BlockSplit split_frame(std::uint64_t bytes, std::uint32_t shard_payload,
                                               std::uint32_t max_data_per_block) {
  BlockSplit split;
  split.total = bytes == 0 ? 1 : (bytes + shard_payload - 1) / shard_payload;
  split.blocks = (split.total + max_data_per_block - 1) / max_data_per_block;
  split.pad = static_cast<std::uint32_t>(split.total * shard_payload - bytes);
  return split;
}

}  // namespace punktfunk::media
