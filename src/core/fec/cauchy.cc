// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/cauchy.h"

namespace punktfunk::fec {

// A point that is itself among `over` or `under` counts as a factor of 1 there: the tables hold 0 for log 0.
std::uint32_t CauchyWeights::quotient(std::uint16_t point, std::span<const std::uint16_t> over,
                                      std::span<const std::uint16_t> under) const {
  // Below 2^16 terms of less than 2^16 each.
  std::uint32_t product = 0;
  std::uint32_t divisor = 0;
  for (const std::uint16_t other : over) product += log_[point ^ other];
  for (const std::uint16_t other : under) divisor += log_[point ^ other];
  return reduce(reduce(product) + order_ - reduce(divisor));
}

void CauchyWeights::prepare(std::span<const std::uint16_t> rows, std::span<const std::uint16_t> missing) {
  row_points_ = rows;
  missing_points_ = missing;
  parity_.resize(rows.size());
  missing_.resize(missing.size());
  for (std::size_t n = 0; n < rows.size(); ++n) {
    parity_[n] = quotient(rows[n], missing, rows);
    missing_[n] = quotient(missing[n], rows, missing);
  }
}

std::uint32_t CauchyWeights::known(std::uint16_t point) const {
  return quotient(point, missing_points_, row_points_);
}

}  // namespace punktfunk::fec
