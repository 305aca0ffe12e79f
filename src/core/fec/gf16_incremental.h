// SPDX-License-Identifier: MIT OR Apache-2.0
// Encoding while the data shards of a block are still being made: most of the work is done when the last one
// comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/fec/aligned_buffer.h"

namespace punktfunk::fec {

// The transform of a block with more data than parity (form A) takes one chunk of data after the other, as
// many shards as the parity counts rounded up to a power of two. This does so as they come; what is left for
// the end is the chunk that is not full and one transform for the parity. Gives the bytes of
// Gf16Code::encode(). Holds scratch memory that is reused from block to block; not thread-safe.
class Gf16IncrementalEncoder {
 public:
  // Begins a block that will probably have `k` data and `m` parity shards, and forgets the one before. False
  // where nothing is gained (all of the data in one chunk, weighted sums instead of transforms) or the sums
  // would take more than kMaxScratchBytes: encode such a block as a whole.
  bool begin(std::size_t k, std::size_t m, std::size_t shard_bytes);

  // `data` are the block's shards so far, those of earlier calls in front; their bytes are read now or, where
  // they do not yet fill a chunk, later. Only after begin() was true.
  void absorb(std::span<const std::uint8_t* const> data);

  // Writes the parity of the whole block. Its shape may be another than announced as long as it takes the
  // same chunks, which the rounding allows often; else false, with nothing written: encode it as a whole.
  // Needs begin() again afterwards.
  [[nodiscard]] bool finish(std::span<const std::uint8_t* const> data, std::span<std::uint8_t* const> parity);

  // Sums over all columns, unlike Gf16Code's, and one strip.
  static constexpr std::size_t kMaxScratchBytes = std::size_t{8} << 20;
  [[nodiscard]] std::size_t scratch_bytes() const { return work_.capacity(); }

 private:
  void absorb_chunk(std::span<const std::uint8_t* const> shards);

  AlignedBuffer work_;
  std::uint8_t* sums_ = nullptr;  // in work_: for each strip its rows; null when there is no block
  std::uint8_t* part_ = nullptr;  // in work_: rows of one strip
  std::size_t chunk_ = 0;
  std::size_t shard_bytes_ = 0;
  std::size_t absorbed_ = 0;  // data shards, whole chunks until finish()
};

}  // namespace punktfunk::fec
