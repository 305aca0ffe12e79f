// SPDX-License-Identifier: MIT OR Apache-2.0
// The inverse of a Cauchy matrix in closed form.
//
// Both erasure codes are (scaled) Cauchy matrices, so the e × e system that recovers e shards needs no
// Gaussian elimination: for C[a][b] = 1 / (x_a + y_b) in characteristic 2,
//   C⁻¹[b][a] = ∏_k (x_a + y_k) · ∏_k (x_k + y_b) / ((x_a + y_b) · ∏_{k≠a} (x_a + x_k) · ∏_{k≠b} (y_b +
//   y_k)),
// e² additions of logarithms instead of e³ multiplications.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace punktfunk::fec {

class CauchyInverse {
 public:
  // `x` and `y` have the same size and no point in common; `log` is the table of discrete logarithms
  // of a field whose multiplicative group has `order` elements.
  CauchyInverse(std::span<const std::uint16_t> x, std::span<const std::uint16_t> y, const std::uint16_t* log,
                std::uint32_t order);

  // Logarithm of C⁻¹[b][a], 0 … order − 1.
  [[nodiscard]] std::uint32_t log_at(std::size_t b, std::size_t a) const;

 private:
  std::span<const std::uint16_t> x_;
  std::span<const std::uint16_t> y_;
  const std::uint16_t* log_;
  std::uint32_t order_;
  std::vector<std::uint32_t> row_;     // by a
  std::vector<std::uint32_t> column_;  // by b
};

}  // namespace punktfunk::fec
