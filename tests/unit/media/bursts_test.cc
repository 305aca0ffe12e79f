// SPDX-License-Identifier: MIT OR Apache-2.0
// However a frame is asked for (at once, run by run, in one lane or two), the same bytes leave.
#include <gtest/gtest.h>

#include <limits>

#include "base/worker_lane.h"
#include "core/crypto/media_aead.h"
#include "media_pair.h"

namespace punktfunk::media {
namespace {

// Both pieces on the caller's thread, in the order that a second thread could bring about as well.
class BackwardLanes final : public Lanes {
 public:
  void run_both(FunctionRef<void()> here, FunctionRef<void()> there) override {
    ++calls;
    there();
    here();
  }
  int calls = 0;
};

MediaParams random_params(std::mt19937_64& random) {
  MediaParams params;
  params.scheme = random() % 4 == 0 ? fec::Scheme::gf8 : fec::Scheme::gf16;
  const std::array<std::uint32_t, 6> sizes{1, 3, 16, 50, 200, 4096};
  params.max_data_per_block = sizes[random() % sizes.size()];
  if (params.scheme == fec::Scheme::gf8)
    params.max_data_per_block = std::min(params.max_data_per_block, 200u);
  params.shard_payload = static_cast<std::uint16_t>(512 + 2 * (random() % 500));
  params.fec_percent = static_cast<std::uint8_t>(random() % 51);
  return params;
}

MediaSender::FrameInfo random_info(std::mt19937_64& random) {
  MediaSender::FrameInfo info;
  info.pts_us = static_cast<std::uint32_t>(random());
  info.epoch = static_cast<std::uint8_t>(random());
  info.flags = random() % 2 == 0 ? wire::kFlagKeyframe : wire::kFlagRepeat;
  info.parity_percent = static_cast<std::uint8_t>(random() % 60);
  return info;
}

// Sizes at and around the shard boundary are the interesting ones.
std::size_t random_size(std::mt19937_64& random, std::size_t shard_bytes, std::size_t most) {
  const std::size_t size = random() % (most + 1);
  return random() % 3 == 0 ? size / shard_bytes * shard_bytes : size;
}

Bytes run_by_run(std::mt19937_64& random, MediaSender& sender, std::size_t most) {
  Bytes all;
  while (const std::size_t ready = sender.datagrams_ready()) {
    const std::size_t asked = 1 + random() % most;
    const MutableBytes run = sender.seal_next(asked);
    EXPECT_EQ(run.size(), std::min(asked, ready) * sender.datagram_bytes());
    EXPECT_EQ(sender.datagrams_ready(), ready - std::min(asked, ready));
    append(all, run);
  }
  return all;
}

TEST(Bursts, AnySequenceOfRunsIsTheWholeFrame) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const MediaParams params = random_params(random);
    MediaSender whole(test_secret(), params);
    MediaSender parts(test_secret(), params);
    for (int frame = 0; frame < 8; ++frame) {
      const Bytes au = random_bytes(random, random_size(random, params.shard_payload, 150'000));
      const MediaSender::FrameInfo info = random_info(random);
      const MutableBytes expected = whole.seal_frame(au, info);
      ASSERT_TRUE(parts.begin_frame(au, info));
      const std::array<std::size_t, 4> mosts{1, 7, 45, 1000};
      ASSERT_TRUE(std::ranges::equal(expected, run_by_run(random, parts, mosts[random() % mosts.size()])));
    }
    EXPECT_EQ(whole.packets_sealed(), parts.packets_sealed());
  }
}

TEST(Bursts, ARunNeedsNoMoreThanItsOwnPartOfTheAccessUnit) {
  std::mt19937_64 random(50);
  MediaParams params;
  Bytes au = random_bytes(random, 100 * std::size_t{params.shard_payload});
  MediaSender whole(test_secret(), params);
  const MutableBytes expected = whole.seal_frame(au, {});
  MediaSender parts(test_secret(), params);
  ASSERT_TRUE(parts.begin_frame(au, {}));
  // Data that is out does not change any more when the access unit does.
  const MutableBytes first = parts.seal_next(10);
  EXPECT_TRUE(std::ranges::equal(first, expected.first(first.size())));
  const Bytes kept = au;
  std::fill(au.begin() + 20 * params.shard_payload, au.end(), std::uint8_t{0});
  const MutableBytes second = parts.seal_next(10);
  EXPECT_TRUE(std::ranges::equal(second, expected.subspan(first.size(), second.size())));
  au = kept;
  const std::size_t rest = parts.datagrams_ready();
  EXPECT_TRUE(std::ranges::equal(parts.seal_next(rest), expected.last(rest * parts.datagram_bytes())));
}

TEST(Bursts, AFrameBegunAnewForgetsTheOneBefore) {
  const Bytes first(50'000, 1), second(3'000, 2);
  MediaSender sender(test_secret(), {});
  MediaReceiver receiver(test_secret(), {}, 0);
  const auto receive_ready = [&](std::size_t most) {
    const MutableBytes run = sender.seal_next(most);
    for (std::size_t at = 0; at < run.size(); at += sender.datagram_bytes())
      receiver.receive(run.subspan(at, sender.datagram_bytes()), at_ms(0));
  };
  ASSERT_TRUE(sender.begin_frame(first, {}));
  receive_ready(5);
  ASSERT_TRUE(sender.begin_frame(second, {}));
  receive_ready(sender.datagrams_ready());
  EXPECT_EQ(sender.datagrams_ready(), 0u);
  EXPECT_TRUE(sender.seal_next(1).empty());
  (void)receiver.poll_frame(at_ms(0));
  const auto frame = receiver.poll_frame(at_ms(500));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->index, 1u);
  EXPECT_EQ(frame->au, second);
  EXPECT_EQ(receiver.stats().packets_dropped(), 0u) << "no packet number is used twice";
}

// Frames of up to 6 MB: two lanes are for large ones.
void expect_same_bytes_with(Lanes& lanes, std::uint64_t first_seed) {
  std::mt19937_64 content(first_seed);
  const Bytes picture = random_bytes(content, 6'000'000);
  for (std::uint64_t seed = first_seed; seed < first_seed + 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    MediaParams params = random_params(random);
    // Half of them with blocks so large that their parity is computed in two lanes as well.
    if (seed % 2 == 0) {
      params.scheme = fec::Scheme::gf16;
      params.max_data_per_block = 6000;
      params.shard_payload = static_cast<std::uint16_t>(1200 + 2 * (random() % 100));
    }
    MediaSender one(test_secret(), params);
    MediaSender two(test_secret(), params, &lanes);
    for (int frame = 0; frame < 3; ++frame) {
      const std::size_t less = random_size(random, params.shard_payload, picture.size() / 4);
      const ByteView au = ByteView(picture).subspan(less);
      const MediaSender::FrameInfo info = random_info(random);
      const MutableBytes expected = one.seal_frame(au, info);
      ASSERT_EQ(two.begin_frame(au, info), !expected.empty());
      ASSERT_TRUE(std::ranges::equal(expected, run_by_run(random, two, frame == 0 ? 100'000 : 10'000)));
    }
  }
}

TEST(Lanes, TwoGiveTheBytesOfOne) {
  BackwardLanes lanes;
  expect_same_bytes_with(lanes, 100);
  EXPECT_GT(lanes.calls, 30) << "these frames are large enough for two lanes";
}

TEST(Lanes, TwoThreadsGiveTheBytesOfOne) {
  WorkerLane lanes("test-lane");
  expect_same_bytes_with(lanes, 200);
}

TEST(Lanes, SmallFramesStayInOne) {
  BackwardLanes lanes;
  MediaSender sender(test_secret(), {}, &lanes);
  (void)sender.seal_frame(Bytes(1'000'000, 1), {});
  EXPECT_EQ(lanes.calls, 0);
}

}  // namespace
}  // namespace punktfunk::media
