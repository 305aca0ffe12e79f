// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include "base/synthetic_frame.h"
#include "host/encode/encoder.h"

namespace punktfunk {
namespace {

TEST(Synthetic, accepts_its_own_units_at_every_length) {
  for (std::size_t length = 16; length < 80; ++length) {
    Bytes unit(length);
    fill_synthetic(unit, 9, 3);
    EXPECT_EQ(check_synthetic(unit, 9, 3), SyntheticCheck::good) << length;
    EXPECT_EQ(synthetic_index(unit), 3u);
  }
}

TEST(Synthetic, sees_every_single_wrong_byte) {
  Bytes unit(1003);
  fill_synthetic(unit, 9, 3);
  for (std::uint8_t& byte : unit) {
    byte ^= 0x10;
    EXPECT_NE(check_synthetic(unit, 9, 3), SyntheticCheck::good);
    byte ^= 0x10;
  }
  EXPECT_EQ(check_synthetic(unit, 8, 3), SyntheticCheck::wrong_bytes);
  EXPECT_EQ(check_synthetic(unit, 9, 4), SyntheticCheck::wrong_index);
  EXPECT_EQ(check_synthetic(ByteView(unit).first(1002), 9, 3), SyntheticCheck::wrong_length);
  EXPECT_EQ(check_synthetic(ByteView(unit).first(15), 9, 3), SyntheticCheck::not_synthetic);
}

TEST(Synthetic, short_spans_are_filled_and_refused) {
  Bytes room(64);
  for (std::size_t length = 0; length < 16; ++length) {
    const MutableBytes unit = MutableBytes(room).first(length);
    fill_synthetic(unit, 1, 1);
    EXPECT_EQ(check_synthetic(unit, 1, 1), SyntheticCheck::not_synthetic);
  }
}

TEST(Synthetic, encoder_follows_rate_and_keyframe_asks) {
  host::SyntheticConfig config;
  config.video.bitrate = BitRate::from_kbps(9600);  // 20,000 bytes per frame at 60 Hz
  config.seed = 4;
  config.first_index = 100;
  const auto encoder = host::create_synthetic_encoder(config);
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto frame = encoder->encode({}, i == 6);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->keyframe, i == 0 || i == 6);
    EXPECT_EQ(frame->au.size(), frame->keyframe ? 80'000u : 20'000u);
    EXPECT_EQ(check_synthetic(frame->au, 4, 100 + i), SyntheticCheck::good);
  }
  EXPECT_EQ(encoder->set_bitrate(BitRate::from_kbps(960)), BitRate::from_kbps(960));
  EXPECT_EQ(encoder->encode({}, false)->au.size(), 2'000u);
}

}  // namespace
}  // namespace punktfunk
