// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/kernels/tower.h"

#include <array>

#include "core/fec/gf16_field.h"

namespace punktfunk::fec {
namespace {

// A linear map of bytes, by its images of the single bits.
using Images = std::array<std::uint8_t, 8>;

std::uint8_t apply(const Images& images, unsigned value) {
  unsigned result = 0;
  for (std::size_t bit = 0; bit < 8; ++bit) {
    if ((value >> bit) & 1) result ^= images[bit];
  }
  return static_cast<std::uint8_t>(result);
}

// GF2P8AFFINEQB takes the row that gives output bit i from byte 7 − i.
std::uint64_t matrix_of(const Images& images) {
  std::uint64_t matrix = 0;
  for (unsigned out = 0; out < 8; ++out) {
    for (unsigned in = 0; in < 8; ++in) {
      matrix |= std::uint64_t{(unsigned{images[in]} >> out) & 1} << (8 * (7 - out) + in);
    }
  }
  return matrix;
}

void fill_nibbles(std::uint8_t (&nibbles)[2][16], const Images& images) {
  for (unsigned value = 0; value < 16; ++value) {
    nibbles[0][value] = apply(images, value);
    nibbles[1][value] = apply(images, value << 4);
  }
}

TowerTables build() {
  TowerTables tables{};
  const Gf16Field& field = Gf16Field::instance();
  Images images{};
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      images[bit] = static_cast<std::uint8_t>(
          field.multiply(static_cast<std::uint16_t>(c), static_cast<std::uint16_t>(1u << bit)));
    }
    tables.matrix[c] = matrix_of(images);
    fill_nibbles(tables.nibbles[c], images);
    tables.lifted[c] = apply(images, 0x80);
  }
  for (std::size_t bit = 0; bit < 8; ++bit) {
    images[bit] = static_cast<std::uint8_t>(field.multiply(0x100, static_cast<std::uint16_t>(1u << bit)));
  }
  tables.fold_matrix = matrix_of(images);
  fill_nibbles(tables.fold_nibbles, images);
  for (unsigned value = 0; value < 256; ++value) tables.fold[value] = apply(images, value);
  return tables;
}

}  // namespace

const TowerTables& TowerTables::instance() {
  static const TowerTables tables = build();
  return tables;
}

}  // namespace punktfunk::fec
