// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/cauchy.h"

namespace punktfunk::fec {

CauchyInverse::CauchyInverse(std::span<const std::uint16_t> x, std::span<const std::uint16_t> y,
                             const std::uint16_t* log, std::uint32_t order)
    : x_(x), y_(y), log_(log), order_(order), row_(x.size()), column_(y.size()) {
  // Sums stay below 2^16 terms of less than 2^16 each; 64 bits leave the reduction for the end.
  const auto ratio = [&](std::uint16_t point, std::span<const std::uint16_t> others,
                         std::span<const std::uint16_t> own) {
    std::uint64_t over = 0;
    std::uint64_t under = 0;
    for (const std::uint16_t other : others) over += log[point ^ other];
    for (const std::uint16_t other : own) {
      if (other != point) under += log[point ^ other];
    }
    return static_cast<std::uint32_t>((over + order - under % order) % order);
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    row_[i] = ratio(x[i], y, x);
    column_[i] = ratio(y[i], x, y);
  }
}

std::uint32_t CauchyInverse::log_at(std::size_t b, std::size_t a) const {
  return (row_[a] + column_[b] + order_ - log_[x_[a] ^ y_[b]]) % order_;
}

}  // namespace punktfunk::fec
