// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/parity.h"

#include <algorithm>

namespace punktfunk::fec {
namespace {

std::uint64_t unclamped(std::uint64_t k, std::uint64_t percent) {
  if (percent == 0) return 0;
  return std::max<std::uint64_t>(2, (k * percent + 99) / 100);
}

}  // namespace

std::uint32_t parity_count(std::uint32_t k, std::uint32_t percent, std::uint32_t max_k,
                           std::uint32_t negotiated_percent, Scheme scheme) {
  const std::uint64_t room =
      std::min<std::uint64_t>(max_k + unclamped(max_k, negotiated_percent), max_block_shards(scheme));
  if (room <= k) return 0;
  return static_cast<std::uint32_t>(std::min(unclamped(k, percent), room - k));
}

}  // namespace punktfunk::fec
