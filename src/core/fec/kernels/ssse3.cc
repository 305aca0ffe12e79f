// SPDX-License-Identifier: MIT OR Apache-2.0
// 16 words at a time. Compiled with -mssse3; only dispatch.cc may call in here.
#include <tmmintrin.h>

#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

using Vector = __m128i;

PF_INLINE Vector load_vector(const std::uint8_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const Vector*>(at));
}
PF_INLINE void store_vector(std::uint8_t* at, Vector v) {
  _mm_storeu_si128(reinterpret_cast<Vector*>(at), v);
}
PF_INLINE Vector zero_vector() { return _mm_setzero_si128(); }
PF_INLINE Vector exclusive_or(Vector a, Vector b) { return _mm_xor_si128(a, b); }
PF_INLINE Vector load_table(const std::uint8_t* table) { return load_vector(table); }
PF_INLINE Vector look_up(Vector table, Vector index) { return _mm_shuffle_epi8(table, index); }
PF_INLINE Vector low_nibbles(Vector v) { return _mm_and_si128(v, _mm_set1_epi8(15)); }
PF_INLINE Vector high_nibbles(Vector v) { return _mm_and_si128(_mm_srli_epi64(v, 4), _mm_set1_epi8(15)); }
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

extern const Kernels kSsse3Kernels = make_kernels("ssse3");

}  // namespace punktfunk::fec
