// SPDX-License-Identifier: MIT OR Apache-2.0
// Epochs over a simulated network: what a client makes of frames and announcements of several.
#include "base/synthetic_frame.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "sim_world.h"

namespace punktfunk::sim {

namespace {

TEST(Epochs, FramesOfAnEpochThatIsOverAreDroppedAndCounted) {
  HostBehaviour silent;
  silent.sends_media = false;
  SimWorld world(1, silent);
  SimClient& client = world.connect(quiet_link());
  ASSERT_TRUE(world.run_until([&] { return !world.host->grants.empty(); }));
  const endpoint::MediaGrant& grant = world.host->grants.at(0);
  media::MediaSender sender(grant.host_to_client, grant.params);
  for (const std::uint8_t epoch : std::initializer_list<std::uint8_t>{0, 0, 1, 0, 1, 200, 3}) {
    Bytes au(5000);
    fill_synthetic(au, world.seed, sender.next_frame_index());
    media::MediaSender::FrameInfo info;
    info.pts_us = sender.next_frame_index() * 16'667;
    info.epoch = epoch;
    info.flags = wire::kFlagKeyframe;
    const auto sealed = sender.seal_frame(au, info);
    const std::size_t each = sender.datagram_bytes();
    for (std::size_t at = 0; at < sealed.size(); at += each)
      client.node().receive(grant.path->get().remote, grant.path->get().local, sealed.subspan(at, each),
                            kEcnNone, world.now());
  }
  std::vector<std::uint32_t> indices;
  for (const auto& frame : client.frames) indices.push_back(frame.index);
  // 200 is 199 ahead of 1, which reads as 57 behind.
  EXPECT_EQ(indices, (std::vector<std::uint32_t>{0, 1, 2, 4, 6}));
  EXPECT_EQ(client.node().stats().past_epoch_frames, 2u);
  EXPECT_EQ(client.node().stats().media.frames_lost, 0u);
}

TEST(Epochs, ARequestIsAnsweredAndTheAnnouncementsArrive) {
  SimWorld world(2);
  SimClient& client = world.connect(quiet_link());
  ASSERT_TRUE(world.run_until([&] { return !world.host->started.empty() && !client.configs.empty(); }));
  client.node().reconfigure({1920, 1080, 60});
  ASSERT_TRUE(world.run_until([&] { return client.reconfigured.size() == 1; }));
  EXPECT_FALSE(client.reconfigured[0].accepted) << "the simulated host shows one mode only";
  world.host->node().begin_epoch(world.host->started[0], 1, {1920, 1080, 60});
  world.host->node().send_gap(world.host->started[0], 120);
  ASSERT_TRUE(world.run_until([&] { return client.node().stats().host_gaps == 1; }));
  ASSERT_EQ(client.configs.size(), 2u);
  EXPECT_EQ(client.configs[1].epoch, 1);
  EXPECT_EQ(client.configs[1].mode, (wire::Mode{1920, 1080, 60}));
}

}  // namespace

}  // namespace punktfunk::sim
