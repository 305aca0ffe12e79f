// SPDX-License-Identifier: MIT OR Apache-2.0
// ClientNode::receive_batch() is receive() for each datagram in turn, whatever is mixed into one read: media
// that is honest, changed, repeated, reordered or from elsewhere, QUIC, and the end of the session.
#include <algorithm>

#include "base/synthetic_frame.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "sim_world.h"

namespace punktfunk::sim {

namespace {

HostBehaviour silent() {
  HostBehaviour behaviour;
  behaviour.sends_media = false;
  return behaviour;
}

// A session whose media the test makes and hands over itself.
class Fed {
 public:
  Fed(std::uint64_t seed, bool together)
      : world(seed, silent()), client(world.connect(quiet_link())), together_(together) {
    EXPECT_TRUE(world.run_until([&] { return !world.host->grants.empty(); }));
    const endpoint::MediaGrant& grant = world.host->grants.at(0);
    host_ = grant.path->get().local;
    client_ = grant.path->get().remote;
    sender.emplace(grant.host_to_client, grant.params);
    world.run_for(seconds(3));  // the clock rounds, and whatever else QUIC has to say at first
  }

  void add(Bytes datagram) { add_from(host_, std::move(datagram)); }
  void add_foreign(Bytes datagram) {
    add_from(*SocketAddress::parse("10.0.0.77", 9777), std::move(datagram));
  }
  // What the host's QUIC has to send now.
  void add_quic() {
    control::Transmit out;
    while (world.host->node().poll_transmit(out, world.now()))
      split(out, [&](ByteView one) { add(Bytes(one.begin(), one.end())); });
  }

  // One read.
  void hand_over() {
    if (together_) {
      std::vector<ReceivedDatagram> read;
      for (auto& [from, bytes] : pending_) read.push_back({bytes, &client_, &from, kEcnNone});
      client.node().receive_batch(client_, read, world.now());
    } else {
      for (auto& [from, bytes] : pending_) client.node().receive(client_, from, bytes, kEcnNone, world.now());
    }
    pending_.clear();
  }

  SimWorld world;
  SimClient& client;
  std::optional<media::MediaSender> sender;

 private:
  void add_from(const SocketAddress& from, Bytes datagram) {
    pending_.emplace_back(from, std::move(datagram));
  }

  const bool together_;
  SocketAddress host_;
  SocketAddress client_;
  std::vector<std::pair<SocketAddress, Bytes>> pending_;
};

// The same traffic, up to the keys, for the same `random`.
void add_frame(Fed& fed, std::mt19937_64& random, Bytes& held) {
  Bytes au(16 + random() % 60'000);
  fill_synthetic(au, fed.world.seed, fed.sender->next_frame_index());
  media::MediaSender::FrameInfo info;
  info.pts_us = fed.sender->next_frame_index() * 16'667;
  info.flags = fed.sender->next_frame_index() == 0 ? wire::kFlagKeyframe : std::uint16_t{0};
  info.parity_percent = static_cast<std::uint8_t>(random() % 30);
  const auto sealed = fed.sender->seal_frame(au, info);
  const std::size_t each = fed.sender->datagram_bytes();
  for (std::size_t at = 0; at < sealed.size(); at += each) {
    const auto one = sealed.subspan(at, each);
    Bytes datagram(one.begin(), one.end());
    switch (random() % 40) {
      case 0:  // lost
        continue;
      case 1:  // twice
        fed.add(datagram);
        break;
      case 2:  // later, or what was held before
        std::swap(held, datagram);
        break;
      case 3: {  // changed on the way, and whole
        Bytes changed = datagram;
        changed[random() % changed.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
        fed.add(std::move(changed));
        break;
      }
      case 4:
        fed.add_foreign(datagram);
        break;
      case 5:
        fed.add({});
        break;
      case 6:  // QUIC by its first byte
        fed.add(Bytes(1 + random() % 1200, static_cast<std::uint8_t>(0x40 | random())));
        break;
      case 7:  // media by its first byte
        fed.add(Bytes(1 + random() % 1200, static_cast<std::uint8_t>(random() % 0x40)));
        break;
      default:
        break;
    }
    fed.add(std::move(datagram));
  }
}

class ClientBatch : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ClientBatch, IsReceiveOneByOne) {
  Fed one(GetParam(), false);
  Fed many(GetParam(), true);
  for (Fed* fed : {&one, &many}) {
    std::mt19937_64 random(GetParam());
    Bytes held;
    for (int read = 0; read < 150; ++read) {
      for (std::uint64_t frames = random() % 3; frames > 0; --frames) add_frame(*fed, random, held);
      fed->hand_over();
      fed->world.run_for(milliseconds(random() % 40));
    }
    // The session's end comes between two frames of one read.
    add_frame(*fed, random, held);
    fed->world.host->node().end(fed->world.host->started.at(0), wire::CloseCode::host_going_down,
                                "Good night.");
    fed->add_quic();
    add_frame(*fed, random, held);
    fed->hand_over();
    EXPECT_TRUE(fed->client.ended);
    fed->world.run_for(seconds(1));
  }

  const auto a = one.client.node().stats();
  const auto b = many.client.node().stats();
  EXPECT_EQ(a.media.by_outcome, b.media.by_outcome);
  EXPECT_EQ(a.media.bytes_received, b.media.bytes_received);
  EXPECT_EQ(a.media.frames_complete, b.media.frames_complete);
  EXPECT_EQ(a.media.frames_lost, b.media.frames_lost);
  EXPECT_EQ(a.media.recovered_shards, b.media.recovered_shards);
  EXPECT_EQ(a.foreign_media, b.foreign_media);
  // One by one, a hole may be suspected that the next datagram of the same read fills.
  EXPECT_LE(b.keyframe_asks, a.keyframe_asks);
  EXPECT_EQ(one.client.wrong_frames, 0u);
  EXPECT_EQ(many.client.wrong_frames, 0u);
  EXPECT_EQ(one.client.lost_frames, many.client.lost_frames);
  ASSERT_EQ(one.client.frames.size(), many.client.frames.size());
  for (std::size_t i = 0; i < one.client.frames.size(); ++i)
    EXPECT_EQ(one.client.frames[i].index, many.client.frames[i].index);

  // The traffic was worth it.
  using Outcome = media::MediaReceiver::Outcome;
  EXPECT_GT(many.client.frames.size(), 50u);
  EXPECT_GT(many.client.lost_frames, 0u);
  EXPECT_GT(b.media.recovered_shards, 0u);
  EXPECT_GT(b.foreign_media, 0u);
  for (const Outcome seen :
       {Outcome::late, Outcome::bad_size, Outcome::bad_stream, Outcome::replayed, Outcome::unauthentic})
    EXPECT_GT(b.media.count(seen), 0u) << static_cast<int>(seen);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClientBatch, testing::Range<std::uint64_t>(1, 6));

}  // namespace

}  // namespace punktfunk::sim
