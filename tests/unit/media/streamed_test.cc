// SPDX-License-Identifier: MIT OR Apache-2.0
// Access units whose parts come one by one (section 13.4): cut as the protocol says, and whole on the other
// side whatever the network does.
#include <gtest/gtest.h>

#include <limits>

#include "core/crypto/media_aead.h"
#include "media_pair.h"

namespace punktfunk::media {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

MediaParams params_for(std::uint32_t max_k) {
  MediaParams params;
  params.max_data_per_block = max_k;
  params.shard_payload = 512;
  params.fec_percent = 50;
  return params;
}

// All that is ready, in runs of at most `most`, each datagram on its own.
void take_ready(MediaSender& sender, std::size_t most, std::vector<Bytes>& to) {
  while (sender.datagrams_ready() > 0) {
    const MutableBytes run = sender.seal_next(most);
    ASSERT_FALSE(run.empty());
    for (std::size_t at = 0; at < run.size(); at += sender.datagram_bytes()) {
      const MutableBytes one = run.subspan(at, sender.datagram_bytes());
      to.emplace_back(one.begin(), one.end());
    }
  }
}

// Cuts `au` at random and takes what is ready now and then.
std::vector<Bytes> stream(std::mt19937_64& random, MediaSender& sender, ByteView au,
                          const MediaSender::FrameInfo& info) {
  std::vector<Bytes> datagrams;
  sender.begin_stream(info);
  const std::array<std::size_t, 5> longest{10, 600, 5'000, 30'000, 300'000};
  const std::size_t most = longest[random() % longest.size()];
  while (true) {
    const std::size_t length = std::min<std::size_t>(random() % (most + 1), au.size());
    if (length == au.size()) {
      EXPECT_TRUE(sender.finish(au));
      take_ready(sender, 1 + random() % 60, datagrams);
      return datagrams;
    }
    EXPECT_TRUE(sender.append(au.first(length), random() % 2 == 0));
    au = au.subspan(length);
    if (random() % 2 == 0) take_ready(sender, 1 + random() % 60, datagrams);
  }
}

std::vector<wire::MediaHeader> headers_of(std::vector<Bytes> datagrams, std::uint64_t first_number = 0) {
  crypto::MediaOpener opener(test_secret(), crypto::CipherSuite::aes128_gcm);
  std::vector<wire::MediaHeader> headers;
  for (Bytes& datagram : datagrams) {
    EXPECT_TRUE(opener.open(first_number++, datagram));
    headers.push_back(wire::MediaHeader::read(datagram));
  }
  return headers;
}

struct BlockShape {
  std::uint32_t base, k, m, pad;
  bool last;
};

// Checks the order of sections 13.3 and 13.4, that every packet belongs to the frame, and returns the blocks.
std::vector<BlockShape> blocks_of(const std::vector<wire::MediaHeader>& headers) {
  std::vector<BlockShape> blocks;
  for (std::size_t i = 0; i < headers.size();) {
    const wire::MediaHeader first = headers[i];
    EXPECT_EQ(first.block, blocks.size());
    for (std::uint32_t shard = 0; shard < std::uint32_t{first.k} + first.m; ++shard, ++i) {
      if (i == headers.size()) {
        ADD_FAILURE() << "the last block is short";
        return blocks;
      }
      wire::MediaHeader expected = first;
      expected.shard = static_cast<std::uint16_t>(shard);
      expected.seq_low = static_cast<std::uint32_t>(i);
      EXPECT_EQ(headers[i], expected) << "data, then parity, block by block";
      EXPECT_NE(headers[i].flags & wire::kFlagSliceStream, 0);
    }
    blocks.push_back({first.base, first.k, first.m, first.pad, first.last_block()});
  }
  return blocks;
}

TEST(Streamed, BlocksLeaveWhenTheyAreFullOrASliceEnds) {
  MediaSender sender(test_secret(), params_for(32));
  const Bytes au(200 * 512, 7);
  const ByteView all = au;
  sender.begin_stream({});
  // Sixteen shards wait, but one of them is kept back.
  ASSERT_TRUE(sender.append(all.subspan(0, 16 * 512), true));
  EXPECT_EQ(sender.datagrams_ready(), 0u);
  // One byte more and there are sixteen to spare. The slice goes on, so they wait …
  ASSERT_TRUE(sender.append(all.subspan(16 * 512, 1), false));
  EXPECT_EQ(sender.datagrams_ready(), 0u);
  // … until it ends: 16 data and parity of 10 %, at least 2.
  ASSERT_TRUE(sender.append(all.subspan(16 * 512 + 1, 100), true));
  EXPECT_EQ(sender.datagrams_ready(), 18u);
  // 32 more and one to keep back: a full block, slice or not. 32 · 10 % = 3.2, rounded up.
  ASSERT_TRUE(sender.append(all.subspan(16 * 512 + 101, 33 * 512 - 101), false));
  EXPECT_EQ(sender.datagrams_ready(), 18u + 36u);
  std::vector<Bytes> datagrams;
  take_ready(sender, 45, datagrams);
  EXPECT_EQ(datagrams.size(), 54u) << "they leave before the rest is known";
  ASSERT_TRUE(sender.finish(all.subspan(49 * 512, 10 * 512 + 12)));
  take_ready(sender, 45, datagrams);

  const std::vector<BlockShape> blocks = blocks_of(headers_of(datagrams));
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].k, 16u);
  EXPECT_EQ(blocks[1].base, 16u);
  EXPECT_EQ(blocks[1].k, 32u);
  EXPECT_FALSE(blocks[1].last);
  EXPECT_EQ(blocks[2].base, 48u);
  EXPECT_EQ(blocks[2].k, 12u);
  EXPECT_TRUE(blocks[2].last);
  EXPECT_EQ(blocks[2].pad, 500u);
}

TEST(Streamed, AnyCuttingObeysTheRules) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::array<std::uint32_t, 6> sizes{1, 5, 16, 20, 100, 4096};
    const std::uint32_t max_k = sizes[random() % sizes.size()];
    MediaSender sender(test_secret(), params_for(max_k));
    std::size_t size = random() % 200'000;
    if (random() % 3 == 0) size = size / 512 * 512;
    const Bytes au = random_bytes(random, size);
    const auto blocks = blocks_of(headers_of(stream(random, sender, au, {})));
    std::uint32_t base = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const bool last = i + 1 == blocks.size();
      EXPECT_EQ(blocks[i].base, base);
      EXPECT_EQ(blocks[i].last, last);
      EXPECT_LE(blocks[i].k, max_k);
      EXPECT_GE(blocks[i].k, last ? 1u : std::min(16u, max_k));
      base += blocks[i].k;
      EXPECT_TRUE(last || blocks[i].pad == 0);
    }
    EXPECT_EQ(std::size_t{base} * 512 - blocks.back().pad, size);
  }
}

// Streamed and whole frames take turns.
void run_property(std::uint64_t seed, double loss, std::size_t reorder, fec::Scheme scheme) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> chance(0, 1);
  MediaParams params =
      params_for(static_cast<std::uint32_t>(scheme == fec::Scheme::gf8 ? 100 : 1 + random() % 300));
  params.scheme = scheme;
  MediaSender sender(test_secret(), params);
  MediaReceiver receiver(test_secret(), params, 0);
  std::vector<Bytes> sent;
  std::vector<std::pair<double, Bytes>> wire;  // by place on the wire
  double place = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    std::size_t size = random() % 120'000;
    if (random() % 3 == 0) size = size / 512 * 512;
    sent.push_back(random_bytes(random, size));
    MediaSender::FrameInfo info;
    info.pts_us = i * 1000;
    info.parity_percent = static_cast<std::uint8_t>(random() % 51);
    auto datagrams =
        random() % 4 == 0 ? seal(sender, sent.back(), info) : stream(random, sender, sent.back(), info);
    for (Bytes& datagram : datagrams) {
      place += 1;
      if (chance(random) < loss) continue;
      const double shift = chance(random) * static_cast<double>(reorder);
      if (chance(random) < 0.03) wire.emplace_back(place + shift + 3, datagram);
      wire.emplace_back(place + shift, std::move(datagram));
    }
  }
  std::stable_sort(wire.begin(), wire.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t received = 0;
  const auto drain = [&](TimePoint now) {
    while (auto frame = receiver.poll_frame(now)) {
      ASSERT_LT(frame->index, sent.size());
      ASSERT_TRUE(frame->au == sent[frame->index]) << "frame " << frame->index;
      ++received;
      receiver.recycle(std::move(frame->au));
    }
  };
  TimePoint now = at_ms(0);
  for (auto& [where, datagram] : wire) {
    now += std::chrono::microseconds(20);
    const auto outcome = receiver.receive(datagram, now);
    ASSERT_NE(outcome, MediaReceiver::Outcome::bad_header);
    ASSERT_NE(outcome, MediaReceiver::Outcome::contradiction);
    drain(now);
  }
  drain(now + std::chrono::seconds(1));
  const MediaReceiver::Stats stats = receiver.stats();
  EXPECT_EQ(stats.frames_complete, received);
  EXPECT_TRUE(loss > 0 || received == sent.size());
  EXPECT_TRUE(loss == 0 || loss > 0.1 || stats.recovered_shards > 0);
}

TEST(Streamed, ArrivesReordered) {
  for (std::uint64_t seed = 100; seed < 106; ++seed) run_property(seed, 0, 50, fec::Scheme::gf16);
}

TEST(Streamed, ArrivesWithLossOrNotAtAll) {
  for (std::uint64_t seed = 200; seed < 206; ++seed) run_property(seed, 0.03, 20, fec::Scheme::gf16);
  for (std::uint64_t seed = 210; seed < 214; ++seed) run_property(seed, 0.4, 20, fec::Scheme::gf16);
  for (std::uint64_t seed = 220; seed < 224; ++seed) run_property(seed, 0.03, 20, fec::Scheme::gf8);
}

TEST(Streamed, TooLargeEndsTheFrame) {
  MediaParams params = params_for(64);
  params.max_frame_bytes = 100'000;
  MediaSender sender(test_secret(), params);
  MediaReceiver receiver(test_secret(), params, 0);
  sender.begin_stream({});
  ASSERT_TRUE(sender.append(Bytes(90'000, 1), true));
  std::vector<Bytes> datagrams;
  take_ready(sender, kAll, datagrams);
  EXPECT_FALSE(datagrams.empty());
  EXPECT_FALSE(sender.append(Bytes(10'001, 1), true));
  EXPECT_EQ(sender.datagrams_ready(), 0u);
  EXPECT_FALSE(sender.append(Bytes(1, 1), true)) << "it stays over";
  EXPECT_FALSE(sender.finish({}));
  EXPECT_EQ(sender.next_frame_index(), 1u) << "its packets have left, so its index is used";
  // The next one is not touched by it.
  const Bytes au(30'000, 3);
  MediaSender::FrameInfo later;
  later.pts_us = 200'000;
  for (Bytes& datagram : seal(sender, au, later)) datagrams.push_back(std::move(datagram));
  for (Bytes& datagram : datagrams) receiver.receive(datagram, at_ms(0));
  const auto frame = receiver.poll_frame(at_ms(1));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->index, 1u);
  EXPECT_EQ(frame->au, au);
  EXPECT_EQ(receiver.stats().frames_lost, 1u);
}

TEST(Streamed, NothingIsTakenOutsideAStream) {
  MediaSender sender(test_secret(), {});
  EXPECT_FALSE(sender.append(Bytes(10), true));
  EXPECT_FALSE(sender.finish({}));
  sender.begin_stream({});
  EXPECT_TRUE(sender.finish({}));
  EXPECT_EQ(sender.datagrams_ready(), 3u) << "an empty access unit is one shard and two of parity";
  EXPECT_FALSE(sender.append(Bytes(10), true)) << "it is finished";
  EXPECT_FALSE(sender.finish({}));
}

}  // namespace
}  // namespace punktfunk::media
