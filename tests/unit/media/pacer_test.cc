// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pacing/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

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

// The next group, asked for at `now`; afterwards `now` is when it left: as soon as it might.
std::optional<Pacer::Step> next_on_time(Pacer& pacer, TimePoint& now) {
  const auto step = pacer.next(now);
  if (step) now = std::max(now, step->not_before);
  return step;
}

TEST(Pacer, SmallFrameLeavesAtOnce) {
  Pacer pacer(at_60(20'000));
  pacer.begin_frame(12, kDatagram, kStart);
  const auto step = pacer.next(kStart);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->count, 12u);
  EXPECT_EQ(step->not_before, kStart);
  EXPECT_FALSE(pacer.next(kStart));
}

TEST(Pacer, LargeFrameIsSpreadOverItsShareOfTheInterval) {
  Pacer pacer(at_60(20'000));
  const std::size_t datagrams = 300;  // 436 kB, ten times the average frame: a keyframe
  pacer.begin_frame(datagrams, kDatagram, kStart);
  std::size_t sent = 0;
  TimePoint last = kStart;
  TimePoint now = kStart;
  while (const auto step = next_on_time(pacer, now)) {
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
  TimePoint now = kStart;
  const auto first = next_on_time(pacer, now);
  const auto second = next_on_time(pacer, now);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->not_before, kStart);
  EXPECT_NEAR(static_cast<double>((second->not_before - kStart).count()), 16 * 1454 / 6.25e-3, 1000);
}

TEST(Pacer, UnlimitedRateWaitsForNothing) {
  Pacer pacer(at_60(0));
  pacer.begin_frame(1000, kDatagram, kStart);
  std::size_t sent = 0;
  while (const auto step = pacer.next(kStart)) {
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
    TimePoint left_at = now;
    while (const auto step = next_on_time(pacer, left_at)) {
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
  EXPECT_FALSE(pacer.next(kStart));
}

// What each call returned, and the delay after it with which the group left.
struct Departure {
  Duration not_before;
  std::size_t count;
  std::uint64_t rate;
  bool operator==(const Departure&) const = default;
};

// Frames of random sizes, sent by a caller that oversleeps at random: mostly not, often by what a timer
// costs, now and then by several groups' time. Checks on the way that what leaves fits one bucket of its own.
std::vector<Departure> run_late_caller(const PacerConfig& config, std::size_t datagram_bytes, TimePoint start,
                                       std::uint64_t seed, Duration& worst_end) {
  std::mt19937_64 random(seed);
  Pacer pacer(config);
  std::vector<Departure> departures;
  const std::size_t group =
      std::clamp<std::size_t>(config.burst_bytes / datagram_bytes, 1, config.burst_datagrams);
  const double burst = static_cast<double>(group * datagram_bytes);
  double level = burst;
  TimePoint last_left = start;
  TimePoint frame_due = start;
  for (int frame = 0; frame < 300; ++frame, frame_due += config.frame_interval) {
    const std::size_t datagrams = random() % 10 == 0 ? 100 + random() % 400 : 1 + random() % 60;
    TimePoint now = std::max(frame_due, last_left);
    pacer.begin_frame(datagrams, datagram_bytes, now);
    std::size_t sent = 0;
    double rate_before = 0;
    while (const auto step = pacer.next(now)) {
      const std::uint64_t dice = random();
      const Duration late(dice % 3 == 0 ? 0 : dice % 50 == 1 ? dice / 64 % 5'000'000 : dice / 64 % 80'000);
      now = std::max(now, step->not_before) + late;
      const double rate = static_cast<double>(pacer.rate().bits_per_second) / 8e9;
      level = std::min(burst,
                       level + static_cast<double>((now - last_left).count()) * std::max(rate, rate_before));
      level -= static_cast<double>(step->count * datagram_bytes);
      // A nanosecond is rounded here and there.
      EXPECT_GE(level, -10) << "frame " << frame << " after " << sent << " datagrams";
      EXPECT_LE(static_cast<double>(step->count * datagram_bytes), burst);
      last_left = now;
      rate_before = rate;
      sent += step->count;
      departures.push_back({step->not_before - start, step->count, pacer.rate().bits_per_second});
    }
    EXPECT_EQ(sent, datagrams);
    worst_end = std::max(worst_end, now - frame_due);
    if (testing::Test::HasFailure()) break;
  }
  return departures;
}

TEST(Pacer, NeverMoreThanOneBurstHoweverLateTheCaller) {
  const std::uint64_t seed = 11;
  for (const std::size_t datagram : {std::size_t{558}, kDatagram, std::size_t{9216}, std::size_t{30'000}}) {
    for (const std::uint64_t kbps : {5'000U, 20'000U, 200'000U}) {
      SCOPED_TRACE("seed 11, " + std::to_string(datagram) + " bytes, " + std::to_string(kbps) + " kbit/s");
      PacerConfig config = at_60(kbps);
      config.floor_rate = BitRate::from_kbps(kbps == 20'000 ? 150'000 : 0);
      Duration worst_end{};
      (void)run_late_caller(config, datagram, kStart, seed, worst_end);
      // Still out in time, with frames of a size that such a stream has: some 5 ms of oversleeping once or
      // twice in a frame, and a quarter of the share.
      if (datagram > kDatagram) continue;
      EXPECT_LT(worst_end, Duration(16'666'667 + 2 * 5'000'000));
    }
  }
}

TEST(Pacer, DependsOnItsArgumentsAlone) {
  const std::uint64_t seed = 12;
  SCOPED_TRACE("seed 12");
  Duration worst_end{};
  const auto first = run_late_caller(at_60(20'000), kDatagram, kStart, seed, worst_end);
  EXPECT_GT(first.size(), 1000U);
  EXPECT_EQ(first, run_late_caller(at_60(20'000), kDatagram, kStart, seed, worst_end));
  // And on differences of time, not on when.
  EXPECT_EQ(first,
            run_late_caller(at_60(20'000), kDatagram, kStart + std::chrono::hours(1000), seed, worst_end));
}

TEST(Pacer, LatenessIsMadeUpForWithinTheFrame) {
  Pacer pacer(at_60(20'000));
  TimePoint now = kStart;
  pacer.begin_frame(300, kDatagram, now);
  std::size_t sent = 0;
  for (int i = 0; i < 4; ++i) sent += next_on_time(pacer, now)->count;
  const BitRate planned = pacer.rate();
  now += Duration(5'000'000);
  TimePoint last = now;
  while (const auto step = pacer.next(now)) {
    EXPECT_GT(step->not_before, last) << "two groups at once";
    now = last = step->not_before;
    sent += step->count;
  }
  EXPECT_EQ(sent, 300U);
  EXPECT_GT(pacer.rate(), planned);
  EXPECT_LE(last - kStart, Duration(12'500'100));
}

}  // namespace
}  // namespace punktfunk::media
