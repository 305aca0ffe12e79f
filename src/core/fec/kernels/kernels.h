// SPDX-License-Identifier: MIT OR Apache-2.0
// The few inner loops of the erasure codes. The codes are written once over this vocabulary; an instruction
// set is one file here, compiled with its own flags, and dispatch.cc picks among them.
//
// A GF(2^16) word is split over two halves of a 64-byte group: 32 low bytes, then 32 high bytes. Multiplying
// by a constant is linear, so the product of a word is the XOR of four table look-ups, one for each of its
// nibbles: exactly what a byte shuffle does 16 or 32 times at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace punktfunk::fec {

// c ⊗ (v << 4n) for nibble position n and value v, low and high byte apart.
struct Gf16Tables {
  alignas(64) std::uint8_t low[4][16];
  std::uint8_t high[4][16];
};

// The same for GF(2^8): c · (v << 4n).
struct Gf8Tables {
  alignas(32) std::uint8_t product[2][16];
};

// Lengths are in bytes; source and destination never overlap. The gf16_ loops take even lengths, with a last
// group of r < 64 bytes laid out as r/2 low bytes and r/2 high bytes.
struct Kernels {
  const char* name;

  // out ^= in
  void (*add)(std::uint8_t* out, const std::uint8_t* in, std::size_t bytes);

  // out ^= c ⊗ in
  void (*gf16_multiply_add)(std::uint8_t* out, const std::uint8_t* in, const Gf16Tables& c,
                            std::size_t bytes);

  // FFT butterfly: x ^= c ⊗ y, then y ^= x
  void (*gf16_fft)(std::uint8_t* x, std::uint8_t* y, const Gf16Tables& c, std::size_t bytes);

  // Inverse butterfly: y ^= x, then x ^= c ⊗ y
  void (*gf16_ifft)(std::uint8_t* x, std::uint8_t* y, const Gf16Tables& c, std::size_t bytes);

  // out ^= c · in
  void (*gf8_multiply_add)(std::uint8_t* out, const std::uint8_t* in, const Gf8Tables& c, std::size_t bytes);
};

// The kernels in use, chosen on first call: the best this CPU has, or the one PUNKTFUNK_FEC_KERNEL names
// (scalar, ssse3, avx2). A name this CPU or build lacks falls back to the best. Thread-safe.
[[nodiscard]] const Kernels& active_kernels();

// Every set this CPU can run, the scalar reference first, the best last.
[[nodiscard]] std::span<const Kernels* const> available_kernels();

// Makes `kernels` the active one, for tests and benchmarks that compare sets. Not while another thread codes.
void use_kernels(const Kernels& kernels);

}  // namespace punktfunk::fec
