// SPDX-License-Identifier: MIT OR Apache-2.0
// The reference loops, and the tails of every vector kernel. `static` on purpose: each kernel file is
// compiled with other flags, and a shared inline function could end up in the binary with instructions the
// CPU lacks.
#pragma once

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

static constexpr std::size_t kGroupBytes = 64;
static constexpr std::size_t kHalfGroup = 32;

[[maybe_unused]] static void scalar_add(std::uint8_t* out, const std::uint8_t* in, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(out[i] ^ in[i]);
}

// `words` words whose low bytes start at *_low and whose high bytes start `half` bytes later.
[[maybe_unused]] static void scalar_gf16_words(std::uint8_t* out, const std::uint8_t* in, const Gf16Tables& c,
                                               std::size_t half, std::size_t words) {
  for (std::size_t t = 0; t < words; ++t) {
    const unsigned low = in[t];
    const unsigned high = in[half + t];
    out[t] = static_cast<std::uint8_t>(out[t] ^ c.low[0][low & 15] ^ c.low[1][low >> 4] ^
                                       c.low[2][high & 15] ^ c.low[3][high >> 4]);
    out[half + t] = static_cast<std::uint8_t>(out[half + t] ^ c.high[0][low & 15] ^ c.high[1][low >> 4] ^
                                              c.high[2][high & 15] ^ c.high[3][high >> 4]);
  }
}

[[maybe_unused]] static void scalar_gf16_multiply_add(std::uint8_t* out, const std::uint8_t* in,
                                                      const Gf16Tables& c, std::size_t bytes) {
  std::size_t at = 0;
  for (; at + kGroupBytes <= bytes; at += kGroupBytes)
    scalar_gf16_words(out + at, in + at, c, kHalfGroup, kHalfGroup);
  const std::size_t half = (bytes - at) / 2;
  scalar_gf16_words(out + at, in + at, c, half, half);
}

[[maybe_unused]] static void scalar_gf16_fft(std::uint8_t* x, std::uint8_t* y, const Gf16Tables& c,
                                             std::size_t bytes) {
  scalar_gf16_multiply_add(x, y, c, bytes);
  scalar_add(y, x, bytes);
}

[[maybe_unused]] static void scalar_gf16_ifft(std::uint8_t* x, std::uint8_t* y, const Gf16Tables& c,
                                              std::size_t bytes) {
  scalar_add(y, x, bytes);
  scalar_gf16_multiply_add(x, y, c, bytes);
}

[[maybe_unused]] static void scalar_gf8_multiply_add(std::uint8_t* out, const std::uint8_t* in,
                                                     const Gf8Tables& c, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<std::uint8_t>(out[i] ^ c.product[0][in[i] & 15] ^ c.product[1][in[i] >> 4]);
  }
}

}  // namespace punktfunk::fec
