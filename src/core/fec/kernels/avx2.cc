// SPDX-License-Identifier: MIT OR Apache-2.0
// 32 words at a time. Compiled with -mavx2; only dispatch.cc may call in here.
#include <immintrin.h>

#include "core/fec/kernels/isa.h"
#include "core/fec/kernels/scalar_loops.h"

namespace punktfunk::fec {
namespace {

using Vector = __m256i;
constexpr std::size_t kVectorBytes = sizeof(Vector);

Vector load(const std::uint8_t* at) { return _mm256_loadu_si256(reinterpret_cast<const Vector*>(at)); }
void store(std::uint8_t* at, Vector value) { _mm256_storeu_si256(reinterpret_cast<Vector*>(at), value); }
// The byte shuffle works on each 128-bit half apart, so both halves hold the table.
Vector load_table(const std::uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
}
Vector exclusive_or(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
Vector look_up(Vector table, Vector index) { return _mm256_shuffle_epi8(table, index); }
Vector low_nibbles(Vector v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
Vector high_nibbles(Vector v) { return _mm256_and_si256(_mm256_srli_epi64(v, 4), _mm256_set1_epi8(15)); }

#include "core/fec/kernels/shuffle_loops.inc"

}  // namespace

extern const Kernels kAvx2Kernels = {"avx2", add, gf16_multiply_add, gf16_fft, gf16_ifft, gf8_multiply_add};

}  // namespace punktfunk::fec
