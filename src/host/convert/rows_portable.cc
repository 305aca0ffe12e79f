// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>

#include "host/convert/rows.h"

namespace punktfunk::host::convert {

void luma_row_portable(const std::uint8_t* bgrx, std::uint8_t* y, std::size_t width) {
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint8_t* p = bgrx + 4 * x;
    y[x] = static_cast<std::uint8_t>((kYb * p[0] + kYg * p[1] + kYr * p[2] + kLumaBias) >> kLumaShift);
  }
}

void chroma_span_portable(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u,
                          std::uint8_t* v, std::size_t width, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t here = 4 * (2 * i);
    const std::size_t left = i == 0 ? here : here - 4;
    const std::size_t right = std::min(here + 4, 4 * (width - 1));
    int sum[3];
    for (std::size_t c = 0; c < 3; ++c) {
      sum[c] = upper[left + c] + lower[left + c] + 2 * (upper[here + c] + lower[here + c]) +
               upper[right + c] + lower[right + c];
    }
    u[i] =
        static_cast<std::uint8_t>((kUb * sum[0] + kUg * sum[1] + kUr * sum[2] + kChromaBias) >> kChromaShift);
    v[i] =
        static_cast<std::uint8_t>((kVb * sum[0] + kVg * sum[1] + kVr * sum[2] + kChromaBias) >> kChromaShift);
  }
}

void chroma_row_portable(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* u,
                         std::uint8_t* v, std::size_t width) {
  chroma_span_portable(upper, lower, u, v, width, 0, (width + 1) / 2);
}

}  // namespace punktfunk::host::convert
