// SPDX-License-Identifier: MIT OR Apache-2.0
// How many parity shards a block gets (protocol section 13.2).
#pragma once

#include <cstdint>

namespace punktfunk::fec {

// Wire values of the erasure code.
enum class Scheme : std::uint8_t { gf8 = 0, gf16 = 1 };

// The most data plus parity shards any block may have.
[[nodiscard]] constexpr std::uint32_t max_block_shards(Scheme scheme) {
  return scheme == Scheme::gf8 ? 255 : 65535;
}

// `k` data shards (at least 1), `percent` in force (0 … 90), `max_k` the session's max_data_per_block and
// `negotiated_percent` the session's percentage, which together bound the block a receiver accepts.
[[nodiscard]] std::uint32_t parity_count(std::uint32_t k, std::uint32_t percent, std::uint32_t max_k,
                                         std::uint32_t negotiated_percent, Scheme scheme);

}  // namespace punktfunk::fec
