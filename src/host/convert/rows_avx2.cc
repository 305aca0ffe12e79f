// SPDX-License-Identifier: MIT OR Apache-2.0
// A pixel is one 32-bit lane. Masking splits it into two pairs of 16-bit numbers, (B, R) and (G, unused), and
// one multiply-add of pairs each gives the weighted sum in 32 bits: no unpacking, and the same integers as
// the portable rows.
#include "host/convert/rows.h"

#ifdef __AVX2__

#include <immintrin.h>

namespace punktfunk::host::convert {
namespace {

// Two 16-bit factors for the low and the high half of each 32-bit lane.
inline __m256i pair(int low, int high) {
  return _mm256_set1_epi32(
      static_cast<int>((static_cast<unsigned>(high) << 16) | (static_cast<unsigned>(low) & 0xffffu)));
}

inline __m256i load(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

inline __m256i blue_red(__m256i pixels) { return _mm256_and_si256(pixels, _mm256_set1_epi32(0x00ff00ff)); }
inline __m256i green(__m256i pixels) {
  return _mm256_and_si256(_mm256_srli_epi32(pixels, 8), _mm256_set1_epi32(0x000000ff));
}

inline __m256i luma8(const std::uint8_t* bgrx) {
  const __m256i pixels = load(bgrx);
  const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(blue_red(pixels), pair(kYb, kYr)),
                                       _mm256_madd_epi16(green(pixels), pair(kYg, 0)));
  return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(kLumaBias)), kLumaShift);
}

// Packing works within 128-bit halves; this puts the groups of four back in order.
inline __m256i pack32(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

struct Sums {
  __m256i blue_red, green;
};

// Even lanes (pixels 0, 2, 4 … of the 16 at `at`) of one row. In-lane order: 0 2 | 8 10 | 4 6 | 12 14.
inline __m256i even_of_16(const std::uint8_t* at) {
  return _mm256_castps_si256(
      _mm256_shuffle_ps(_mm256_castsi256_ps(load(at)), _mm256_castsi256_ps(load(at + 32)), 0x88));
}

// Weighted sums of 8 chroma samples whose first lies on the pixel at `at`.
inline Sums row_sums(const std::uint8_t* at) {
  const __m256i left = even_of_16(at - 4);
  const __m256i here = even_of_16(at);
  const __m256i right = even_of_16(at + 4);
  return {_mm256_add_epi16(_mm256_add_epi16(blue_red(left), blue_red(right)),
                           _mm256_slli_epi16(blue_red(here), 1)),
          _mm256_add_epi16(_mm256_add_epi16(green(left), green(right)), _mm256_slli_epi16(green(here), 1))};
}

inline __m256i weigh(const Sums& sums, __m256i blue_red_factor, __m256i green_factor) {
  const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(sums.blue_red, blue_red_factor),
                                       _mm256_madd_epi16(sums.green, green_factor));
  return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(kChromaBias)), kChromaShift);
}

// 8 values in even_of_16 order to 8 bytes in picture order.
inline void store8(std::uint8_t* out, __m256i values) {
  const __m256i ordered = _mm256_permute4x64_epi64(values, 0xd8);
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
}

}  // namespace

bool avx2_usable() { return __builtin_cpu_supports("avx2") != 0; }

void luma_row_avx2(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width) {
  std::size_t x = 0;
  for (; x + 32 <= width; x += 32) {
    const std::uint8_t* at = bgrx + 4 * x;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + x),
                        pack32(luma8(at), luma8(at + 32), luma8(at + 64), luma8(at + 96)));
  }
  luma_row_portable(bgrx + 4 * x, y + x, width - x);
}

void chroma_row_avx2(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u, std::uint8_t* v,
                     std::size_t width) {
  const std::size_t samples = (width + 1) / 2;
  // The first sample has no left neighbour; 8 samples from i read the pixels 2i - 1 … 2i + 16.
  const std::size_t start = samples < 1 ? samples : 1;
  std::size_t i = start;
  for (; 2 * i + 17 <= width; i += 8) {
    const Sums a = row_sums(upper + 8 * i);
    const Sums b = row_sums(lower + 8 * i);
    const Sums sums{_mm256_add_epi16(a.blue_red, b.blue_red), _mm256_add_epi16(a.green, b.green)};
    store8(u + i, weigh(sums, pair(kUb, kUr), pair(kUg, 0)));
    store8(v + i, weigh(sums, pair(kVb, kVr), pair(kVg, 0)));
  }
  chroma_span_portable(upper, lower, u, v, width, 0, start);
  chroma_span_portable(upper, lower, u, v, width, i, samples);
}

}  // namespace punktfunk::host::convert

#else  // not built for x86 with AVX2

namespace punktfunk::host::convert {

bool avx2_usable() { return false; }
void luma_row_avx2(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width) {
  luma_row_portable(bgrx, y, width);
}
void chroma_row_avx2(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u, std::uint8_t* v,
                     std::size_t width) {
  chroma_row_portable(upper, lower, u, v, width);
}

}  // namespace punktfunk::host::convert

#endif
