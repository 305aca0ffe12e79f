// SPDX-License-Identifier: MIT OR Apache-2.0
// Rebuilding shards of a Cauchy code as weighted sums of the received ones, with all weights in closed form.
//
// Both erasure codes are (scaled) Cauchy matrices: parity x_a is Σ_i d_i / (x_a + y_i). With e missing data
// points y_b and as many parity points x_a, the inverse of the e × e Cauchy matrix is
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
  // `log` is the table of discrete logarithms of a field of 2^bits elements, with 0 for the one that has
  // none. Logarithms given and returned count modulo 2^bits − 1 but may be that number itself, in place of 0.
  CauchyWeights(const std::uint16_t* log, unsigned bits) : log_(log), bits_(bits), order_((1u << bits) - 1) {}

  // `rows` (x) and `missing` (y) have the same size and no point in common; they must outlive the calls
  // below. Keeps its memory from call to call.
  void prepare(std::span<const std::uint16_t> rows, std::span<const std::uint16_t> missing);

  // Memory for that many missing points.
  void reserve(std::size_t missing) {
    parity_.reserve(missing);
    missing_.reserve(missing);
  }

  // Logarithm of T(point) for a data point that is not missing.
  [[nodiscard]] std::uint32_t known(std::uint16_t point) const;
  // Logarithm of U_a.
  [[nodiscard]] std::uint32_t parity(std::size_t a) const { return parity_[a]; }
  // Logarithm of the weight that a shard at `point` with T or U of that logarithm has in missing shard b. The
  // logarithm given may be as large as 2^(2·bits − 1).
  [[nodiscard]] std::uint32_t weight(std::uint32_t log_of_point, std::uint16_t point, std::size_t b) const {
    return reduce(log_of_point + missing_[b] + order_ - log_[point ^ missing_points_[b]]);
  }

  [[nodiscard]] std::size_t scratch_bytes() const {
    return (parity_.capacity() + missing_.capacity()) * sizeof(std::uint32_t);
  }

 private:
  // Modulo 2^bits − 1 the digits to the base 2^bits add up: no division. Of two digits, below 2^(2·bits), the
  // first sum is at most 2·(2^bits − 1), and the second at most 2^bits − 1.
  [[nodiscard]] std::uint32_t reduce(std::uint32_t sum) const {
    sum = (sum & order_) + (sum >> bits_);
    return (sum & order_) + (sum >> bits_);
  }
  [[nodiscard]] std::uint32_t quotient(std::uint16_t point, std::span<const std::uint16_t> over,
                                       std::span<const std::uint16_t> under) const;

  const std::uint16_t* log_;
  unsigned bits_;
  std::uint32_t order_;
  std::span<const std::uint16_t> row_points_;
  std::span<const std::uint16_t> missing_points_;
  std::vector<std::uint32_t> parity_;
  std::vector<std::uint32_t> missing_;
};

}  // namespace punktfunk::fec
