// SPDX-License-Identifier: MIT OR Apache-2.0
// The words of GF(2^16) as pairs over GF(2^8), in which most of the work needs multiplications by GF(2^8)
// only.
//
// In the Cantor basis the words below 256 are the subfield GF(2^8). With β the word 0x100, every word is a +
// b·β for words a, b below 256, and b is simply its high byte: the map w → w >> 8 is x^256 + x, which is
// linear over the subfield and takes β to 1. So a = low byte ⊕ fold(high byte) with a fixed linear fold,
// which is its own inverse. What that buys: a constant c below 256 multiplies a and b alike, with one 8 × 8
// bit matrix, and FFT twiddle factors are points shifted right, nearly all of them below 256. Any other
// constant c0 + c1·β is c0·v + c1·(β·v), with β·(a + b·β) = 0x80·b + (a + b)·β because β² = β + 0x80.
#pragma once

#include <cstddef>
#include <cstdint>

namespace punktfunk::fec {

// c0 | c1 << 8
using TowerWord = std::uint16_t;

struct TowerTables {
  // Multiplication by c below 256: as the matrix operand of GF2P8AFFINEQB, and as the products with the
  // sixteen low and high nibbles for byte shuffles.
  alignas(64) std::uint64_t matrix[256];
  alignas(64) std::uint8_t nibbles[256][2][16];
  // The fold, in the same two forms and by value.
  std::uint64_t fold_matrix;
  alignas(64) std::uint8_t fold_nibbles[2][16];
  alignas(64) std::uint8_t fold[256];
  std::uint8_t lifted[256];  // 0x80·c

  // Words wrap at 2^16: the look-ahead of a pass over the whole field asks for one behind it, and does not
  // use it.
  [[nodiscard]] TowerWord from_word(std::size_t word) const {
    return static_cast<TowerWord>(word ^ fold[word >> 8 & 0xFF]);
  }

  // Built on first use, then shared and read-only. Thread-safe.
  [[nodiscard]] static const TowerTables& instance();
};

}  // namespace punktfunk::fec
