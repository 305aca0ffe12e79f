// SPDX-License-Identifier: MIT OR Apache-2.0
// Units from a host that means harm: none may crash the decoder, be shown, or make it take more memory than
// the mode allows.
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <vector>

#include "base/random.h"
#include "test_pictures.h"

namespace punktfunk {
namespace {

using client::DecodeStatus;

constexpr std::uint32_t kWidth = 320, kHeight = 180;

class HostileUnits : public testing::Test {
 protected:
  void SetUp() override {
    std::cout << "seed " << seed_ << "\n";
    const auto encoder = test::make_encoder(test::encoder_config(kWidth, kHeight, 2'000));
    for (std::uint32_t i = 0; i < 12; ++i)
      units_.push_back(test::encode(*encoder, test::to_i420(test::moving_gradient(kWidth, kHeight, i))).au);
  }

  // Pushes and checks the bound; the picture, if any, is left in last_.
  DecodeStatus push(ByteView au) {
    const auto outcome = decoder_->push(au);
    EXPECT_NE(outcome.status, DecodeStatus::fatal) << outcome.message;
    if (outcome.status == DecodeStatus::picture) {
      EXPECT_LE(std::uint64_t{outcome.picture.width} * outcome.picture.height, 4u * 320 * 192);
      EXPECT_FALSE(outcome.picture.empty());
    }
    last_ = outcome.picture;
    return outcome.status;
  }

  std::size_t below(std::size_t bound) { return random_.engine()() % bound; }

  const std::uint64_t seed_ = std::random_device{}();
  SeededRandom random_{seed_};
  std::vector<Bytes> units_;
  client::Picture last_;
  std::unique_ptr<client::VideoDecoder> decoder_ = test::make_decoder(kWidth, kHeight);
};

TEST_F(HostileUnits, random_bytes) {
  for (int i = 0; i < 500; ++i) {
    Bytes junk(below(2000));
    random_.fill(junk);
    if (junk.size() > 5 && i % 2 == 0) {
      // With a start code and a type that libavcodec acts on.
      const std::uint8_t types[] = {0x67, 0x68, 0x65, 0x41, 0x06};
      const Bytes start = {0, 0, 0, 1, types[below(5)]};
      std::copy(start.begin(), start.end(), junk.begin());
    }
    // H.264 has no checksum: random parameter sets can describe a picture of a few macroblocks that random
    // bytes then fill (one unit in some thousands). What they cannot do is pass for a picture of the session.
    push(junk);
    EXPECT_FALSE(last_.width == kWidth && last_.height == kHeight);
  }
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
}

TEST_F(HostileUnits, cut_short) {
  for (int i = 0; i < 300; ++i) {
    const Bytes& unit = units_[below(units_.size())];
    push(ByteView(unit).first(below(unit.size())));
  }
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
  EXPECT_EQ(push(units_[1]), DecodeStatus::picture);
}

TEST_F(HostileUnits, bits_flipped) {
  for (int i = 0; i < 1500; ++i) {
    Bytes unit = units_[i % 3 == 0 ? 0 : below(units_.size())];
    // Half of them early, where the parameter sets and slice headers are.
    const std::size_t reach = i % 2 == 0 ? std::min<std::size_t>(unit.size(), 60) : unit.size();
    for (std::size_t n = below(6) + 1; n > 0; --n)
      unit[below(reach)] ^= static_cast<std::uint8_t>(1u << below(8));
    push(unit);
  }
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
}

TEST_F(HostileUnits, many_units_in_one_and_none_at_all) {
  Bytes all;
  for (const Bytes& unit : units_) append(all, unit);
  push(all);
  EXPECT_EQ(push({}), DecodeStatus::need_more);
  push(units_[5]);
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
}

TEST_F(HostileUnits, picture_larger_than_the_mode_allows) {
  const auto encoder = test::make_encoder(test::encoder_config(1280, 720));
  const auto unit = test::encode(*encoder, host::I420Buffer(1280, 720));
  EXPECT_EQ(push(unit.au), DecodeStatus::corrupt);
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
}

TEST_F(HostileUnits, larger_than_any_unit) {
  EXPECT_EQ(push(Bytes((std::size_t{64} << 20) + 1)), DecodeStatus::corrupt);
  EXPECT_EQ(push(units_[1]), DecodeStatus::corrupt);
  EXPECT_EQ(push(units_[0]), DecodeStatus::picture);
}

TEST(DecoderCreation, refusals_are_sentences) {
  for (const auto& [width, height] : {std::pair{0u, 0u}, std::pair{100'000u, 100'000u}}) {
    const auto decoder = client::create_decoder({client::VideoCodec::h264, width, height, 0});
    ASSERT_FALSE(decoder);
    EXPECT_NE(decoder.error().message.find("because"), std::string::npos);
  }
  EXPECT_FALSE(client::create_decoder({client::VideoCodec::av1, 64, 64, 0}));
  EXPECT_EQ(client::decodable_codecs(), 1);
}

}  // namespace
}  // namespace punktfunk
