// SPDX-License-Identifier: MIT OR Apache-2.0
// 32 words at a time. Compiled with -mavx2; only dispatch.cc may call in here.
#include <immintrin.h>

#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

using Vector = __m256i;

PF_INLINE Vector load_vector(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const Vector*>(at));
}
PF_INLINE void store_vector(std::uint8_t* at, Vector v) {
  _mm256_storeu_si256(reinterpret_cast<Vector*>(at), v);
}
PF_INLINE Vector zero_vector() { return _mm256_setzero_si256(); }
PF_INLINE Vector exclusive_or(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
// The byte shuffle works on each 128-bit half apart, so both halves hold the table.
PF_INLINE Vector load_table(const std::uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}
PF_INLINE Vector look_up(Vector table, Vector index) { return _mm256_shuffle_epi8(table, index); }
PF_INLINE Vector low_nibbles(Vector v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
PF_INLINE Vector high_nibbles(Vector v) {
  return _mm256_and_si256(_mm256_srli_epi64(v, 4), _mm256_set1_epi8(15));
}
constexpr std::size_t kMaxLayers = 2;
constexpr std::size_t kMaxRows = 4;
constexpr std::size_t kCombined = 1;

// Each builds on the one before.
// clang-format off
#include "core/fec/kernels/shuffle_multiply.inc"
#include "core/fec/kernels/pair_elements.inc"
#include "core/fec/kernels/part_group.inc"
#include "core/fec/kernels/loops.inc"
// clang-format on

}  // namespace

extern const Kernels kAvx2Kernels = make_kernels("avx2");

}  // namespace punktfunk::fec
