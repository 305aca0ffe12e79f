// SPDX-License-Identifier: MIT OR Apache-2.0
// The erasure code over GF(2^8) (protocol section 14.2): at most 255 shards to a block, any shard length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/fec/aligned_buffer.h"

namespace punktfunk::fec {

// Same calls as Gf16Code. Not thread-safe.
class Gf8Code {
 public:
  // At least one data shard, at most 255 shards together.
  [[nodiscard]] static bool supports(std::size_t k, std::size_t m);

  // Writes every parity shard from the data shards. False, with nothing written, when supports() says no or a
  // shard is empty.
  bool encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
              std::size_t shard_bytes);

  // Fills in the data shards whose `data_present` is 0; writes nothing else. `parity` holds a nullptr for
  // each shard not received, and its size is the block's m. False when fewer parity shards are there than
  // data shards are missing, or encode() would refuse the shape.
  [[nodiscard]] bool recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                             std::span<const std::uint8_t* const> parity, std::size_t shard_bytes);

 private:
  AlignedBuffer rest_;  // what the missing shards contributed to the parity, one row per equation
};

}  // namespace punktfunk::fec
