// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_incremental.h"

#include "core/fec/gf16_choice.h"
#include "core/fec/gf16_code.h"
#include "core/fec/gf16_fft.h"
#include "core/fec/gf16_generator.h"
#include "core/fec/gf16_strips.h"

namespace punktfunk::fec {

bool Gf16IncrementalEncoder::begin(std::size_t k, std::size_t m, std::size_t shard_bytes) {
  sums_ = nullptr;
  if (m == 0 || !Gf16Code::supports(k, m) || shard_bytes == 0 || shard_bytes % 2 != 0) return false;
  const Gf16Generator generator(k, m);
  if (!generator.parity_first || !prefers_transform_encode(m) || k <= generator.chunk) return false;
  const std::size_t columns = (shard_bytes + kGroupBytes - 1) / kGroupBytes * kGroupBytes;
  const std::size_t bytes = generator.chunk * columns + strip_bytes(2 * generator.chunk, shard_bytes);
  if (bytes > kMaxScratchBytes) return false;
  chunk_ = generator.chunk;
  shard_bytes_ = shard_bytes;
  absorbed_ = 0;
  sums_ = work_.ensure(bytes);
  part_ = sums_ + chunk_ * columns;
  return true;
}

void Gf16IncrementalEncoder::absorb_chunk(std::span<const std::uint8_t* const> shards) {
  for_each_strip(2 * chunk_, shard_bytes_, [&](const Strip& strip) {
    std::uint8_t* const sum = sums_ + chunk_ * strip.column;
    const bool first = absorbed_ == 0;
    Gf16Transform{active_kernels(), strip, chunk_, chunk_ + absorbed_}.inverse(shards, first ? sum : part_,
                                                                               sum, !first);
  });
  absorbed_ += shards.size();
}

void Gf16IncrementalEncoder::absorb(std::span<const std::uint8_t* const> data) {
  // The field has no points for more; finish() refuses such a block.
  while (data.size() - absorbed_ >= chunk_ && absorbed_ + 2 * chunk_ <= std::size_t{65536}) {
    absorb_chunk(data.subspan(absorbed_, chunk_));
  }
}

bool Gf16IncrementalEncoder::finish(std::span<const std::uint8_t* const> data,
                                    std::span<std::uint8_t* const> parity) {
  const bool begun = sums_ != nullptr;
  const std::size_t m = parity.size();
  if (!begun || m == 0 || data.size() < absorbed_ || !Gf16Code::supports(data.size(), m)) return false;
  const Gf16Generator generator(data.size(), m);
  if (!generator.parity_first || generator.chunk != chunk_) return false;
  absorb(data);
  if (absorbed_ < data.size()) absorb_chunk(data.subspan(absorbed_));
  for_each_strip(2 * chunk_, shard_bytes_, [&](const Strip& strip) {
    std::uint8_t* const sum = sums_ + chunk_ * strip.column;
    Gf16Transform{active_kernels(), strip, chunk_, 0}.forward(sum, sum, parity);
  });
  sums_ = nullptr;
  return true;
}

}  // namespace punktfunk::fec
