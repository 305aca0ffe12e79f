// SPDX-License-Identifier: MIT OR Apache-2.0
// The kernels of the colour conversion. Every instruction set gives the same bytes as the portable one.
//
// Why our own: libyuv as Debian 12 has it (git 20230123) converts RGB to I420 only with BT.601 coefficients
// (ARGBToI420) or full range (ARGBToJ420); its BT.709 tables serve the way back. Signalling BT.601 instead
// would make every client's picture depend on whether its player heeds the signal.
//
// Coefficients: BT.709 (Kr 0.2126, Kg 0.7152, Kb 0.0722), limited range, times 2^15:
//   Y = 16 + 219/255 (Kr R + Kg G + Kb B)
//   U = 128 + 224/255 (B - Y') / (2 (1 - Kb)),  V = 128 + 224/255 (R - Y') / (2 (1 - Kr))
// rounded so that each chroma row sums to 0 (grey is exactly 128) and the luma row to 219/255 * 2^15 (white
// is exactly 235).
#pragma once

#include <cstddef>
#include <cstdint>

namespace punktfunk::host::convert {

inline constexpr int kYb = 2032, kYg = 20127, kYr = 5983;
inline constexpr int kUb = 14392, kUg = -11094, kUr = -3298;
inline constexpr int kVb = -1320, kVg = -13072, kVr = 14392;
static_assert(kYb + kYg + kYr == 28142 && kUb + kUg + kUr == 0 && kVb + kVg + kVr == 0);

inline constexpr int kLumaShift = 15;
inline constexpr int kLumaBias = (16 << 15) + (1 << 14);  // offset 16, and half for rounding
// A chroma sample is weighed over 3 columns (1, 2, 1) of 2 rows: weights sum to 8 = 2^3.
inline constexpr int kChromaShift = 15 + 3;
inline constexpr int kChromaBias = (128 << 18) + (1 << 17);

// Writes `width` luma samples from `width` BGRx pixels.
using LumaRow = void (*)(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width);
// Writes (width + 1) / 2 samples of each chroma plane from two rows of `width` pixels; columns outside repeat
// the edge.
using ChromaRow = void (*)(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u,
                           std::uint8_t* v, std::size_t width);

void luma_row_portable(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width);
void chroma_row_portable(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u,
                         std::uint8_t* v, std::size_t width);
// Chroma samples [first, last) of the row only: the ends a vector kernel leaves over.
void chroma_span_portable(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u,
                          std::uint8_t* v, std::size_t width, std::size_t first, std::size_t last);

// Call only where avx2_usable().
void luma_row_avx2(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width);
void chroma_row_avx2(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u, std::uint8_t* v,
                     std::size_t width);
// False also where this was not built for x86.
[[nodiscard]] bool avx2_usable();

}  // namespace punktfunk::host::convert
