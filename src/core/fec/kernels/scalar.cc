// SPDX-License-Identifier: MIT OR Apache-2.0
// The reference: one word at a time.
#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

using Vector = std::uint8_t;

PF_INLINE Vector load_vector(const std::uint8_t* at) { return *at; }
PF_INLINE void store_vector(std::uint8_t* at, Vector v) { *at = v; }
PF_INLINE Vector zero_vector() { return 0; }
PF_INLINE Vector exclusive_or(Vector a, Vector b) { return static_cast<Vector>(a ^ b); }
PF_INLINE const std::uint8_t* load_table(const std::uint8_t* table) { return table; }
PF_INLINE Vector look_up(const std::uint8_t* table, Vector index) { return table[index]; }
PF_INLINE Vector low_nibbles(Vector v) { return v & 15; }
PF_INLINE Vector high_nibbles(Vector v) { return static_cast<Vector>(v >> 4); }
constexpr std::size_t kMaxLayers = 2;
constexpr std::size_t kMaxRows = 2;
constexpr std::size_t kCombined = 1;

// Each builds on the one before.
// clang-format off
#include "core/fec/kernels/shuffle_multiply.inc"
#include "core/fec/kernels/pair_elements.inc"
#include "core/fec/kernels/part_group.inc"
#include "core/fec/kernels/loops.inc"
// clang-format on

}  // namespace

extern const Kernels kScalarKernels = make_kernels("scalar");

}  // namespace punktfunk::fec
