// SPDX-License-Identifier: MIT OR Apache-2.0
// A whole group, 32 words, in one register, multiplied by bit matrices. Compiled with -mavx512f, -mavx512bw,
// -mavx512vl and -mgfni; only dispatch.cc may call in here.
#include <immintrin.h>

#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

using Element = __m512i;
constexpr std::size_t kElementStep = kGroupBytes;
constexpr std::size_t kElements = 1;
constexpr __mmask64 kLowHalf = 0xFFFFFFFF;

PF_INLINE Element load(const std::uint8_t* at) { return _mm512_loadu_si512(at); }
PF_INLINE void store(std::uint8_t* at, Element v) { _mm512_storeu_si512(at, v); }
PF_INLINE Element zero() { return _mm512_setzero_si512(); }
PF_INLINE Element add(Element a, Element b) { return _mm512_xor_si512(a, b); }
PF_INLINE Element times(Element v, const TowerTables& tables, std::size_t c) {
  return _mm512_gf2p8affine_epi64_epi8(v, _mm512_set1_epi64(static_cast<long long>(tables.matrix[c])), 0);
}
PF_INLINE Element fold(Element v, const TowerTables& tables) {
  const __m256i high = _mm512_extracti64x4_epi64(v, 1);
  const __m256i folded =
      _mm256_gf2p8affine_epi64_epi8(high, _mm256_set1_epi64x(static_cast<long long>(tables.fold_matrix)), 0);
  return _mm512_xor_si512(v, _mm512_zextsi256_si512(folded));
}
PF_INLINE Element lift(Element v, const TowerTables& tables) {
  const Element swapped = _mm512_shuffle_i64x2(v, v, 0x4E);
  const Element matrix = _mm512_set1_epi64(static_cast<long long>(tables.matrix[0x80]));
  return _mm512_mask_gf2p8affine_epi64_epi8(_mm512_xor_si512(v, swapped), kLowHalf, swapped, matrix, 0);
}
// c1·β·(a + b·β) = 0x80·c1·b + c1·(a + b)·β: one matrix for the low half of (b, a + b), another for the high
// one.
using HighPart = __m512i;
constexpr __mmask8 kHighHalf = 0xF0;
PF_INLINE HighPart high_part(const TowerTables& tables, std::size_t c1) {
  return _mm512_mask_set1_epi64(_mm512_set1_epi64(static_cast<long long>(tables.matrix[tables.lifted[c1]])),
                                kHighHalf, static_cast<long long>(tables.matrix[c1]));
}
PF_INLINE Element add_product(Element x, Element y, const TowerTables& tables, std::size_t c0,
                              const HighPart& high) {
  const Element swapped = _mm512_shuffle_i64x2(y, y, 0x4E);
  const Element crossed = _mm512_mask_xor_epi64(swapped, kHighHalf, swapped, y);
  return _mm512_ternarylogic_epi64(x, times(y, tables, c0), _mm512_gf2p8affine_epi64_epi8(crossed, high, 0),
                                   0x96);
}
PF_INLINE Element load_part(const std::uint8_t* from, std::size_t half, std::size_t) {
  const auto mask = static_cast<__mmask32>((std::uint32_t{1} << half) - 1);
  return _mm512_inserti64x4(_mm512_zextsi256_si512(_mm256_maskz_loadu_epi8(mask, from)),
                            _mm256_maskz_loadu_epi8(mask, from + half), 1);
}
PF_INLINE void store_part(std::uint8_t* to, std::size_t half, std::size_t, Element v) {
  const auto mask = static_cast<__mmask32>((std::uint32_t{1} << half) - 1);
  _mm256_mask_storeu_epi8(to, mask, _mm512_castsi512_si256(v));
  _mm256_mask_storeu_epi8(to + half, mask, _mm512_extracti64x4_epi64(v, 1));
}
constexpr std::size_t kMaxLayers = kManyLoops ? 4 : 2;
constexpr std::size_t kMaxRows = kManyLoops ? 8 : 4;
constexpr std::size_t kCombined = 2;

// Each builds on the one before.
// clang-format off
#include "core/fec/kernels/loops.inc"
// clang-format on

}  // namespace

extern const Kernels kAvx512GfniKernels = make_kernels("avx512_gfni");

}  // namespace punktfunk::fec
