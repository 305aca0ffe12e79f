// SPDX-License-Identifier: MIT OR Apache-2.0
// What keeps a session alive, and what ends it: silence, loss, and a client that moves.
#include <algorithm>

#include "sim_world.h"

namespace punktfunk::sim {
namespace {

using endpoint::EndKind;

LinkOptions losing(double share) {
  LinkOptions link = quiet_link();
  link.delay = milliseconds(20);
  link.loss = share;
  return link;
}

class SessionLife : public testing::TestWithParam<std::uint64_t> {};

// The keep-alive leaves half of the idle timeout for repetitions, which come ever more slowly: of a second
// that is enough for three, of the usual eight for six.
TEST_P(SessionLife, LossEndsNoLiveSession) {
  struct Case {
    Duration idle;
    double loss;  // in each direction
    control::QuicConfig client;
  };
  control::QuicConfig short_client;
  short_client.idle_timeout = seconds(1);
  for (const Case& one : {Case{seconds(1), 0.05, short_client}, Case{seconds(1), 0.05, {}},
                          Case{seconds(8), 0.05, short_client}, Case{seconds(8), 0.2, {}}}) {
    for (const bool sends_media : {true, false}) {
      HostBehaviour behaviour;
      behaviour.sends_media = sends_media;
      behaviour.bitrate_kbps = 2000;
      endpoint::HostConfig config;
      config.quic.idle_timeout = one.idle;
      SimWorld world(GetParam(), behaviour, config);
      world.trust_client();
      SimClient& client = world.add_client(losing(one.loss), one.client);
      client.connect(world.host->identity().fingerprint(), world.now());
      ASSERT_TRUE(world.run_until([&] { return !world.host->started.empty(); }));
      world.run_for(seconds(60));
      EXPECT_FALSE(client.ended) << client.ended->message << " at " << one.loss << ", media " << sends_media;
      EXPECT_TRUE(world.host->ended.empty());
    }
  }
}

TEST_P(SessionLife, SilenceEndsItOnBothEndsWithinTheIdleTimeout) {
  endpoint::HostConfig config;
  config.quic.idle_timeout = seconds(1);
  SimWorld world(GetParam(), {}, config);
  world.trust_client();
  SimClient& client = world.add_client(quiet_link());  // its own is 8 s: the shorter one counts for both
  client.connect(world.host->identity().fingerprint(), world.now());
  ASSERT_TRUE(world.run_until([&] { return client.frames.size() > 60; }));
  world.network.set_both_ways(SimWorld::kHost, 2, losing(1));
  const TimePoint cut = world.now();
  ASSERT_TRUE(world.run_until([&] { return client.ended && !world.host->ended.empty(); }));
  EXPECT_EQ(client.ended->kind, EndKind::connection_lost);
  EXPECT_FALSE(world.host->ended[0].user_quit) << "its display is kept";
  // RFC 9000 section 10.1: not before the timeout, and a few round trips are allowed on top.
  EXPECT_GE(world.now() - cut, milliseconds(900));
  EXPECT_LE(world.now() - cut, milliseconds(2500));
}

TEST_P(SessionLife, MediaFollowsAClientToAnotherAddress) {
  SimWorld world(GetParam());
  SimClient& client = world.connect(quiet_link());
  ASSERT_TRUE(world.run_until([&] { return client.frames.size() > 60; }));
  for (const char* ip : {"10.0.1.1", "10.0.1.2"}) {
    world.move_client(0, ip, 50000);
    const TimePoint moved = world.now();
    const std::size_t before = client.frames.size();
    ASSERT_TRUE(world.run_until([&] { return client.frames.size() > before + 10; }));
    // Until the client says something, the host cannot know: feedback every 750 ms is the longest it is
    // silent for. Then the new path is validated.
    EXPECT_LE(client.frames[before].at - moved, milliseconds(1000));
    world.run_for(seconds(2));
  }
  EXPECT_FALSE(client.ended);
  EXPECT_EQ(client.wrong_frames, 0u);
  EXPECT_TRUE(client.gaps.empty() || client.gaps.back().healed_at) << "the picture is whole again";
  EXPECT_TRUE(world.host->ended.empty());
  EXPECT_EQ(world.host->requested.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SessionLife, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace punktfunk::sim
