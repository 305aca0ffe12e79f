// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "host/convert/rows.h"
#include "test_pictures.h"

namespace punktfunk::host {
namespace {

using test::Bgrx;

constexpr double kKr = 0.2126, kKb = 0.0722, kKg = 1 - kKr - kKb;

struct Yuv {
  double y, u, v;
};

// BT.709 limited range straight from the definition, inputs 0..255.
Yuv reference(double b, double g, double r) {
  const double luma = (kKr * r + kKg * g + kKb * b) / 255;
  return {16 + 219 * luma, 128 + 224 * (b / 255 - luma) / (2 * (1 - kKb)),
          128 + 224 * (r / 255 - luma) / (2 * (1 - kKr))};
}

Bgrx random_picture(std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
  Bgrx picture = test::blank(width, height);
  SeededRandom random(seed);
  random.fill(picture.bytes);
  return picture;
}

// Largest distance of any sample from the reference, both filtered as colour.h says.
double largest_error(const Bgrx& in, const I420View& out) {
  double worst = 0;
  const auto pixel = [&](std::int64_t x, std::int64_t y) {
    x = std::clamp<std::int64_t>(x, 0, in.width - 1);
    y = std::clamp<std::int64_t>(y, 0, in.height - 1);
    return in.bytes.data() + 4 * (y * in.width + x);
  };
  for (std::uint32_t y = 0; y < out.height; ++y) {
    for (std::uint32_t x = 0; x < out.width; ++x) {
      const std::uint8_t* p = pixel(x, y);
      worst =
          std::max(worst, std::abs(out.planes[0][y * out.strides[0] + x] - reference(p[0], p[1], p[2]).y));
    }
  }
  for (std::uint32_t y = 0; y < out.height / 2; ++y) {
    for (std::uint32_t x = 0; x < out.width / 2; ++x) {
      double mean[3] = {};
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = -1; dx < 2; ++dx)
          for (int c = 0; c < 3; ++c)
            mean[c] += pixel(2 * std::int64_t{x} + dx, 2 * std::int64_t{y} + dy)[c] * (dx == 0 ? 2 : 1) / 8.0;
      const Yuv want = reference(mean[0], mean[1], mean[2]);
      worst = std::max(worst, std::abs(out.planes[1][y * out.strides[1] + x] - want.u));
      worst = std::max(worst, std::abs(out.planes[2][y * out.strides[2] + x] - want.v));
    }
  }
  return worst;
}

TEST(ConvertColour, matches_the_definition_at_every_size) {
  const std::uint32_t sizes[][2] = {{1, 1},   {2, 2},   {3, 5},   {16, 2}, {17, 3},    {31, 9},
                                    {32, 32}, {33, 33}, {35, 34}, {50, 7}, {1366, 12}, {1921, 11}};
  std::uint64_t seed = 20;
  for (const auto& [width, height] : sizes) {
    SCOPED_TRACE(testing::Message() << width << "x" << height << " seed " << seed);
    const Bgrx picture = random_picture(width, height, seed++);
    const I420Buffer out = test::to_i420(picture);
    EXPECT_EQ(out.view().width, (width + 1) / 2 * 2);
    EXPECT_EQ(out.view().height, (height + 1) / 2 * 2);
    // Half a level is the rounding; the rest is what 15-bit coefficients lose.
    EXPECT_LT(largest_error(picture, out.view()), 0.52);
  }
}

TEST(ConvertColour, exact_at_the_corners_of_the_cube) {
  const struct {
    std::uint8_t b, g, r, y, u, v;
  } corners[] = {{0, 0, 0, 16, 128, 128},     {255, 255, 255, 235, 128, 128}, {255, 0, 0, 32, 240, 118},
                 {0, 255, 0, 173, 42, 26},    {0, 0, 255, 63, 102, 240},      {0, 255, 255, 219, 16, 138},
                 {255, 255, 0, 188, 154, 16}, {255, 0, 255, 78, 214, 230},    {128, 128, 128, 126, 128, 128}};
  for (const auto& corner : corners) {
    Bgrx picture = test::blank(40, 4);
    for (std::uint32_t i = 0; i < 160; ++i) {
      std::uint8_t* p = picture.bytes.data() + 4 * i;
      p[0] = corner.b, p[1] = corner.g, p[2] = corner.r, p[3] = 77;
    }
    const I420Buffer out = test::to_i420(picture);
    const I420View view = out.view();
    for (std::size_t x : {0u, 1u, 19u}) {
      EXPECT_EQ(view.planes[0][2 * x], corner.y);
      EXPECT_EQ(view.planes[1][x], corner.u);
      EXPECT_EQ(view.planes[2][x], corner.v);
    }
  }
}

TEST(ConvertColour, avx2_gives_the_same_bytes_as_portable) {
  if (!convert::avx2_usable()) GTEST_SKIP() << "no AVX2 here";
  for (std::uint32_t width = 1; width < 200; ++width) {
    SCOPED_TRACE(testing::Message() << "width and seed " << width);
    // Exactly as large as needed, so that a read past the end is seen by the address sanitizer.
    const Bgrx picture = random_picture(width, 2, width);
    const std::uint8_t* lower = picture.bytes.data() + 4 * std::size_t{width};
    const std::size_t samples = (width + 1) / 2;
    Bytes y[2] = {Bytes(width), Bytes(width)}, u[2] = {Bytes(samples), Bytes(samples)}, v[2] = {u[0], u[0]};
    convert::luma_row_portable(lower, y[0].data(), width);
    convert::luma_row_avx2(lower, y[1].data(), width);
    convert::chroma_row_portable(picture.bytes.data(), lower, u[0].data(), v[0].data(), width);
    convert::chroma_row_avx2(picture.bytes.data(), lower, u[1].data(), v[1].data(), width);
    ASSERT_EQ(y[0], y[1]);
    ASSERT_EQ(u[0], u[1]);
    ASSERT_EQ(v[0], v[1]);
  }
}

TEST(ConvertColour, rows_alone_equal_the_whole) {
  const Bgrx before = random_picture(90, 51, 1), after = [] {
    Bgrx changed = random_picture(90, 51, 1);
    for (std::uint32_t y = 13; y < 22; ++y)
      for (std::uint32_t x = 0; x < 90; ++x) changed.at(x, y)[1] = 200;
    return changed;
  }();
  I420Buffer out = test::to_i420(before);
  const I420Buffer want = test::to_i420(after);
  ASSERT_TRUE(convert_bgrx_rows_to_i420(after.view(), 13, 9, out));
  EXPECT_EQ(std::memcmp(out.view().planes[0], want.view().planes[0], out.stride(0) * 52), 0);
  EXPECT_EQ(std::memcmp(out.view().planes[1], want.view().planes[1], out.stride(1) * 52), 0);
}

TEST(ConvertColour, upside_down_by_negative_stride) {
  const Bgrx picture = random_picture(20, 6, 3);
  Bgrx flipped = picture;
  for (std::uint32_t y = 0; y < 6; ++y)
    std::copy_n(picture.bytes.begin() + 80 * y, 80, flipped.bytes.begin() + 80 * (5 - y));
  I420Buffer out(20, 6);
  ASSERT_TRUE(convert_bgrx_to_i420({flipped.bytes.data() + 80 * 5, -80, 20, 6}, out));
  EXPECT_LT(largest_error(picture, out.view()), 0.52);
}

TEST(ConvertColour, refuses_another_size) {
  const Bgrx picture = test::blank(20, 6);
  I420Buffer out(20, 8);
  EXPECT_FALSE(convert_bgrx_to_i420(picture.view(), out));
  I420Buffer right(20, 6);
  EXPECT_FALSE(convert_bgrx_rows_to_i420(picture.view(), 5, 2, right));
  EXPECT_FALSE(convert_bgrx_rows_to_i420(picture.view(), 5, 0xffffffffu, right));
  EXPECT_FALSE(convert_bgrx_to_i420({}, right));
}

}  // namespace
}  // namespace punktfunk::host
