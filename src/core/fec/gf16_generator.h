// SPDX-License-Identifier: MIT OR Apache-2.0
// The generator matrix of the GF(2^16) code in closed form (protocol section 14.1).
//
// Every shard of a block is the value of one polynomial at one point. Form A puts the parity at the points
// from 0 on and the data behind them, form B the other way round; the smaller side, rounded up to a power of
// two, sets where the larger one starts. Coefficient (j, i) is a Cauchy matrix 1 / (point_j + point_i), with
// its columns (A) or rows (B) scaled by small integers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/fec/gf16_field.h"

namespace punktfunk::fec {

struct Gf16Generator {
  // `k` at least 1, `m` at least 1, gf16 shape supported (see Gf16Code::supports).
  Gf16Generator(std::size_t k, std::size_t m) {
    const std::size_t k_rounded = std::bit_ceil(k);
    const std::size_t m_rounded = std::bit_ceil(m);
    parity_first = k_rounded > m_rounded || (k_rounded == m_rounded && k <= m);
    chunk = parity_first ? m_rounded : k_rounded;
  }

  bool parity_first;  // form A
  std::size_t chunk;  // Mp (A) or Kp (B), a power of two

  [[nodiscard]] std::uint16_t parity_point(std::size_t j) const {
    return static_cast<std::uint16_t>(parity_first ? j : chunk + j);
  }
  [[nodiscard]] std::uint16_t data_point(std::size_t i) const {
    return static_cast<std::uint16_t>(parity_first ? chunk + i : i);
  }
  // What the Cauchy coefficient is multiplied by.
  [[nodiscard]] std::uint16_t scale(std::size_t j, std::size_t i) const {
    return static_cast<std::uint16_t>((parity_first ? i : j) / chunk + 1);
  }
  [[nodiscard]] std::uint16_t coefficient(std::size_t j, std::size_t i) const {
    return Gf16Field::instance().divide(scale(j, i),
                                        static_cast<std::uint16_t>(parity_point(j) ^ data_point(i)));
  }
};

}  // namespace punktfunk::fec
