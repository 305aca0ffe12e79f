// SPDX-License-Identifier: MIT OR Apache-2.0
// 16 words at a time. Every 64-bit ARM CPU has what this needs.
#include <arm_neon.h>

#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

using Vector = uint8x16_t;

PF_INLINE Vector load_vector(const std::uint8_t* at) { return vld1q_u8(at); }
PF_INLINE void store_vector(std::uint8_t* at, Vector v) { vst1q_u8(at, v); }
PF_INLINE Vector zero_vector() { return vdupq_n_u8(0); }
PF_INLINE Vector exclusive_or(Vector a, Vector b) { return veorq_u8(a, b); }
PF_INLINE Vector load_table(const std::uint8_t* table) { return vld1q_u8(table); }
PF_INLINE Vector look_up(Vector table, Vector index) { return vqtbl1q_u8(table, index); }
PF_INLINE Vector low_nibbles(Vector v) { return vandq_u8(v, vdupq_n_u8(15)); }
PF_INLINE Vector high_nibbles(Vector v) { return vshrq_n_u8(v, 4); }
constexpr std::size_t kMaxLayers = kManyLoops ? 3 : 2;
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

extern const Kernels kNeonKernels = make_kernels("neon");

}  // namespace punktfunk::fec
