// SPDX-License-Identifier: MIT OR Apache-2.0
// When a host that encodes too slowly lowers its rate, and when it gives it back: in virtual time.
#include "core/session/cadence_watch.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/session/bitrate_grant.h"

namespace punktfunk::media {
namespace {

using namespace std::chrono_literals;

constexpr BitRate mbps(std::uint64_t value) { return BitRate::from_kbps(value * 1000); }
constexpr Duration kInterval = 16'666'667ns;
constexpr BitRate kAsked = mbps(10);

// A host that does as it is told: 60 pictures a second, or as many as the encoder manages.
struct Host {
  // `took`: of the picture with this number.
  template <class F>
  void run_each(Duration time, F took, Duration pause = {}) {
    for (const TimePoint end = now + time; now < end; ++picture) {
      const Duration work = took(picture);
      watch.on_frame(work, kInterval, in_force, now + work);
      now += std::max(work, kInterval) + pause;
      const BitRate wanted = std::min(kAsked, watch.ceiling().value_or(kAsked));
      if (wanted != in_force) steps.push_back({now, in_force = wanted});
    }
  }
  void run(Duration time, Duration took, Duration pause = {}) {
    run_each(
        time, [took](int) { return took; }, pause);
  }
  struct Step {
    TimePoint at;
    BitRate to;
  };
  CadenceWatch watch;
  TimePoint now{1000s};
  int picture = 0;
  BitRate in_force = kAsked;
  std::vector<Step> steps;
};

TEST(CadenceWatch, AHostThatKeepsUpIsLeftAlone) {
  Host host;
  host.run(1min, 5ms);
  host.run(1min, 14ms);
  host.run_each(1min,
                [](int i) { return i % 10 == 0 ? 40ms : 10ms; });  // the desktop takes the cores now and then
  EXPECT_FALSE(host.watch.ceiling());
}

TEST(CadenceWatch, ASlowEncoderIsGivenFewerBitsOneStepAWindowDownToAQuarter) {
  Host host;
  host.run(1min, 20ms);
  ASSERT_EQ(host.steps.size(), 7u);
  EXPECT_EQ(host.steps[0].to, mbps(8));
  EXPECT_EQ(host.steps[1].to, BitRate::from_kbps(6'400));
  EXPECT_EQ(host.steps.back().to, BitRate::from_kbps(2'500)) << "and no further";
  for (std::size_t i = 1; i < host.steps.size(); ++i)
    EXPECT_GE(host.steps[i].at - host.steps[i - 1].at, CadenceWatch::kWindow);
}

TEST(CadenceWatch, ItNeverGoesBelowTheLowestRate) {
  Host host;
  host.in_force = BitRate::from_kbps(600);
  for (int i = 0; i < 1000; ++i)
    host.watch.on_frame(20ms, kInterval, BitRate::from_kbps(600), host.now += 20ms);
  EXPECT_EQ(host.watch.ceiling(), kLowestBudget);
  CadenceWatch lowest;
  for (int i = 0; i < 1000; ++i) lowest.on_frame(20ms, kInterval, kLowestBudget, host.now += 20ms);
  EXPECT_FALSE(lowest.ceiling());
}

TEST(CadenceWatch, HalfTheRefreshRateFromACapturerThatWaitsForItIsTooSlow) {
  Host host;
  host.run(5s, 18ms, 2 * kInterval - 18ms);
  EXPECT_TRUE(host.watch.ceiling());
}

// It is slow only while there is much to code.
TEST(CadenceWatch, ItSettlesWhereTheEncoderKeepsUp) {
  Host host;
  host.run_each(5min, [&](int) { return host.in_force > mbps(6) ? 17ms : 13ms; });
  EXPECT_EQ(host.in_force, BitRate::from_kbps(5'120));
  EXPECT_EQ(host.steps.size(), 3u) << "and stays there";
}

TEST(CadenceWatch, TheRateComesBackStepByStepUntilTheCeilingIsGone) {
  Host host;
  host.run(6500ms, 20ms);
  ASSERT_EQ(host.steps.size(), 3u);
  host.steps.clear();
  host.run(2min, 8ms);
  EXPECT_FALSE(host.watch.ceiling());
  ASSERT_EQ(host.steps.size(), 3u);
  EXPECT_EQ(host.steps[0].to, BitRate::from_kbps(6'400));
  EXPECT_EQ(host.steps.back().to, kAsked);
  for (std::size_t i = 1; i < host.steps.size(); ++i)
    EXPECT_GE(host.steps[i].at - host.steps[i - 1].at, CadenceWatch::kEasyWindows * CadenceWatch::kWindow);
}

// Repeats never come here; new pictures are rare.
TEST(CadenceWatch, AnIdleDesktopSaysNothing) {
  Host host;
  host.run(10min, 30ms, 500ms);
  EXPECT_FALSE(host.watch.ceiling()) << "slow, but none was left out";
  host.run(3s, 20ms);
  ASSERT_TRUE(host.watch.ceiling());
  const auto ceiling = host.watch.ceiling();
  host.run(10min, 5ms, 500ms);
  EXPECT_EQ(host.watch.ceiling(), ceiling) << "quick, but a moving desktop may not be";
}

TEST(CadenceWatch, AMachineThatWasStoppedIsNotSlow) {
  Host host;
  host.run_each(1min, [](int i) { return i % 500 == 499 ? Duration(3s) : Duration(8ms); });
  EXPECT_FALSE(host.watch.ceiling());
  for (int i = 0; i < 100; ++i) host.run(100ms, 8ms), host.now += 1h;
  EXPECT_FALSE(host.watch.ceiling());
}

TEST(BitrateGrant, AnAskAboveWhatTheHostManagesIsAnsweredWithThat) {
  const BitrateBounds bounds{.most = mbps(50), .cadence = mbps(8)};
  const auto cut = grant_bitrate(60'000, mbps(8), bounds);
  EXPECT_EQ(cut.bitrate_kbps, 8'000u);
  EXPECT_EQ(cut.reason, wire::BitrateReason::cadence);
  const auto granted = grant_bitrate(8'000, mbps(8), bounds);
  EXPECT_EQ(granted.bitrate_kbps, 8'000u);
  EXPECT_EQ(granted.reason, wire::BitrateReason::granted);
}

}  // namespace
}  // namespace punktfunk::media
