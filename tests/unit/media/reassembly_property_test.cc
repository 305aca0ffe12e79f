// SPDX-License-Identifier: MIT OR Apache-2.0
// Whatever the network does to the packets, a frame arrives byte for byte or is counted as lost.
#include <gtest/gtest.h>

#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

struct Network {
  double loss = 0;
  double duplicate = 0;
  std::size_t reorder = 0;  // a packet may move this far
};

struct Run {
  fec::Scheme scheme = fec::Scheme::gf16;
  std::uint32_t max_k = 4096;
  std::size_t max_au = 200'000;
  int frames = 60;
};

void run_property(std::uint64_t seed, const Network& network, const Run& run) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> chance(0, 1);
  MediaParams params;
  params.scheme = run.scheme;
  params.max_data_per_block = run.max_k;
  params.fec_percent = 50;
  params.shard_payload = static_cast<std::uint16_t>(512 + 2 * (random() % 500));
  MediaSender sender(test_secret(), params);
  MediaReceiver receiver(test_secret(), params, 1'000'000'000);

  std::vector<Bytes> sent;
  std::vector<std::pair<double, Bytes>> wire;  // by place on the wire
  double place = 0;
  for (int i = 0; i < run.frames; ++i) {
    // Sizes at and around the shard boundary are the interesting ones.
    const std::size_t shards = random() % (run.max_au / params.shard_payload + 1);
    const std::size_t size = random() % 4 == 0 ? shards * params.shard_payload : random() % (run.max_au + 1);
    sent.push_back(random_bytes(random, size));
    MediaSender::FrameInfo info;
    info.pts_us = static_cast<std::uint32_t>(i) * 1000;
    info.parity_percent = static_cast<std::uint8_t>(random() % 51);
    for (Bytes& datagram : seal(sender, sent.back(), info)) {
      place += 1;
      if (chance(random) < network.loss) continue;
      const double shift = network.reorder == 0 ? 0 : chance(random) * static_cast<double>(network.reorder);
      if (chance(random) < network.duplicate) wire.emplace_back(place + shift + 3, datagram);
      wire.emplace_back(place + shift, std::move(datagram));
    }
  }
  std::stable_sort(wire.begin(), wire.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

  std::size_t received = 0;
  std::optional<std::uint32_t> last;
  const auto drain = [&](TimePoint now) {
    while (auto frame = receiver.poll_frame(now)) {
      ASSERT_LT(frame->index, sent.size());
      ASSERT_TRUE(!last || frame->index > *last) << "out of order";
      last = frame->index;
      ASSERT_TRUE(frame->au == sent[frame->index]) << "frame " << frame->index;
      EXPECT_EQ(frame->capture_ns, 1'000'000'000 + std::uint64_t{frame->index} * 1'000'000);
      EXPECT_EQ(frame->flags, wire::kFlagPicture);
      ++received;
      receiver.recycle(std::move(frame->au));
    }
  };
  TimePoint now = at_ms(0);
  for (auto& [where, datagram] : wire) {
    now += std::chrono::microseconds(20);
    receiver.receive(datagram, now);
    ASSERT_LE(receiver.memory_bytes(), receiver.memory_budget());
    drain(now);
  }
  now += std::chrono::seconds(1);
  drain(now);

  const MediaReceiver::Stats stats = receiver.stats();
  EXPECT_EQ(stats.frames_complete, received);
  EXPECT_FALSE(receiver.next_deadline());
  // Frames after the last one of which anything arrived cannot be known.
  EXPECT_LE(received + stats.frames_lost, sent.size());
  if (network.loss == 0) {
    EXPECT_EQ(received, sent.size());
    EXPECT_EQ(stats.frames_lost, 0u);
    EXPECT_EQ(stats.lost_head + stats.lost_mid + stats.lost_tail, 0u) << "late originals are taken off again";
    EXPECT_EQ(stats.recovered_shards, stats.late_shards);
  } else if (network.loss < 0.5) {
    EXPECT_GE(received + stats.frames_lost, sent.size() - 2);
  }
}

TEST(ReassemblyProperty, NoLossInOrder) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) run_property(seed, {}, {});
}

TEST(ReassemblyProperty, NoLossReorderedAndDuplicated) {
  for (std::uint64_t seed = 10; seed <= 15; ++seed) run_property(seed, {0, 0.1, 40}, {});
}

TEST(ReassemblyProperty, Loss) {
  std::uint64_t seed = 100;
  for (const double loss : {0.01, 0.05, 0.2, 0.6}) {
    for (int i = 0; i < 4; ++i) run_property(seed++, {loss, 0.02, 10}, {});
    run_property(test::new_seed(), {loss, 0.02, 10}, {});
  }
}

TEST(ReassemblyProperty, ManyBlocks) {
  std::uint64_t seed = 200;
  for (const std::uint32_t max_k : {1u, 2u, 3u, 16u, 50u}) {
    run_property(seed++, {0, 0.05, 60}, {fec::Scheme::gf16, max_k, 60'000, 60});
    run_property(seed++, {0.05, 0.05, 60}, {fec::Scheme::gf16, max_k, 60'000, 60});
  }
}

TEST(ReassemblyProperty, Gf8) {
  run_property(300, {0.05, 0.05, 20}, {fec::Scheme::gf8, 100, 200'000, 60});
  run_property(301, {0, 0.05, 20}, {fec::Scheme::gf8, 255, 200'000, 60});
}

TEST(ReassemblyProperty, ChaCha) {
  MediaParams params;
  params.suite = crypto::CipherSuite::chacha20_poly1305;
  MediaSender sender(test_secret(), params);
  MediaReceiver receiver(test_secret(), params, 0);
  const Bytes au(5000, 7);
  for (Bytes& datagram : seal(sender, au, {})) receiver.receive(datagram, at_ms(0));
  const auto frame = receiver.poll_frame(at_ms(0));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->au, au);
}

}  // namespace
}  // namespace punktfunk::media
