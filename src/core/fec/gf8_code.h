// SPDX-License-Identifier: MIT OR Apache-2.0
// The erasure code over GF(2^8) (protocol section 14.2): at most 255 shards to a block, any shard length. The
// matrix is ours, its products with the shards are ISA-L's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/fec/cauchy.h"

namespace punktfunk::fec {

// Same calls as Gf16Code. Not thread-safe; allocates nothing once it has seen its largest shape.
class Gf8Code {
 public:
  Gf8Code();

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
  void multiply(std::size_t shard_bytes);

  std::vector<std::uint8_t> weights_;  // one row of inputs_.size() for each output
  std::vector<std::uint8_t> tables_;  // ISA-L's, 32 bytes for each weight: at most 127 · 128 · 32 = 508 KiB
  std::vector<std::uint8_t*> inputs_;  // read only; ISA-L's interface says otherwise
  std::vector<std::uint8_t*> outputs_;
  std::vector<std::uint16_t> missing_;  // points
  std::vector<std::uint16_t> rows_;     // points
  std::size_t table_inputs_ = 0;        // the shape whose encoding tables are in tables_, 0 for none
  CauchyWeights cauchy_;
};

}  // namespace punktfunk::fec
