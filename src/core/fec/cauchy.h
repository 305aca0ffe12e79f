// SPDX-License-Identifier: MIT OR Apache-2.0
// Rebuilding shards of a Cauchy code as weighted sums of the received ones, with all weights in closed form.
//
// Both erasure codes are (scaled) Cauchy matrices: parity x_a is Σ_i d_i / (x_a + y_i). With e missing data points y_b
// and as many parity points x_a, the inverse of the e × e Cauchy matrix is
//   w(b, a) = U_a · V_b / (x_a + y_b),  U_a = ∏_k (x_a + y_k) / ∏_{k≠a} (x_a + x_k),
//                                       V_b = ∏_k (x_k + y_b) / ∏_{k≠b} (y_b + y_k),
// and what a known data point p then contributes collapses, by partial fractions, to
//   w(b, p) = T(p) · V_b / (p + y_b),   T(p) = ∏_k (p + y_k) / ∏_k (p + x_k).
// No elimination, no e rows of intermediate sums: each missing shard is one sum over k received shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace punktfunk::fec {

class CauchyWeights {
 public:
  // `log` is the table of discrete logarithms of a field whose multiplicative group has `order` elements.
  CauchyWeights(const std::uint16_t* log, std::uint32_t order) : log_(log), order_(order) {}

  // `rows` (x) and `missing` (y) have the same size and no point in common; they must outlive the calls below. Keeps
  // its memory from call to call.
  void prepare(std::span<const std::uint16_t> rows, std::span<const std::uint16_t> missing);

  // Logarithm of T(point) for a data point that is not missing: 0 … order − 1.
  [[nodiscard]] std::uint32_t known(std::uint16_t point) const;
  // Logarithm of U_a.
  [[nodiscard]] std::uint32_t parity(std::size_t a) const { return parity_[a]; }
  // Logarithm of the weight that a shard at `point` with T or U of that logarithm has in missing shard b.
  [[nodiscard]] std::uint32_t weight(std::uint32_t log_of_point, std::uint16_t point, std::size_t b) const {
    return (log_of_point + missing_[b] + order_ - log_[point ^ missing_points_[b]]) % order_;
  }

  [[nodiscard]] std::size_t scratch_bytes() const {
    return (parity_.capacity() + missing_.capacity()) * sizeof(std::uint32_t);
  }

 private:
  [[nodiscard]] std::uint32_t quotient(std::uint16_t point, std::span<const std::uint16_t> over,
                                       std::span<const std::uint16_t> under) const;

  const std::uint16_t* log_;
  std::uint32_t order_;
  std::span<const std::uint16_t> row_points_;
  std::span<const std::uint16_t> missing_points_;
  std::vector<std::uint32_t> parity_;
  std::vector<std::uint32_t> missing_;
};

}  // namespace punktfunk::fec
