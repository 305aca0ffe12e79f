// SPDX-License-Identifier: MIT OR Apache-2.0
// 32 words at a time, multiplied by bit matrices. Compiled with -mavx2 -mgfni; only dispatch.cc may call in
// here.
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
PF_INLINE Vector apply(Vector v, std::uint64_t matrix) {
  return _mm256_gf2p8affine_epi64_epi8(v, _mm256_set1_epi64x(static_cast<long long>(matrix)), 0);
}
PF_INLINE Vector multiply(Vector v, const TowerTables& tables, std::size_t c) {
  return apply(v, tables.matrix[c]);
}
PF_INLINE Vector multiply_fold(Vector v, const TowerTables& tables) { return apply(v, tables.fold_matrix); }
constexpr std::size_t kMaxLayers = 2;
constexpr std::size_t kMaxRows = 4;
constexpr std::size_t kCombined = 1;

// Each builds on the one before.
// clang-format off
#include "core/fec/kernels/pair_elements.inc"
#include "core/fec/kernels/part_group.inc"
#include "core/fec/kernels/loops.inc"
// clang-format on

}  // namespace

extern const Kernels kAvx2GfniKernels = make_kernels("avx2_gfni");

}  // namespace punktfunk::fec
