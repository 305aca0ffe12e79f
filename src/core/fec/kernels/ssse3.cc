// SPDX-License-Identifier: MIT OR Apache-2.0
// 16 words at a time. Compiled with -mssse3; only dispatch.cc may call in here.
#include <tmmintrin.h>

#include "core/fec/kernels/isa.h"
#include "core/fec/kernels/scalar_loops.h"

namespace punktfunk::fec {
namespace {

using Vector = __m128i;
constexpr std::size_t kVectorBytes = sizeof(Vector);

Vector load(const std::uint8_t* at) { return _mm_loadu_si128(reinterpret_cast<const Vector*>(at)); }
void store(std::uint8_t* at, Vector value) { _mm_storeu_si128(reinterpret_cast<Vector*>(at), value); }
Vector load_table(const std::uint8_t* table) { return load(table); }
Vector exclusive_or(Vector a, Vector b) { return _mm_xor_si128(a, b); }
Vector look_up(Vector table, Vector index) { return _mm_shuffle_epi8(table, index); }
Vector low_nibbles(Vector v) { return _mm_and_si128(v, _mm_set1_epi8(15)); }
Vector high_nibbles(Vector v) { return _mm_and_si128(_mm_srli_epi64(v, 4), _mm_set1_epi8(15)); }

#include "core/fec/kernels/shuffle_loops.inc"

}  // namespace

extern const Kernels kSsse3Kernels = {"ssse3", add, gf16_multiply_add, gf16_fft, gf16_ifft, gf8_multiply_add};

}  // namespace punktfunk::fec
