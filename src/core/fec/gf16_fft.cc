// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_fft.h"

#include <bit>

#include "core/fec/gf16_field.h"

namespace punktfunk::fec {

Gf16Tables make_tables(std::uint16_t c) {
  const Gf16Field& field = Gf16Field::instance();
  Gf16Tables tables;
  for (std::size_t nibble = 0; nibble < 4; ++nibble) {
    // Multiplication is linear, so four products give all sixteen.
    std::uint16_t product[16];
    product[0] = 0;
    for (std::size_t bit = 0; bit < 4; ++bit) {
      const std::size_t value = std::size_t{1} << bit;
      product[value] = field.multiply(c, static_cast<std::uint16_t>(value << (4 * nibble)));
      for (std::size_t i = 1; i < value; ++i) {
        product[value + i] = static_cast<std::uint16_t>(product[value] ^ product[i]);
      }
    }
    for (std::size_t i = 0; i < 16; ++i) {
      tables.low[nibble][i] = static_cast<std::uint8_t>(product[i]);
      tables.high[nibble][i] = static_cast<std::uint8_t>(product[i] >> 8);
    }
  }
  return tables;
}

void gf16_fft(const ShardRows& rows, std::size_t size, std::size_t wanted, std::size_t offset,
              const Kernels& kernels) {
  for (std::size_t half = size / 2; half > 0; half /= 2) {
    const int depth = std::countr_zero(half);
    for (std::size_t block = 0; block < wanted; block += 2 * half) {
      const auto twiddle = static_cast<std::uint16_t>((offset + block) >> depth);
      if (twiddle == 0) {
        for (std::size_t i = block; i < block + half; ++i) kernels.add(rows[i + half], rows[i], rows.bytes);
        continue;
      }
      const Gf16Tables tables = make_tables(twiddle);
      for (std::size_t i = block; i < block + half; ++i) {
        kernels.gf16_fft(rows[i], rows[i + half], tables, rows.bytes);
      }
    }
  }
}

void gf16_inverse_fft(const ShardRows& rows, std::size_t size, std::size_t used, std::size_t offset,
                      const Kernels& kernels) {
  for (std::size_t half = 1; half < size; half *= 2) {
    const int depth = std::countr_zero(half);
    // A block that starts behind the used rows is all zeros, and stays so.
    for (std::size_t block = 0; block < used; block += 2 * half) {
      const auto twiddle = static_cast<std::uint16_t>((offset + block) >> depth);
      if (twiddle == 0) {
        for (std::size_t i = block; i < block + half; ++i) kernels.add(rows[i + half], rows[i], rows.bytes);
        continue;
      }
      const Gf16Tables tables = make_tables(twiddle);
      for (std::size_t i = block; i < block + half; ++i) {
        kernels.gf16_ifft(rows[i], rows[i + half], tables, rows.bytes);
      }
    }
  }
}

}  // namespace punktfunk::fec
