// SPDX-License-Identifier: MIT OR Apache-2.0
// receive_batch() is receive(), only faster: the same outcomes, frames and counters, however the batches are
// cut.
#include <gtest/gtest.h>

#include "core/wire/media_header.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

using Outcome = MediaReceiver::Outcome;

// Sealed correctly under any packet number: what a broken or dishonest host could send.
Bytes packet_with_number(crypto::MediaSealer& sealer, std::uint64_t number, std::mt19937_64& random) {
  Bytes packet = random_bytes(random, wire::kWireOverhead + 1408);
  wire::MediaHeader header;
  header.seq_low = static_cast<std::uint32_t>(number);
  header.frame = static_cast<std::uint32_t>(random() % 200);
  header.k = 3;
  header.m = 2;
  header.shard = static_cast<std::uint16_t>(random() % 6);
  header.write(packet);
  const crypto::MediaPacket item{number, packet};
  sealer.seal({&item, 1});
  return packet;
}

std::vector<Bytes> hostile_traffic(std::mt19937_64& random) {
  MediaSender sender(test_secret(), {});
  crypto::MediaSealer forger(test_secret(), crypto::CipherSuite::aes128_gcm);
  std::vector<Bytes> traffic;
  std::uint64_t far = 0;
  for (int i = 0; i < 120; ++i) {
    MediaSender::FrameInfo info;
    info.pts_us = sender.next_frame_index() * 4000;
    info.parity_percent = static_cast<std::uint8_t>(random() % 50);
    for (Bytes& datagram : seal(sender, random_bytes(random, random() % 40'000), info)) {
      if (random() % 20 == 0) continue;
      traffic.push_back(std::move(datagram));
      const std::uint64_t chance = random() % 100;
      if (chance < 5) traffic.push_back(traffic[random() % traffic.size()]);
      if (chance == 6) traffic.push_back(random_bytes(random, random() % 1500));
      if (chance == 7) traffic.back()[random() % traffic.back().size()] ^= 4;
      if (chance == 8)
        std::swap(traffic.back(),
                  traffic[traffic.size() - 1 - random() % std::min<std::size_t>(traffic.size(), 30)]);
      if (chance == 9 && i > 60) {
        // Steps over the limits of section 12.2: one key index, the replay window, half of the low 32 bits.
        const std::uint64_t steps[] = {1000,
                                       1U << 20U,
                                       crypto::kReplayWindow,
                                       crypto::kPacketsPerKey - 1,
                                       crypto::kPacketsPerKey + 1,
                                       std::uint64_t{1} << 31U};
        far += steps[random() % std::size(steps)];
        traffic.push_back(packet_with_number(forger, far - (far > 5 ? random() % 5 : 0), random));
      }
    }
  }
  return traffic;
}

struct Delivered {
  std::vector<Outcome> outcomes;
  std::vector<Bytes> frames;

  void poll(MediaReceiver& receiver, TimePoint now) {
    while (auto frame = receiver.poll_frame(now)) frames.push_back(std::move(frame->au));
  }
};

TEST(ReceiveBatch, IsReceiveOneByOne) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 6; ++round) {
    std::vector<Bytes> traffic = hostile_traffic(random);
    std::vector<Bytes> copy = traffic;
    MediaReceiver one(test_secret(), {}, 0);
    MediaReceiver many(test_secret(), {}, 0);
    Delivered from_one;
    Delivered from_many;
    std::vector<MutableBytes> batch;
    for (std::size_t i = 0; i < traffic.size();) {
      const TimePoint now = at_ms(static_cast<std::int64_t>(i / 10));
      const std::size_t end = std::min(traffic.size(), i + 1 + random() % 100);
      batch.clear();
      for (; i < end; ++i) {
        from_one.outcomes.push_back(one.receive(traffic[i], now));
        batch.push_back(copy[i]);
      }
      for (const Outcome outcome : many.receive_batch(batch, now)) from_many.outcomes.push_back(outcome);
      from_one.poll(one, now);
      from_many.poll(many, now);
    }
    ASSERT_EQ(from_one.outcomes.size(), from_many.outcomes.size());
    for (std::size_t i = 0; i < from_one.outcomes.size(); ++i) {
      ASSERT_EQ(from_one.outcomes[i], from_many.outcomes[i]) << "datagram " << i << " of round " << round;
    }
    EXPECT_EQ(from_one.frames, from_many.frames);
    EXPECT_GT(from_one.frames.size(), 10u) << "most traffic is honest";
    EXPECT_EQ(one.stats().by_outcome, many.stats().by_outcome);
    EXPECT_EQ(one.stats().bytes_received, many.stats().bytes_received);
    for (const Outcome seen :
         {Outcome::implausible, Outcome::replayed, Outcome::unauthentic, Outcome::bad_size}) {
      EXPECT_GT(one.stats().count(seen), 0u) << "the traffic covers this: " << static_cast<int>(seen);
    }
  }
}

// The second of two equal datagrams of one batch is a replay although both were opened before either was
// accepted.
TEST(ReceiveBatch, SeesRepetitionsWithinTheBatch) {
  std::mt19937_64 random(1);
  MediaSender sender(test_secret(), {});
  std::vector<Bytes> datagrams = seal(sender, random_bytes(random, 5000), {});
  datagrams.insert(datagrams.begin() + 1, datagrams.front());
  MediaReceiver receiver(test_secret(), {}, 0);
  const std::vector<MutableBytes> batch(datagrams.begin(), datagrams.end());
  const auto outcomes = receiver.receive_batch(batch, at_ms(0));
  EXPECT_EQ(outcomes[0], Outcome::accepted);
  EXPECT_EQ(outcomes[1], Outcome::replayed);
  EXPECT_EQ(outcomes[4], Outcome::frame_ready);
  EXPECT_TRUE(receiver.receive_batch({}, at_ms(0)).empty());
}

}  // namespace
}  // namespace punktfunk::media
