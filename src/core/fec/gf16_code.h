// SPDX-License-Identifier: MIT OR Apache-2.0
// The erasure code over GF(2^16) (protocol section 14.1), bit-compatible with Leopard's 16-bit code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/fec/aligned_buffer.h"
#include "core/fec/gf16_generator.h"

namespace punktfunk::fec {

// Holds scratch memory that is reused from call to call: keep one per thread. Not thread-safe.
class Gf16Code {
 public:
  // Shapes the code exists for: at least one data shard, and all points in the field (65536 of them).
  [[nodiscard]] static bool supports(std::size_t k, std::size_t m);

  // Writes every parity shard from the data shards. `shard_bytes` is even, the same for all shards. False,
  // with nothing written, when supports() says no or the length is odd; no parity at all is true.
  bool encode(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity,
              std::size_t shard_bytes);

  // Fills in the data shards whose `data_present` is 0; writes nothing else. `data` holds a writable shard
  // for every index, `parity` a nullptr for each one not received, and its size is the block's m. False when
  // fewer parity shards are there than data shards are missing, or encode() would refuse the shape.
  [[nodiscard]] bool recover(std::span<std::uint8_t* const> data, std::span<const std::uint8_t> data_present,
                             std::span<const std::uint8_t* const> parity, std::size_t shard_bytes);

  // The two ways to encode, which give the same bytes; encode() takes the faster. For tests and benchmarks,
  // and for recover(): a nullptr in `data` counts as zeros, and `parity` may be any first part of the block's
  // parity. `generator` is that of a supported shape, data.size() its k, and `parity` is not empty.
  void encode_direct(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                     std::span<std::uint8_t* const> parity, std::size_t shard_bytes);
  void encode_fft(const Gf16Generator& generator, std::span<const std::uint8_t* const> data,
                  std::span<std::uint8_t* const> parity, std::size_t shard_bytes);

 private:
  AlignedBuffer work_;  // two chunks of the FFT
  AlignedBuffer rest_;  // what the missing shards contributed to the parity, one row per equation
};

}  // namespace punktfunk::fec
