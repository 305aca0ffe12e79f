// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_field.h"

#include <array>

namespace punktfunk::fec {
namespace {

constexpr std::uint32_t kPolynomial = 0x1002D;

// β0 … β15 of section 14.1: β_i² + β_i = β_{i−1}, β_0 = 1.
constexpr std::array<std::uint16_t, 16> kCantorBasis = {0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E,
                                                        0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72, 0xB900,
                                                        0xFDB8, 0xFB34, 0xFF38, 0x991E};

}  // namespace

std::uint16_t Gf16Field::element_of(std::uint16_t word) {
  std::uint16_t element = 0;
  for (std::size_t i = 0; i < kCantorBasis.size(); ++i) {
    if ((word >> i) & 1) element = static_cast<std::uint16_t>(element ^ kCantorBasis[i]);
  }
  return element;
}

Gf16Field::Gf16Field() : log_(kOrder + 1), exp_(2 * kOrder + 1) {
  std::vector<std::uint16_t> log_of_element(kOrder + 1);
  std::uint32_t power = 1;  // x^i
  for (std::uint32_t i = 0; i < kOrder; ++i) {
    log_of_element[power] = static_cast<std::uint16_t>(i);
    power <<= 1;
    if (power > kOrder) power ^= kPolynomial;
  }
  for (std::uint32_t word = 1; word <= kOrder; ++word) {
    const std::uint16_t log = log_of_element[element_of(static_cast<std::uint16_t>(word))];
    log_[word] = log;
    exp_[log] = static_cast<std::uint16_t>(word);
    exp_[log + kOrder] = static_cast<std::uint16_t>(word);
  }
  exp_[2 * kOrder] = exp_[0];
}

const Gf16Field& Gf16Field::instance() {
  static const Gf16Field field;
  return field;
}

}  // namespace punktfunk::fec
