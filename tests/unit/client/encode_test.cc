// SPDX-License-Identifier: MIT OR Apache-2.0
// What the encoder puts into the stream, looked at by libavcodec itself rather than by our decoder.
extern "C" {
#include <libavcodec/avcodec.h>
}
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "host/encode/libavcodec_x264/tuning.h"
#include "test_pictures.h"

namespace punktfunk::host {
namespace {

using test::encode;
using test::encoder_config;

// Types of the NAL units of an Annex B unit, in order.
std::vector<int> nal_types(ByteView au) {
  std::vector<int> types;
  for (std::size_t i = 0; i + 3 < au.size(); ++i)
    if (au[i] == 0 && au[i + 1] == 0 && au[i + 2] == 1) types.push_back(au[i + 3] & 31);
  return types;
}

TEST(Encode, keyframes_only_first_and_when_asked_with_parameter_sets) {
  const auto encoder = test::make_encoder(encoder_config(640, 360));
  for (std::uint32_t i = 0; i < 120; ++i) {
    // Frame 40 is another scene, which x264 would by itself start with a keyframe.
    const auto picture =
        test::to_i420(i < 40 ? test::moving_gradient(640, 360, i) : test::busy(640, 360, i / 30));
    const bool asked = i == 60 || i == 61 || i == 100;
    const auto unit = encode(*encoder, picture, asked);
    EXPECT_EQ(unit.keyframe, asked || i == 0) << i;
    const auto types = nal_types(unit.au);
    const auto has = [&](int type) { return std::find(types.begin(), types.end(), type) != types.end(); };
    EXPECT_EQ(has(5), unit.keyframe);
    EXPECT_EQ(has(7) && has(8), unit.keyframe);
    EXPECT_EQ(has(1), !unit.keyframe);
    if (unit.keyframe) {
      EXPECT_EQ(types.front(), 7);
    }
  }
}

TEST(Encode, signals_colour_and_no_reordering) {
  const auto encoder = test::make_encoder(encoder_config(1280, 720));
  const auto unit = encode(*encoder, test::to_i420(test::moving_gradient(1280, 720, 0)));
  AVCodecContext* context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
  ASSERT_EQ(avcodec_open2(context, nullptr, nullptr), 0);
  AVPacket* packet = av_packet_alloc();
  ASSERT_EQ(av_new_packet(packet, static_cast<int>(unit.au.size())), 0);
  std::copy(unit.au.begin(), unit.au.end(), packet->data);
  AVFrame* frame = av_frame_alloc();
  ASSERT_EQ(avcodec_send_packet(context, packet), 0);
  ASSERT_EQ(avcodec_send_packet(context, nullptr), 0);
  ASSERT_EQ(avcodec_receive_frame(context, frame), 0);
  EXPECT_EQ(frame->color_primaries, AVCOL_PRI_BT709);
  EXPECT_EQ(frame->color_trc, AVCOL_TRC_BT709);
  EXPECT_EQ(frame->colorspace, AVCOL_SPC_BT709);
  EXPECT_EQ(frame->color_range, AVCOL_RANGE_MPEG);
  EXPECT_EQ(frame->chroma_location, AVCHROMA_LOC_LEFT);
  EXPECT_EQ(context->has_b_frames, 0);
  EXPECT_EQ(context->refs, 1);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&context);
}

TEST(Encode, no_picture_outgrows_its_share_of_the_rate) {
  const auto encoder = test::make_encoder(encoder_config(1280, 720, 10'000));
  const double share = 10e6 / 8 / 60;
  double total = 0;
  for (std::uint32_t i = 0; i < 60; ++i) {
    const auto unit = encode(*encoder, test::to_i420(test::busy(1280, 720, i)));
    if (i == 0) continue;
    EXPECT_LT(static_cast<double>(unit.au.size()), 1.5 * share) << i;
    total += static_cast<double>(unit.au.size());
  }
  EXPECT_GT(total / 59, 0.5 * share);
}

TEST(Encode, rate_changes_without_a_keyframe) {
  const auto encoder = test::make_encoder(encoder_config(1280, 720, 12'000));
  const auto mean = [&](std::uint32_t first) {
    std::size_t total = 0;
    for (std::uint32_t i = first; i < first + 20; ++i) {
      const auto unit = encode(*encoder, test::to_i420(test::busy(1280, 720, i)));
      EXPECT_EQ(unit.keyframe, i == 0);
      if (i >= first + 5) total += unit.au.size();
    }
    return static_cast<double>(total) / 15;
  };
  const double high = mean(0);
  EXPECT_EQ(encoder->set_bitrate(BitRate::from_kbps(6'000)), BitRate::from_kbps(6'000));
  const double low = mean(20);
  EXPECT_EQ(encoder->set_bitrate(BitRate::from_kbps(24'000)), BitRate::from_kbps(24'000));
  const double higher = mean(40);
  EXPECT_LT(low, 1.1 * 6e6 / 8 / 60);
  EXPECT_GT(high, 1.4 * low);
  EXPECT_GT(higher, 1.4 * high);
  EXPECT_EQ(encoder->set_bitrate({}), BitRate::from_kbps(100));
}

TEST(Encode, refusals_are_sentences) {
  for (const auto& config :
       {encoder_config(0, 0), encoder_config(100'000, 100'000), encoder_config(640, 0)}) {
    const auto choice = create_encoder(config);
    ASSERT_FALSE(choice);
    EXPECT_NE(choice.error().message.find("because"), std::string::npos);
  }
  auto config = encoder_config(640, 480);
  config.codec = VideoCodec::av1;
  EXPECT_FALSE(create_encoder(config));
  config = encoder_config(640, 480);
  config.refresh_den = 0;
  EXPECT_FALSE(create_encoder(config));

  const auto encoder = test::make_encoder(encoder_config(640, 480));
  const I420Buffer other(320, 240);
  EXPECT_FALSE(encoder->encode(other.view(), false));
  EXPECT_EQ(encodable_codecs(), 1);
}

TEST(Encode, odd_refresh_rates_and_extreme_sizes_open) {
  auto config = encoder_config(1280, 800, 200);
  config.refresh_num = 60'000;
  config.refresh_den = 1'001;
  EXPECT_TRUE(create_encoder(config));
  config.refresh_num = 500;
  config.refresh_den = 1;
  EXPECT_TRUE(create_encoder(config));
  for (const auto& [width, height] : {std::pair{1u, 1u}, std::pair{2u, 1000u}, std::pair{4096u, 16u}}) {
    const auto encoder = test::make_encoder(encoder_config(width, height));
    EXPECT_TRUE(encode(*encoder, I420Buffer(width, height)).keyframe) << width << "x" << height;
  }
}

TEST(Encode, tuning_follows_pixels_cores_and_rate) {
  EXPECT_EQ(choose_x264_tuning(encoder_config(1280, 720), 1).slices, 1u);
  EXPECT_EQ(choose_x264_tuning(encoder_config(1280, 720), 2).slices, 2u);
  EXPECT_EQ(choose_x264_tuning(encoder_config(1280, 720), 16).slices, 2u);
  EXPECT_EQ(choose_x264_tuning(encoder_config(1920, 1080), 16).slices, 4u);
  EXPECT_EQ(choose_x264_tuning(encoder_config(7680, 4320), 16).slices, 8u);
  EXPECT_EQ(choose_x264_tuning(encoder_config(64, 64), 16).slices, 1u);
  EXPECT_FALSE(choose_x264_tuning(encoder_config(1280, 720), 2).cabac);
  EXPECT_TRUE(choose_x264_tuning(encoder_config(1280, 720), 4).cabac);
  EXPECT_TRUE(choose_x264_tuning(encoder_config(1280, 720, 5'000), 2).cabac);
  EXPECT_FALSE(choose_x264_tuning(encoder_config(3840, 2160, 80'000), 4).cabac);
}

}  // namespace
}  // namespace punktfunk::host
