// SPDX-License-Identifier: MIT OR Apache-2.0
// Section 16.2 at the client: which frames count, and when a mode is in force.
#include "core/session/epoch_gate.h"

#include <gtest/gtest.h>

namespace punktfunk::media {
namespace {

using Frame = EpochGate::Frame;
constexpr wire::Mode kSmall{1280, 720, 60}, kLarge{3840, 2160, 120}, kOther{800, 600, 60};

wire::StreamConfig config(std::uint8_t epoch, const wire::Mode& mode) {
  wire::StreamConfig config;
  config.epoch = epoch;
  config.mode = mode;
  return config;
}

TEST(EpochGate, FramesOneTo128EpochsBehindAreDropped) {
  for (int newest = 0; newest < 256; ++newest) {
    for (int behind = 1; behind <= 128; ++behind) {
      EpochGate gate(kSmall);
      // A gate begins at epoch 0 and takes at most 127 at once.
      if (newest >= 100) (void)gate.on_frame(100);
      if (newest >= 200) (void)gate.on_frame(200);
      (void)gate.on_frame(static_cast<std::uint8_t>(newest));
      ASSERT_EQ(gate.epoch(), newest);
      EXPECT_EQ(gate.on_frame(static_cast<std::uint8_t>(newest - behind)), Frame::past);
      EXPECT_EQ(gate.on_frame(static_cast<std::uint8_t>(newest)), Frame::same);
      EXPECT_EQ(gate.on_frame(static_cast<std::uint8_t>(newest + 127)), Frame::first);
    }
  }
}

TEST(EpochGate, AModeNeedsItsConfigAndItsFirstFrameInEitherOrder) {
  EpochGate config_first(kSmall);
  config_first.on_config(config(0, kSmall));
  EXPECT_EQ(config_first.on_frame(0), Frame::same);
  config_first.on_config(config(1, kLarge));
  EXPECT_FALSE(config_first.take_change()) << "its frames have not come";
  EXPECT_EQ(config_first.on_frame(0), Frame::same) << "frames under way still count";
  EXPECT_FALSE(config_first.take_change());
  EXPECT_EQ(config_first.on_frame(1), Frame::first);
  EXPECT_EQ(config_first.expected(), kLarge);
  EXPECT_EQ(config_first.take_change(), kLarge);
  EXPECT_FALSE(config_first.take_change()) << "once";
  EXPECT_EQ(config_first.mode(), kLarge);

  EpochGate frame_first(kSmall);
  EXPECT_EQ(frame_first.on_frame(1), Frame::first);
  EXPECT_FALSE(frame_first.take_change());
  EXPECT_EQ(frame_first.expected(), kSmall);
  frame_first.on_config(config(1, kLarge));
  EXPECT_EQ(frame_first.take_change(), kLarge);
}

TEST(EpochGate, ARebuiltPipelineInTheSameModeIsNoChange) {
  EpochGate gate(kSmall);
  gate.on_config(config(1, kSmall));
  EXPECT_EQ(gate.on_frame(1), Frame::first);
  EXPECT_FALSE(gate.take_change());
}

TEST(EpochGate, UntilItsConfigComesAnEpochIsExpectedAsPromised) {
  EpochGate gate(kSmall);
  gate.on_config(config(0, kSmall));
  gate.on_reconfigured({true, kLarge});
  EXPECT_EQ(gate.expected(), kSmall) << "the epoch in progress is what it was";
  EXPECT_EQ(gate.on_frame(1), Frame::first);
  EXPECT_EQ(gate.expected(), kLarge);
  gate.on_config(config(1, kOther));
  EXPECT_EQ(gate.expected(), kOther) << "what the host delivers counts";
  EXPECT_EQ(gate.take_change(), kOther);
}

TEST(EpochGate, AConfigThatWasOvertakenChangesNothing) {
  EpochGate gate(kSmall);
  gate.on_config(config(1, kLarge));
  gate.on_config(config(2, kOther));
  EXPECT_EQ(gate.on_frame(1), Frame::first);
  EXPECT_FALSE(gate.take_change());
  EXPECT_EQ(gate.on_frame(2), Frame::first);
  EXPECT_EQ(gate.take_change(), kOther);
}

}  // namespace
}  // namespace punktfunk::media
