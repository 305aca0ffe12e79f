// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_fft.h"

#include <array>
#include <bit>

#include "base/bytes.h"
#include "core/fec/gf16_field.h"

namespace punktfunk::fec {

namespace {

// The sixteen XORs of any of four bytes, entry i taking those whose bit is set in i.
void store_sums(std::uint8_t* table, unsigned b0, unsigned b1, unsigned b2, unsigned b3) {
  const std::uint32_t first_four = b0 << 8 | b1 << 16 | (b0 ^ b1) << 24;
  const std::uint64_t first_eight = first_four | std::uint64_t{first_four ^ b2 * 0x01010101u} << 32;
  store_le(table, first_eight);
  store_le(table + 8, first_eight ^ b3 * std::uint64_t{0x0101010101010101});
}

}  // namespace

Gf16Tables make_tables(std::uint16_t c) {
  // Multiplication is linear, so the products with the sixteen single bits give all table entries.
  const std::array<std::uint16_t, 16> products = Gf16Field::instance().multiply_bits(c);
  Gf16Tables tables;
  for (std::size_t nibble = 0; nibble < 4; ++nibble) {
    const std::uint16_t* const p = products.data() + 4 * nibble;
    store_sums(tables.low[nibble], p[0] & 0xFFu, p[1] & 0xFFu, p[2] & 0xFFu, p[3] & 0xFFu);
    store_sums(tables.high[nibble], unsigned{p[0]} >> 8, unsigned{p[1]} >> 8, unsigned{p[2]} >> 8,
               unsigned{p[3]} >> 8);
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
