// SPDX-License-Identifier: MIT OR Apache-2.0
// The additive FFT over GF(2^16): evaluates a polynomial at `size` neighbouring points, in size/2·log2(size)
// butterflies over whole shards.
//
// Let s_d be the polynomial that vanishes on the points 0 … 2^d − 1. In the Cantor basis s_1(x) = x² + x
// shifts a word right by one bit, so s_d(w) = w >> d: every twiddle factor is a shifted point. A polynomial
// is held by its coefficients over the products X_i = ∏ s_d for the bits d set in i. Splitting on the top bit
// gives f = f0 + s_d·f1; at two points that differ in bit d, s_d differs by exactly 1, which is the butterfly
// f(w) = f0 + (w >> d)·f1, f(w + 2^d) = f(w) + f1. (Lin, Chung, Han: "Novel polynomial basis and its
// application to Reed-Solomon erasure codes", 2014.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

// Rows of equal length, `stride` bytes apart.
struct ShardRows {
  std::uint8_t* first;
  std::size_t stride;
  std::size_t bytes;
  [[nodiscard]] std::uint8_t* operator[](std::size_t row) const { return first + row * stride; }
  [[nodiscard]] ShardRows from(std::size_t row) const { return {(*this)[row], stride, bytes}; }
};

[[nodiscard]] Gf16Tables make_tables(std::uint16_t c);

// Coefficients → values at offset … offset + size − 1, of which only the first `wanted` are computed. `size`
// is a power of two and divides `offset`.
void gf16_fft(const ShardRows& rows, std::size_t size, std::size_t wanted, std::size_t offset,
              const Kernels& kernels);

// Values → coefficients. Rows from `used` on must be zero on entry.
void gf16_inverse_fft(const ShardRows& rows, std::size_t size, std::size_t used, std::size_t offset,
                      const Kernels& kernels);

}  // namespace punktfunk::fec
