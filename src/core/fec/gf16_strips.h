// SPDX-License-Identifier: MIT OR Apache-2.0
// How the transforms cut a block into strips of columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

inline constexpr std::size_t kStripCacheBytes = std::size_t{384} << 10;

// Calls body(strip) for strips so wide that `rows` of them take up a good part of a second-level cache:
// narrow ones would stay in the first level, but fetch the cache lines of unaligned shards twice. An odd
// number of groups keeps rows that are a power of two apart out of each other's way in the cache.
template <class Body>
void for_each_strip(std::size_t rows, std::size_t shard_bytes, const Body& body) {
  const std::size_t groups = (shard_bytes + kGroupBytes - 1) / kGroupBytes;
  const std::size_t fitting = std::max<std::size_t>(kStripCacheBytes / (rows * kGroupBytes), 1);
  const std::size_t most = fitting - (fitting + 1) % 2;
  const std::size_t strips = (groups + most - 1) / most;
  const std::size_t width = ((groups + strips - 1) / strips | 1) * kGroupBytes;
  for (std::size_t column = 0; column < shard_bytes; column += width) {
    body(Strip{column, std::min(width, groups * kGroupBytes - column), shard_bytes});
  }
}

// Memory for `rows` rows of any of these strips; never less for more rows.
[[nodiscard]] inline std::size_t strip_bytes(std::size_t rows, std::size_t shard_bytes) {
  const std::size_t groups = (shard_bytes + kGroupBytes - 1) / kGroupBytes;
  return std::min(std::max(kStripCacheBytes, rows * kGroupBytes), rows * (groups | 1) * kGroupBytes);
}

}  // namespace punktfunk::fec
