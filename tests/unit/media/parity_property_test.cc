// SPDX-License-Identifier: MIT OR Apache-2.0
// What parity promises: any k packets of each block make the frame, and k - 1 of one block do not.
#include <gtest/gtest.h>

#include <map>

#include "core/wire/media_header.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

MediaParams random_params(std::mt19937_64& random) {
  MediaParams params;
  params.suite = random() % 2 == 0 ? crypto::CipherSuite::aes128_gcm : crypto::CipherSuite::chacha20_poly1305;
  params.scheme = random() % 2 == 0 ? fec::Scheme::gf8 : fec::Scheme::gf16;
  constexpr std::uint32_t kBlocks[] = {1, 2, 3, 10, 50, 170, 255, 1000, 4096};
  params.max_data_per_block = kBlocks[random() % std::size(kBlocks)];
  if (params.scheme == fec::Scheme::gf8)
    params.max_data_per_block = std::min(params.max_data_per_block, 255U);
  params.fec_percent = static_cast<std::uint8_t>(random() % 91);
  params.shard_payload = static_cast<std::uint16_t>(512 + 2 * (random() % 600));
  return params;
}

struct Block {
  std::uint16_t k = 0;
  std::vector<std::size_t> packets;  // places in the list of datagrams
};

std::map<std::uint16_t, Block> blocks_of(const std::vector<Bytes>& datagrams, const MediaParams& params,
                                         std::uint64_t first_number) {
  crypto::MediaOpener opener(test_secret(), params.suite);
  std::map<std::uint16_t, Block> blocks;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    Bytes copy = datagrams[i];
    EXPECT_TRUE(opener.open(first_number + i, copy));
    const wire::MediaHeader header = wire::MediaHeader::read(copy);
    Block& block = blocks[header.block];
    block.k = header.k;
    block.packets.push_back(i);
    EXPECT_EQ(header.shard < header.k, block.packets.size() <= header.k) << "data first";
  }
  return blocks;
}

TEST(ParityProperty, AnyKPacketsOfEachBlockMakeTheFrame) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::size_t rebuilt = 0;
  for (int round = 0; round < 60; ++round) {
    const MediaParams params = random_params(random);
    MediaSender sender(test_secret(), params);
    MediaReceiver receiver(test_secret(), params, 0);
    for (std::uint32_t frame = 0; frame < 3; ++frame) {
      const Bytes au = random_bytes(random, random() % 4 == 0 ? random() % 2000 : random() % 150'000);
      MediaSender::FrameInfo info;
      info.pts_us = frame * 1000;
      info.parity_percent = static_cast<std::uint8_t>(random() % 91);
      const std::uint64_t first_number = sender.packets_sealed();
      std::vector<Bytes> datagrams = seal(sender, au, info);
      std::vector<std::size_t> survivors;
      for (auto& [index, block] : blocks_of(datagrams, params, first_number)) {
        std::shuffle(block.packets.begin(), block.packets.end(), random);
        survivors.insert(survivors.end(), block.packets.begin(), block.packets.begin() + block.k);
      }
      std::shuffle(survivors.begin(), survivors.end(), random);
      for (std::size_t i = 0; i < survivors.size(); ++i) {
        ASSERT_FALSE(receiver.poll_frame(at_ms(frame))) << "before the last of " << survivors.size();
        const auto outcome = receiver.receive(datagrams[survivors[i]], at_ms(frame));
        ASSERT_EQ(outcome, i + 1 == survivors.size() ? MediaReceiver::Outcome::frame_ready
                                                     : MediaReceiver::Outcome::accepted);
      }
      const auto delivered = receiver.poll_frame(at_ms(frame));
      ASSERT_TRUE(delivered);
      ASSERT_TRUE(delivered->au == au)
          << "frame of " << au.size() << " bytes, K " << params.max_data_per_block;
      rebuilt += delivered->recovered_shards;
      ASSERT_LE(receiver.memory_bytes(), receiver.memory_budget());
    }
  }
  EXPECT_GT(rebuilt, 1000u) << "parity was needed";
}

TEST(ParityProperty, OnePacketTooFewIsAFrameLost) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    const MediaParams params = random_params(random);
    MediaSender sender(test_secret(), params);
    MediaReceiver receiver(test_secret(), params, 0);
    const Bytes au = random_bytes(random, random() % 100'000);
    MediaSender::FrameInfo info;
    info.parity_percent = static_cast<std::uint8_t>(random() % 91);
    std::vector<Bytes> datagrams = seal(sender, au, info);
    auto blocks = blocks_of(datagrams, params, 0);
    const auto unlucky = static_cast<std::uint16_t>(random() % blocks.size());
    for (auto& [index, block] : blocks) {
      std::shuffle(block.packets.begin(), block.packets.end(), random);
      const std::size_t kept = index == unlucky ? block.k - 1U : block.packets.size();
      for (std::size_t i = 0; i < kept; ++i) {
        ASSERT_NE(receiver.receive(datagrams[block.packets[i]], at_ms(0)),
                  MediaReceiver::Outcome::frame_ready);
      }
    }
    ASSERT_FALSE(receiver.poll_frame(at_ms(0)));
    ASSERT_FALSE(receiver.poll_frame(at_ms(1000)));
    const bool anything_came = blocks.size() > 1 || blocks[0].k > 1;
    EXPECT_EQ(receiver.stats().frames_lost, anything_came ? 1u : 0u);
    EXPECT_EQ(receiver.stats().frames_complete, 0u);
  }
}

// Somebody on the path who adds packets but removes none can neither change a frame nor keep one back.
TEST(ParityProperty, WhatIsAddedOnTheWayChangesNothing) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8; ++round) {
    const MediaParams params = random_params(random);
    MediaSender sender(test_secret(), params);
    MediaReceiver receiver(test_secret(), params, 0);
    std::vector<Bytes> seen;
    for (std::uint32_t frame = 0; frame < 25; ++frame) {
      const Bytes au = random_bytes(random, random() % 20'000);
      MediaSender::FrameInfo info;
      info.pts_us = frame * 1000;
      info.parity_percent = static_cast<std::uint8_t>(random() % 50);
      for (Bytes& datagram : seal(sender, au, info)) {
        // The attacker is always first.
        Bytes changed = datagram;
        switch (random() % 5) {
          case 0:
            changed[random() % changed.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
            break;
          case 1:
            changed.resize(random() % 1800);
            if (changed.size() == datagram.size()) changed.back() ^= 1;
            break;
          case 2:  // another number, near or far
            store_le(changed.data() + 1, load_le<std::uint32_t>(changed.data() + 1) + 1 +
                                             static_cast<std::uint32_t>(random() % 3000));
            break;
          case 3:
            store_le(changed.data() + 1, load_le<std::uint32_t>(changed.data() + 1) ^ 0x80000000U);
            break;
          default:
            if (!seen.empty())
              changed = seen[random() % seen.size()];
            else
              changed.clear();
            break;
        }
        const std::uint64_t opened = receiver.stats().packets_received;
        receiver.receive(changed, at_ms(frame));
        ASSERT_EQ(receiver.stats().packets_received, opened);
        seen.push_back(datagram);
        receiver.receive(datagram, at_ms(frame));
        ASSERT_EQ(receiver.stats().packets_received, opened + 1);
      }
      const auto delivered = receiver.poll_frame(at_ms(frame));
      ASSERT_TRUE(delivered);
      ASSERT_TRUE(delivered->au == au);
    }
    EXPECT_EQ(receiver.stats().frames_lost, 0u);
    EXPECT_GT(receiver.stats().count(MediaReceiver::Outcome::unauthentic), 10u);
    EXPECT_GT(receiver.stats().count(MediaReceiver::Outcome::replayed), 10u);
  }
}

}  // namespace
}  // namespace punktfunk::media
