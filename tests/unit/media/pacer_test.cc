// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pacing/pacer.h"

#include <gtest/gtest.h>

#include <random>

namespace punktfunk::media {
namespace {

constexpr std::size_t kDatagram = 1454;
const TimePoint kStart(std::chrono::seconds(1));

PacerConfig at_60(std::uint64_t kbps) {
  PacerConfig config;
  config.stream_rate = BitRate::from_kbps(kbps);
  config.frame_interval = std::chrono::nanoseconds(16'666'667);
  return config;
}

TEST(Pacer, SmallFrameLeavesAtOnce) {
  Pacer pacer(at_60(20'000));
  pacer.begin_frame(12, kDatagram, kStart);
  const auto step = pacer.next();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->count, 12u);
  EXPECT_EQ(step->not_before, kStart);
  EXPECT_FALSE(pacer.next());
}

TEST(Pacer, LargeFrameIsSpreadOverItsShareOfTheInterval) {
  Pacer pacer(at_60(20'000));
  const std::size_t datagrams = 300;  // 436 kB, ten times the average frame: a keyframe
  pacer.begin_frame(datagrams, kDatagram, kStart);
  std::size_t sent = 0;
  TimePoint last = kStart;
  while (const auto step = pacer.next()) {
    EXPECT_GE(step->not_before, last);
    EXPECT_LE(step->count, 16u);
    EXPECT_LE(step->count * kDatagram, 24u * 1024);
    last = step->not_before;
    sent += step->count;
    // Never more than one burst ahead of a steady line over the share.
    const double share_ns = 16'666'667 * 0.75;
    const double line = static_cast<double>((last - kStart).count()) / share_ns * datagrams;
    EXPECT_LE(static_cast<double>(sent), line + 2 * 16 + 1);
  }
  EXPECT_EQ(sent, datagrams);
  EXPECT_LE(last - kStart, Duration(12'500'100));
  EXPECT_GE(last - kStart, Duration(11'000'000));
}

TEST(Pacer, MediumFrameLeavesAtTheMultipleOfTheStreamRate) {
  Pacer pacer(at_60(20'000));  // · 2.5 = 6.25 bytes per µs
  pacer.begin_frame(32, kDatagram, kStart);
  const auto first = pacer.next();
  const auto second = pacer.next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->not_before, kStart);
  EXPECT_NEAR(static_cast<double>((second->not_before - kStart).count()), 16 * 1454 / 6.25e-3, 1000);
}

TEST(Pacer, UnlimitedRateWaitsForNothing) {
  Pacer pacer(at_60(0));
  pacer.begin_frame(1000, kDatagram, kStart);
  std::size_t sent = 0;
  while (const auto step = pacer.next()) {
    EXPECT_EQ(step->not_before, kStart);
    EXPECT_LE(step->count, 16u);
    sent += step->count;
  }
  EXPECT_EQ(sent, 1000u);
}

// Over any stretch of time no more leaves than the bucket and the rate allow, and the queue does not build
// up.
TEST(Pacer, StreamOfRandomFrames) {
  const std::uint64_t seed = 9;
  SCOPED_TRACE("seed 9");
  std::mt19937_64 random(seed);
  Pacer pacer(at_60(20'000));
  TimePoint now = kStart;
  TimePoint last = kStart;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t datagrams = random() % 20 == 0 ? 100 + random() % 400 : 1 + random() % 60;
    pacer.begin_frame(datagrams, kDatagram, now);
    std::size_t sent = 0;
    while (const auto step = pacer.next()) {
      ASSERT_GE(step->not_before, last);
      ASSERT_GE(step->count, 1u);
      last = step->not_before;
      sent += step->count;
    }
    ASSERT_EQ(sent, datagrams);
    ASSERT_LT(last - now, Duration(16'666'667)) << "frame " << i;
    now += Duration(16'666'667);
  }
}

TEST(Pacer, NoDatagramsNoSteps) {
  Pacer pacer(at_60(20'000));
  pacer.begin_frame(0, kDatagram, kStart);
  EXPECT_FALSE(pacer.next());
}

}  // namespace
}  // namespace punktfunk::media
