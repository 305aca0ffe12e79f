// SPDX-License-Identifier: MIT OR Apache-2.0
// The additive FFT over GF(2^16): evaluates a polynomial at `size` neighbouring points, in size/2·log2(size)
// butterflies over one strip of all shards.
//
// Let s_d be the polynomial that vanishes on the points 0 … 2^d − 1. In the Cantor basis s_1(x) = x² + x
// shifts a word right by one bit, so s_d(w) = w >> d: every twiddle factor is a shifted point. A polynomial
// is held by its coefficients over the products X_i = ∏ s_d for the bits d set in i. Splitting on the top bit
// gives f = f0 + s_d·f1; at two points that differ in bit d, s_d differs by exactly 1, which is the butterfly
// f(w) = f0 + (w >> d)·f1, f(w + 2^d) = f(w) + f1. (Lin, Chung, Han: "Novel polynomial basis and its
// application to Reed-Solomon erasure codes", 2014.)
//
// Layers are taken several at a time, as many as a kernel set holds in registers; the first pass of an
// inverse transform reads the caller's shards and the last pass of a forward transform writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

// `size` values at or from the points offset … offset + size − 1, rows of `strip`. `size` is a power of two,
// at least 2, and divides `offset`.
struct Gf16Transform {
  const Kernels& kernels;
  Strip strip;
  std::size_t size;
  std::size_t offset;

  // Values → coefficients, written or added to `out`. The values are shards: those not given are zeros, as
  // are null pointers. `work` may be `out` unless they are added.
  void inverse(std::span<const std::uint8_t* const> shards, std::uint8_t* work, std::uint8_t* out,
               bool add) const;
  // The same in place, from `used` rows; what the others hold does not matter, they count as zeros.
  void inverse(std::uint8_t* rows, std::size_t used) const;

  // Coefficients → the first values, as many as there are shards. `work` may be `in`.
  void forward(const std::uint8_t* in, std::uint8_t* work, std::span<std::uint8_t* const> shards) const;
  // The first `wanted` values (and perhaps more) as rows.
  void forward(const std::uint8_t* in, std::uint8_t* out, std::size_t wanted) const;

  // Coefficients of a polynomial → those of its derivative: s_d' is 1, so the derivative of X_i is the sum of
  // X_i / s_d over the bits set in i.
  void derive(std::uint8_t* rows) const;

 private:
  void inverse_passes(Pass first, std::size_t used, std::uint8_t* work, std::uint8_t* out, bool add) const;
  void forward_passes(Pass last, std::size_t wanted, const std::uint8_t* in, std::uint8_t* work) const;
};

}  // namespace punktfunk::fec
