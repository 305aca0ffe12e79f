// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "client/picture/png.h"
#include "test_pictures.h"

namespace punktfunk {
namespace {

using client::DecodeStatus;
using test::encode;
using test::encoder_config;

class RoundTrip : public testing::TestWithParam<std::pair<std::uint32_t, std::uint32_t>> {};

TEST_P(RoundTrip, one_in_one_out_at_the_exact_size) {
  const auto [width, height] = GetParam();
  const auto encoder = test::make_encoder(encoder_config(width, height));
  const auto decoder = test::make_decoder(width, height);
  // A picture that belonged to an earlier unit would miss its motion and fall below this.
  for (std::uint32_t i = 0; i < 120; ++i) {
    const auto picture = test::to_i420(test::moving_gradient(width, height, 4 * i));
    const auto unit = encode(*encoder, picture);
    const auto outcome = decoder->push(unit.au);
    ASSERT_EQ(outcome.status, DecodeStatus::picture) << i;
    ASSERT_EQ(outcome.picture.width, width);
    ASSERT_EQ(outcome.picture.height, height);
    if (i > 5 && i % 6 == 0) {
      EXPECT_GT(test::psnr(picture.view(), outcome.picture), 30) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RoundTrip,
                         testing::Values(std::pair{1280u, 720u}, std::pair{1920u, 1080u},
                                         std::pair{1280u, 800u}, std::pair{1366u, 768u},
                                         std::pair{1921u, 1081u}, std::pair{33u, 17u}),
                         [](const auto& param) {
                           return std::to_string(param.param.first) + "x" +
                                  std::to_string(param.param.second);
                         });

TEST(CodecRoundTrip, picture_is_the_units_own) {
  const auto encoder = test::make_encoder(encoder_config(320, 240));
  const auto decoder = test::make_decoder(320, 240);
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto level = static_cast<std::uint8_t>(20 + 7 * i);
    test::Bgrx grey = test::blank(320, 240);
    std::fill(grey.bytes.begin(), grey.bytes.end(), level);
    const auto outcome = decoder->push(encode(*encoder, test::to_i420(grey)).au);
    ASSERT_EQ(outcome.status, DecodeStatus::picture);
    EXPECT_NEAR(client::to_bgrx(outcome.picture)[4 * (100 * 320 + 100)], level, 2);
  }
}

TEST(CodecRoundTrip, colours_come_back) {
  const std::uint8_t patches[][3] = {{0, 0, 0},       {255, 255, 255}, {255, 0, 0},   {0, 255, 0},
                                     {0, 0, 255},     {0, 255, 255},   {255, 255, 0}, {255, 0, 255},
                                     {128, 128, 128}, {40, 90, 200}};
  constexpr std::uint32_t kSide = 64;
  test::Bgrx sent = test::blank(kSide * 10, kSide);
  for (std::uint32_t y = 0; y < kSide; ++y)
    for (std::uint32_t x = 0; x < sent.width; ++x) std::copy_n(patches[x / kSide], 3, sent.at(x, y));
  const auto encoder = test::make_encoder(encoder_config(sent.width, sent.height));
  const auto decoder = test::make_decoder(sent.width, sent.height);
  client::DecodeOutcome outcome;
  for (int i = 0; i < 10; ++i) outcome = decoder->push(encode(*encoder, test::to_i420(sent)).au);
  ASSERT_EQ(outcome.status, DecodeStatus::picture);
  EXPECT_EQ(outcome.picture.colour, client::ColourDescription{});
  const Bytes got = client::to_bgrx(outcome.picture);
  for (std::uint32_t patch = 0; patch < 10; ++patch)
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(got[4 * (kSide / 2 * sent.width + patch * kSide + kSide / 2) + c], patches[patch][c], 3)
          << "patch " << patch << " channel " << c;
}

TEST(CodecRoundTrip, size_changes_in_mid_stream) {
  const auto decoder = test::make_decoder(640, 360);
  client::Picture kept;
  for (const auto& [width, height] : {std::pair{640u, 360u}, std::pair{1281u, 721u}, std::pair{320u, 200u}}) {
    decoder->set_mode(width, height);
    const auto encoder = test::make_encoder(encoder_config(width, height));
    for (std::uint32_t i = 0; i < 5; ++i) {
      const auto outcome =
          decoder->push(encode(*encoder, test::to_i420(test::moving_gradient(width, height, i))).au);
      ASSERT_EQ(outcome.status, DecodeStatus::picture);
      EXPECT_EQ(outcome.picture.width, width);
      EXPECT_EQ(outcome.picture.height, height);
      if (kept.empty()) kept = outcome.picture;
    }
  }
  // Held across two new modes, and still whole: the address sanitizer would see a picture that had lost its
  // memory.
  EXPECT_EQ(client::to_bgrx(kept).size(), 4u * 640 * 360);
}

TEST(CodecRoundTrip, pictures_outlive_their_decoder) {
  client::Picture picture;
  {
    const auto decoder = test::make_decoder(64, 64);
    const auto encoder = test::make_encoder(encoder_config(64, 64));
    picture = decoder->push(encode(*encoder, host::I420Buffer(64, 64)).au).picture;
  }
  ASSERT_FALSE(picture.empty());
  EXPECT_NEAR(client::to_bgrx(picture)[0], 0, 1);
}

TEST(CodecRoundTrip, a_missing_unit_is_reported_until_the_next_keyframe) {
  const auto encoder = test::make_encoder(encoder_config(640, 360));
  const auto decoder = test::make_decoder(640, 360);
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto unit = encode(*encoder, test::to_i420(test::moving_gradient(640, 360, i)), i == 20);
    if (i == 10) continue;
    const auto outcome = decoder->push(unit.au);
    EXPECT_EQ(outcome.status, i > 10 && i < 20 ? DecodeStatus::corrupt : DecodeStatus::picture) << i;
  }
}

TEST(CodecRoundTrip, a_missing_slice_is_reported) {
  auto config = encoder_config(1280, 720);
  config.cores = 2;  // two slices
  const auto encoder = test::make_encoder(config);
  const auto decoder = test::make_decoder(1280, 720);
  for (std::uint32_t i = 0; i < 16; ++i) {
    Bytes au = encode(*encoder, test::to_i420(test::moving_gradient(1280, 720, i)), i % 4 == 0).au;
    const bool cut = i == 2 || i == 8 || i == 14;  // two ordinary pictures and a keyframe
    if (cut) {
      const Bytes start = {0, 0, 1};
      au.erase(std::find_end(au.begin(), au.end(), start.begin(), start.end()), au.end());
    }
    const bool damaged = cut || i == 3 || (i > 8 && i < 12) || i == 15;
    EXPECT_EQ(decoder->push(au).status, damaged ? DecodeStatus::corrupt : DecodeStatus::picture) << i;
  }
}

TEST(CodecRoundTrip, nothing_is_shown_before_a_keyframe) {
  const auto encoder = test::make_encoder(encoder_config(640, 360));
  const auto decoder = test::make_decoder(640, 360);
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto unit = encode(*encoder, test::to_i420(test::moving_gradient(640, 360, i)), i == 5);
    if (i == 0) continue;
    EXPECT_EQ(decoder->push(unit.au).status, i < 5 ? DecodeStatus::corrupt : DecodeStatus::picture) << i;
  }
}

}  // namespace
}  // namespace punktfunk
