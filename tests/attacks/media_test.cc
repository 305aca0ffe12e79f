// SPDX-License-Identifier: MIT OR Apache-2.0
// Video packets that somebody on the network recorded, changed, or sent from elsewhere. Each is counted, none
// becomes a picture. What a packet may say once it is authentic is in unit/media/hostile_test.cc.
#include <gtest/gtest.h>

#include <vector>

#include "base/synthetic_frame.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "seed.h"
#include "sim_world.h"

namespace punktfunk::sim {

namespace {

using Outcome = media::MediaReceiver::Outcome;

class RecordedMedia : public testing::Test {
 protected:
  static HostBehaviour silent() {
    HostBehaviour behaviour;
    behaviour.sends_media = false;
    return behaviour;
  }
  void SetUp() override { begin(world.connect(quiet_link()), 1); }
  void begin(SimClient& joined, std::size_t sessions) {
    ASSERT_TRUE(world.run_until([&] { return world.host->grants.size() == sessions && joined.hello; }));
    senders.emplace_back(world.host->grants.back().host_to_client, world.host->grants.back().params);
    clients.push_back(&joined);
  }
  // The packets of the session's next picture.
  std::vector<Bytes> picture(std::size_t session = 0) {
    media::MediaSender& sender = senders[session];
    Bytes unit(20'000);
    fill_synthetic(unit, world.seed, sender.next_frame_index());
    media::MediaSender::FrameInfo info;
    info.flags = wire::kFlagKeyframe;
    info.pts_us = 16'667 * sender.next_frame_index();
    info.parity_percent = 0;
    const auto sealed = sender.seal_frame(unit, info);
    std::vector<Bytes> packets;
    for (std::size_t at = 0; at < sealed.size(); at += sender.datagram_bytes()) {
      const auto one = sealed.subspan(at, sender.datagram_bytes());
      packets.emplace_back(one.begin(), one.end());
    }
    return packets;
  }
  // A copy is given: the client opens packets in place.
  void give(Bytes packet, NodeId from = SimWorld::kHost) { client().receive(world.now(), from, packet); }
  SimClient& client() { return *clients[0]; }
  [[nodiscard]] std::uint64_t count(Outcome outcome) { return client().node().stats().media.count(outcome); }
  void expect_pictures(std::size_t number) {
    EXPECT_EQ(client().frames.size(), number);
    EXPECT_EQ(client().wrong_frames, 0u);
    EXPECT_EQ(client().lost_frames, 0u);
    EXPECT_FALSE(client().ended);
  }

  SimWorld world{test::new_seed(), silent()};
  std::vector<media::MediaSender> senders;
  std::vector<SimClient*> clients;
};

TEST_F(RecordedMedia, IsTakenOnce) {
  std::vector<Bytes> recorded;
  for (int i = 0; i < 50; ++i) {
    for (const Bytes& packet : picture()) {
      give(packet);
      give(packet);
      recorded.push_back(packet);
    }
    world.run_for(milliseconds(16));
  }
  const std::uint64_t twice = recorded.size();
  EXPECT_EQ(count(Outcome::replayed), twice);
  for (auto packet = recorded.rbegin(); packet != recorded.rend(); ++packet) give(*packet);
  world.run_for(seconds(1));
  EXPECT_EQ(count(Outcome::replayed), 2 * twice);
  EXPECT_EQ(client().node().stats().media.packets_received, twice);
  expect_pictures(50);
}

TEST_F(RecordedMedia, WithOneBitChangedIsNotAuthentic) {
  // The changed one comes first, so that it is not turned away as a repetition.
  std::uint64_t changed = 0;
  SeededRandom random(world.seed);
  for (int i = 0; i < 30; ++i) {
    for (const Bytes& packet : picture()) {
      for (int flip = 0; flip < 8; ++flip) {
        Bytes forged = packet;
        // Behind the number, whose changes are counted apart: see below.
        const std::size_t at = 5 + random.engine()() % (forged.size() - 5);
        forged[at] = static_cast<std::uint8_t>(forged[at] ^ (1U << flip));
        give(forged);
        ++changed;
      }
      give(packet);
    }
    world.run_for(milliseconds(16));
  }
  EXPECT_EQ(count(Outcome::unauthentic), changed);
  expect_pictures(30);
  // The first five bytes are authenticated as well: stream and packet number cannot be changed.
  for (const Bytes& packet : picture()) {
    for (std::size_t bit = 0; bit < 40; ++bit) {
      Bytes forged = packet;
      forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ (1U << (bit % 8)));
      if ((forged[0] & 0xC0) == 0) give(forged);
    }
    give(packet);
  }
  world.run_for(milliseconds(16));
  expect_pictures(31);
}

TEST_F(RecordedMedia, OfAnotherLengthIsNotAuthentic) {
  for (const Bytes& packet : picture()) {
    for (const std::size_t size : {packet.size() - 2, packet.size() + 2, std::size_t{558}, std::size_t{46},
                                   std::size_t{45}, std::size_t{1}, std::size_t{9217}}) {
      Bytes forged = packet;
      forged.resize(size);
      give(forged);
    }
    give(packet);
  }
  world.run_for(milliseconds(16));
  EXPECT_EQ(client().node().stats().media.packets_received * 7,
            count(Outcome::unauthentic) + count(Outcome::bad_size));
  expect_pictures(1);
}

TEST_F(RecordedMedia, FromAnotherAddressOrPortIsForeign) {
  const NodeId elsewhere = world.add_stranger("10.0.0.99");
  const NodeId other_port = world.add_stranger("10.0.0.1");  // the host's own address, another port
  for (int i = 0; i < 20; ++i) {
    for (const Bytes& packet : picture()) {
      give(packet, elsewhere);
      give(packet, other_port);
      give(packet);
    }
  }
  world.run_for(milliseconds(16));
  EXPECT_EQ(client().node().stats().foreign_media, 2 * client().node().stats().media.packets_received);
  EXPECT_EQ(count(Outcome::replayed), 0u) << "they did not even come near the keys";
  expect_pictures(20);
}

TEST_F(RecordedMedia, OfAnotherSessionIsNotAuthentic) {
  // The same device, the same host, the same moment: every session has keys of its own.
  SimClient& second = world.add_client(quiet_link());
  second.connect(world.host->identity().fingerprint(), world.now());
  begin(second, 2);
  std::uint64_t foreign = 0;
  for (int i = 0; i < 20; ++i) {
    for (const Bytes& packet : picture(1)) {
      give(packet);
      ++foreign;
    }
    for (const Bytes& packet : picture(0)) give(packet);
  }
  world.run_for(milliseconds(16));
  EXPECT_EQ(count(Outcome::unauthentic) + count(Outcome::replayed), foreign);
  expect_pictures(20);
}

TEST_F(RecordedMedia, AfterTheEndIsNothing) {
  const auto packets = picture();
  client().node().close(wire::CloseCode::user_quit, "Enough.");
  world.run_for(seconds(1));
  ASSERT_TRUE(client().ended);
  for (const Bytes& packet : packets) give(packet);
  world.run_for(seconds(1));
  EXPECT_TRUE(client().frames.empty());
  EXPECT_EQ(client().node().stats().media.packets_received, 0u);
}

TEST(RevokedMedia, StopsWithinARoundTrip) {
  SimWorld world(test::new_seed());
  SimClient& client = world.connect(quiet_link());
  world.run_for(seconds(2));
  ASSERT_GT(client.frames.size(), 60u);
  const TimePoint decided = world.now();
  ASSERT_TRUE(world.host->node().unpair(world.identity.fingerprint(), decided));
  world.run_for(milliseconds(20));
  ASSERT_TRUE(client.ended);
  EXPECT_EQ(client.ended->kind, endpoint::EndKind::refused);
  EXPECT_EQ(client.ended->code, wire::CloseCode::denied);
  EXPECT_NE(client.ended->message.find("unpaired"), std::string::npos) << client.ended->message;
  const std::uint64_t sent = world.host->packets_sent;
  world.run_for(seconds(2));
  EXPECT_EQ(world.host->packets_sent, sent) << "no video after it";
  EXPECT_EQ(world.host->ended.size(), 1u);
}

}  // namespace

}  // namespace punktfunk::sim
