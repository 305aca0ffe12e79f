// SPDX-License-Identifier: MIT OR Apache-2.0
// Which way to encode or recover a block is the faster. Both follow from counting steps over one group of
// words, a multiplication and addition counting as much as a butterfly; the constants were measured with
// shards of 1408 bytes under every x86 kernel set (docs/performance.md), whose crossovers lie close together.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include "core/fec/gf16_generator.h"

namespace punktfunk::fec {

// Weighted sums cost k·m, transforms only k·log m, but have more to do around them.
[[nodiscard]] inline bool prefers_transform_encode(std::size_t m) { return m > 3; }

[[nodiscard]] inline bool prefers_transform_recover(const Gf16Generator& generator, std::size_t k,
                                                    std::size_t m, std::size_t lost) {
  // One transform is log2(chunk)/2 butterflies for each row, and about one more step to read or write it.
  const std::size_t transform =
      generator.chunk * (static_cast<std::size_t>(std::countr_zero(generator.chunk)) + 2) / 2;
  const std::size_t chunks = ((generator.parity_first ? k : m) + generator.chunk - 1) / generator.chunk;
  // Form A: every chunk of data in, parity out and in, and out again each chunk that has lost something. Form
  // B takes about twice all its chunks.
  const std::size_t transforms =
      generator.parity_first ? chunks + 2 + std::min(chunks, lost) : 2 * (chunks + 1);
  // Weights are dearer in multiplication and in preparation where points, and so most weights, exceed 8 bits.
  const std::size_t sums = generator.chunk * (chunks + 1) > 512 ? k * lost * 3 / 2 : k * lost;
  return sums > transforms * transform;
}

}  // namespace punktfunk::fec
