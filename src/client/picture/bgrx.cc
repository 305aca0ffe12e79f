// SPDX-License-Identifier: MIT OR Apache-2.0
// Why not libyuv: its x86 kernels hold coefficients in 6 bits below 2.0, so BT.709's 2.11 for blue is cut
// to 2.0 and saturated blue comes out 12 levels too dark. This serves snapshots and tests, not display, so
// plain loops do.
#include <algorithm>
#include <cmath>

#include "client/picture/png.h"

namespace punktfunk::client {
namespace {

constexpr int kShift = 16;

// R = luma + rv V, G = luma + gu U + gv V, B = luma + bu U, with U and V around 0; all times 2^16.
struct Coefficients {
  int offset, luma, rv, gu, gv, bu;
};

Coefficients coefficients_of(const ColourDescription& colour) {
  double kr = 0.2126, kb = 0.0722;                                       // BT.709, and whatever is not known
  if (colour.matrix == 5 || colour.matrix == 6) kr = 0.299, kb = 0.114;  // BT.601
  if (colour.matrix == 9) kr = 0.2627, kb = 0.0593;                      // BT.2020
  const double kg = 1 - kr - kb;
  const double luma = colour.full_range ? 1 : 255.0 / 219;
  const double chroma = colour.full_range ? 2 : 2 * 255.0 / 224;
  const auto fixed = [](double value) { return static_cast<int>(std::lround(value * (1 << kShift))); };
  return {colour.full_range ? 0 : 16,
          fixed(luma),
          fixed(chroma * (1 - kr)),
          fixed(-chroma * (1 - kb) * kb / kg),
          fixed(-chroma * (1 - kr) * kr / kg),
          fixed(chroma * (1 - kb))};
}

std::uint8_t to_byte(int value) {
  return static_cast<std::uint8_t>(std::clamp((value + (1 << (kShift - 1))) >> kShift, 0, 255));
}

}  // namespace

Bytes to_bgrx(const Picture& picture) {
  Bytes out(std::size_t{4} * picture.width * picture.height);
  if (picture.empty()) return out;
  const Coefficients k = coefficients_of(picture.colour);
  std::uint8_t* to = out.data();
  for (std::size_t y = 0; y < picture.height; ++y) {
    const std::uint8_t* luma_row = picture.planes[0] + y * picture.strides[0];
    const std::uint8_t* u_row = picture.planes[1] + y / 2 * picture.strides[1];
    const std::uint8_t* v_row = picture.planes[2] + y / 2 * picture.strides[2];
    for (std::size_t x = 0; x < picture.width; ++x, to += 4) {
      const int luma = (luma_row[x] - k.offset) * k.luma;
      const int u = u_row[x / 2] - 128;
      const int v = v_row[x / 2] - 128;
      to[0] = to_byte(luma + k.bu * u);
      to[1] = to_byte(luma + k.gu * u + k.gv * v);
      to[2] = to_byte(luma + k.rv * v);
      to[3] = 255;
    }
  }
  return out;
}

}  // namespace punktfunk::client
