// SPDX-License-Identifier: MIT OR Apache-2.0
// The start-up ramp (section 19) in whole sessions in virtual time.
#include <algorithm>

#include "sim_world.h"

namespace punktfunk::sim {

namespace {

class Ramp : public testing::TestWithParam<std::uint64_t> {
 protected:
  static HostBehaviour host_of(Duration first_frame_after) {
    HostBehaviour behaviour;
    behaviour.bitrate_kbps = 10'000;
    behaviour.follows_bitrate = true;
    behaviour.first_frame_after = first_frame_after;
    return behaviour;
  }
  static LinkOptions narrow_link() {
    LinkOptions link = quiet_link();
    link.rate = BitRate::from_kbps(3'000);
    link.queue_bytes = 128 * 1024;
    return link;
  }
  static SimClient& connect(SimWorld& world, const LinkOptions& link, bool takes_filler = true) {
    world.trust_client();
    SimClient& client = world.add_client(link);
    client.takes_filler = takes_filler;
    client.connect(world.host->identity().fingerprint(), world.now());
    EXPECT_TRUE(world.run_until([&] { return !client.configs.empty(); }));
    return client;
  }
  // From the session's start until the rate is what the link carries.
  static Duration until_it_fits(SimWorld& world, SimClient& client) {
    const TimePoint start = world.now();
    EXPECT_TRUE(world.run_until([&] { return client.node().stats().rate.kbps() <= 3'000; }, seconds(10)));
    return world.now() - start;
  }
  static Duration longest_delay(const SimClient& client) {
    Duration longest{};
    for (const auto& frame : client.frames) longest = std::max(longest, frame.after_capture);
    return longest;
  }
};

// A host that takes half a second for its first picture: the rate is right before it comes.
TEST_P(Ramp, ANarrowLinkIsFoundBeforeThePictures) {
  SimWorld world(GetParam(), host_of(milliseconds(500)));
  SimClient& client = connect(world, narrow_link());
  const Duration found = until_it_fits(world, client);
  EXPECT_LE(found, milliseconds(450));
  EXPECT_TRUE(client.frames.empty());
  world.run_for(seconds(2));
  SimWorld without(GetParam(), host_of(milliseconds(500)));
  SimClient& other = connect(without, narrow_link(), false);
  const Duration found_without = until_it_fits(without, other);
  without.run_for(seconds(2));
  std::printf(
      "fits after %.0f ms, without the ramp %.0f ms; longest delay %.0f and %.0f ms, frames lost %llu and "
      "%llu\n",
      to_ms(found), to_ms(found_without), to_ms(longest_delay(client)), to_ms(longest_delay(other)),
      static_cast<unsigned long long>(client.lost_frames),
      static_cast<unsigned long long>(other.lost_frames));
  EXPECT_TRUE(without.host->probes_asked.empty());
  EXPECT_GT(found_without, milliseconds(500));
  EXPECT_LT(longest_delay(client), longest_delay(other));
  EXPECT_EQ(client.lost_frames, 0u);
}

TEST_P(Ramp, BesideTheFirstPicturesItFindsANarrowLinkToo) {
  SimWorld world(GetParam(), host_of({}));
  SimClient& client = connect(world, narrow_link());
  const Duration found = until_it_fits(world, client);
  std::printf("fits after %.0f ms\n", to_ms(found));
  EXPECT_LE(found, seconds(1));
  EXPECT_EQ(client.wrong_frames, 0u);
}

TEST_P(Ramp, AWideLinkCostsThreeStepsAndNoFrameIsLate) {
  SimWorld world(GetParam(), host_of({}));
  LinkOptions link = quiet_link();
  link.rate = BitRate::from_kbps(50'000);
  link.queue_bytes = 256 * 1024;
  SimClient& client = connect(world, link);
  world.run_for(seconds(3));
  ASSERT_EQ(world.host->probes_asked.size(), 3u);
  EXPECT_EQ(world.host->probes_asked[0].target_kbps, 2'500u);
  EXPECT_EQ(world.host->probes_asked[2].target_kbps, 10'000u);
  EXPECT_TRUE(world.host->bitrates_asked.empty());
  EXPECT_TRUE(client.probes.empty()) << "nobody asked for these";
  // 50 ms at 2.5, 5 and 10 Mbit/s, in datagrams of 1454 bytes.
  EXPECT_GT(client.node().stats().media.probe_packets, 60u);
  EXPECT_LE(client.node().stats().media.probe_packets, 77u);
  EXPECT_EQ(client.lost_frames, 0u);
  for (const auto& frame : client.frames) {
    EXPECT_LE(frame.after_capture, milliseconds(18)) << frame.index;
  }
}

TEST_P(Ramp, APinnedRateHasNone) {
  SimWorld world(GetParam(), host_of({}));
  world.trust_client();
  SimClient& client = world.add_client(quiet_link());
  client.takes_filler = true;
  client.bitrate_kbps = 10'000;
  client.connect(world.host->identity().fingerprint(), world.now());
  world.run_for(seconds(2));
  EXPECT_GT(client.frames.size(), 60u);
  EXPECT_TRUE(world.host->probes_asked.empty());
}

// The result never comes: the pictures do, one step is all, and a probe of the user's waits for it.
TEST_P(Ramp, AResultThatNeverComesStallsNothing) {
  HostBehaviour behaviour = host_of({});
  behaviour.answers_probes = false;
  SimWorld world(GetParam(), behaviour);
  SimClient& client = connect(world, quiet_link());
  world.run_for(seconds(2));
  EXPECT_GT(client.frames.size(), 110u);
  EXPECT_EQ(client.lost_frames, 0u);
  wire::ProbeRequest own;
  own.target_kbps = 5'000;
  own.duration_ms = 100;
  client.node().ask_probe(own, world.now());
  world.run_for(seconds(5));
  EXPECT_EQ(client.probes.size(), 1u);
  ASSERT_FALSE(client.probes.empty());
  EXPECT_EQ(client.probes[0].asked.target_kbps, 5'000u);
  EXPECT_EQ(client.probes[0].outcome, media::ProbeFigures::Outcome::declined) << "one at a time";
  EXPECT_EQ(world.host->probes_asked.size(), 1u);
  EXPECT_TRUE(world.host->bitrates_asked.empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ramp, testing::Values(1, 2, 3));

}  // namespace

}  // namespace punktfunk::sim
