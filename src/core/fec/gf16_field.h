// SPDX-License-Identifier: MIT OR Apache-2.0
// Arithmetic of GF(2)[x] / (x^16 + x^5 + x^3 + x^2 + 1) on 16-bit words (protocol section 14.1).
//
// A word is not the polynomial itself but its coordinates in a Cantor basis. Addition stays XOR; what the
// basis buys is that the additive FFT's twiddle factors become plain integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace punktfunk::fec {

class Gf16Field {
 public:
  static constexpr std::uint32_t kOrder = 65535;  // of the multiplicative group

  // Built on first use (about 1 ms), then shared and read-only. Thread-safe.
  [[nodiscard]] static const Gf16Field& instance();

  [[nodiscard]] std::uint16_t multiply(std::uint16_t a, std::uint16_t b) const {
    return a == 0 || b == 0 ? std::uint16_t{0} : exp_[log_[a] + std::uint32_t{log_[b]}];
  }

  // `b` is not zero.
  [[nodiscard]] std::uint16_t divide(std::uint16_t a, std::uint16_t b) const {
    return a == 0 ? std::uint16_t{0} : exp_[log_[a] + kOrder - log_[b]];
  }

  // Discrete logarithm of a word that is not zero: 0 … kOrder − 1.
  [[nodiscard]] std::uint32_t log(std::uint16_t word) const { return log_[word]; }

  // The word with that logarithm, `log` at most 2·kOrder.
  [[nodiscard]] std::uint16_t exp(std::uint32_t log) const { return exp_[log]; }

  // The table behind log(), by word; its entry for 0, which has no logarithm, is 0.
  [[nodiscard]] const std::uint16_t* log_table() const { return log_.data(); }

  // The polynomial a word stands for.
  [[nodiscard]] static std::uint16_t element_of(std::uint16_t word);

 private:
  Gf16Field();
  std::vector<std::uint16_t> log_;  // by word
  std::vector<std::uint16_t>
      exp_;  // word by logarithm, twice over and once more, so that sums need no reduction
};

}  // namespace punktfunk::fec
