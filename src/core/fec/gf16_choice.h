// SPDX-License-Identifier: MIT OR Apache-2.0
// Which way to encode or recover a block is the faster.
#pragma once

#include <bit>
#include <cstddef>

#include "core/fec/gf16_generator.h"

namespace punktfunk::fec {

// The most outputs any kernel set sums at once.
inline constexpr std::size_t kMostRows = 8;

// Butterflies of transforms over `shards` rows in chunks.
[[nodiscard]] inline std::size_t butterflies(const Gf16Generator& generator, std::size_t shards) {
  const std::size_t chunks = (shards + generator.chunk - 1) / generator.chunk;
  return chunks * generator.chunk / 2 * static_cast<std::size_t>(std::countr_zero(generator.chunk));
}

[[nodiscard]] inline bool prefers_transform_encode(const Gf16Generator& generator, std::size_t k, std::size_t m) {
  return k * m > 2 * (butterflies(generator, k) + butterflies(generator, m));
}

[[nodiscard]] inline bool prefers_transform_recover(const Gf16Generator& generator, std::size_t k, std::size_t lost) {
  return k * lost > 2 * (2 * butterflies(generator, k) + 2 * butterflies(generator, 1));
}

}  // namespace punktfunk::fec
