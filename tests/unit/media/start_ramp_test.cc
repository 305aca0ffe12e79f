// SPDX-License-Identifier: MIT OR Apache-2.0
// The start-up ramp: which steps it asks for, and what it makes of their figures.
#include "core/session/start_ramp.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/session/bandwidth_probe.h"
#include "core/session/rate_control.h"

namespace punktfunk::media {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1000s};
constexpr BitRate kbps(std::uint64_t value) { return BitRate::from_kbps(value); }

// What a step comes to on a link of `link` kbit/s with `video` beside it.
ProbeFigures figures_of(const wire::ProbeRequest& step, std::uint64_t link, std::uint64_t video = 0) {
  ProbeFigures figures;
  figures.asked = step;
  figures.packets_sent = figures.packets_received = 100;
  const std::uint64_t offered = step.target_kbps + video;
  const std::uint64_t carried = std::min(offered, link);
  figures.sent = kbps(step.target_kbps);
  figures.received = kbps(step.target_kbps * carried / offered);
  figures.all_received = kbps(carried);
  if (offered > link) figures.delay_growth = Duration(50ms) * (offered - link) / link;
  return figures;
}

// The targets asked for, to the end.
std::vector<std::uint32_t> climb(StartRamp& ramp, std::uint64_t link, std::uint64_t video = 0) {
  std::vector<std::uint32_t> targets;
  while (const auto step = ramp.next(kBegin)) {
    EXPECT_LE(step->duration_ms, ProbeGate::kMaxStepMs);
    targets.push_back(step->target_kbps);
    ramp.on_step(figures_of(*step, link, video));
    if (targets.size() > 20) break;
  }
  return targets;
}

TEST(StartRamp, DoublesUpToTheRateWhereTheLinkFollows) {
  StartRamp ramp(kbps(20'000));
  EXPECT_EQ(climb(ramp, 100'000), (std::vector<std::uint32_t>{5'000, 10'000, 20'000}));
  EXPECT_EQ(ramp.proven(), kbps(20'000));
  EXPECT_FALSE(ramp.link());
  EXPECT_FALSE(ramp.next(kBegin));

  StartRamp beside_video(kbps(20'000));
  (void)climb(beside_video, 100'000, 18'000);
  EXPECT_EQ(beside_video.proven(), kbps(38'000));
}

TEST(StartRamp, SmallRatesAreTriedAtOnce) {
  StartRamp ramp(kbps(1'500));
  EXPECT_EQ(climb(ramp, 100'000), (std::vector<std::uint32_t>{1'500}));
  StartRamp other(kbps(3'000));
  EXPECT_EQ(climb(other, 100'000), (std::vector<std::uint32_t>{2'000, 3'000}));
}

TEST(StartRamp, AStepTooMuchIsRepeatedOnceAndGivesTheLink) {
  StartRamp ramp(kbps(20'000));
  EXPECT_EQ(climb(ramp, 6'000), (std::vector<std::uint32_t>{5'000, 10'000, 10'000}));
  EXPECT_EQ(ramp.link(), kbps(6'000));
  EXPECT_EQ(ramp.proven(), kbps(5'000));
}

TEST(StartRamp, OneBadStepIsNoVerdict) {
  StartRamp ramp(kbps(20'000));
  auto step = ramp.next(kBegin);
  ASSERT_TRUE(step);
  ramp.on_step(figures_of(*step, 1'000));
  step = ramp.next(kBegin);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->target_kbps, 5'000u);
  ramp.on_step(figures_of(*step, 100'000));
  EXPECT_EQ(climb(ramp, 100'000), (std::vector<std::uint32_t>{10'000, 20'000}));
  EXPECT_FALSE(ramp.link());
  EXPECT_EQ(ramp.proven(), kbps(20'000));
}

TEST(StartRamp, LossAloneEndsItWithoutAVerdictAndHalfGoneIsOne) {
  for (const double loss : {0.1, 0.6}) {
    StartRamp ramp(kbps(20'000));
    int steps = 0;
    for (; const auto step = ramp.next(kBegin); ++steps) {
      ProbeFigures figures = figures_of(*step, 100'000);
      figures.loss = loss;
      figures.all_received = kbps(2'000);
      ramp.on_step(figures);
    }
    EXPECT_EQ(steps, 2);
    EXPECT_EQ(ramp.link().has_value(), loss > 0.5);
    EXPECT_EQ(ramp.proven(), BitRate{});
  }
}

TEST(StartRamp, EndsWithoutAnAnswerOrWhereTheHostIsTheLimit) {
  for (int what = 0; what < 4; ++what) {
    StartRamp ramp(kbps(20'000));
    const auto step = ramp.next(kBegin);
    ASSERT_TRUE(step);
    ProbeFigures figures = figures_of(*step, 1'000);
    if (what == 0) figures.outcome = ProbeFigures::Outcome::unanswered;
    if (what == 1) figures.outcome = ProbeFigures::Outcome::declined;
    if (what == 2) figures.send_dropped = 1;
    if (what == 3) figures.packets_received = 1;
    ramp.on_step(figures);
    EXPECT_FALSE(ramp.next(kBegin)) << what;
    EXPECT_FALSE(ramp.link()) << what;
  }
}

TEST(StartRamp, EndsSoonAfterTheFirstFrame) {
  StartRamp ramp(kbps(20'000));
  EXPECT_TRUE(ramp.next(kBegin + 10s)) << "pictures may be long in coming";
  ramp.on_frame(kBegin + 10s);
  ramp.on_frame(kBegin + 11s);
  EXPECT_TRUE(ramp.next(kBegin + 10s + StartRamp::kAfterFirstFrame - 1ms));
  EXPECT_FALSE(ramp.next(kBegin + 10s + StartRamp::kAfterFirstFrame));
  EXPECT_LT(StartRamp::kAfterFirstFrame, ProbeGate::kRampGrace);
}

TEST(StartRamp, AHostThatIsNeverReadyIsAskedABoundedNumberOfTimes) {
  StartRamp ramp(kbps(20'000));
  int steps = 0;
  while (ramp.next(kBegin) && steps < 100) ++steps;
  EXPECT_EQ(steps, StartRamp::kMostSteps);
}

class RampAndControl : public testing::Test {
 protected:
  RateControl control{{kbps(20'000), kbps(20'000), kbps(500), 16ms}, kBegin};
  MediaReceiver::Stats stats;
};

TEST_F(RampAndControl, ANarrowLinkIsAskedForAtOnce) {
  control.on_found_narrow(kbps(6'000), kBegin + 60ms);
  const auto asked = control.update(stats, kBegin + 60ms);
  ASSERT_TRUE(asked);
  EXPECT_EQ(*asked, kbps(5'100));
  EXPECT_EQ(control.cause(), RateControl::Cause::delay);
  EXPECT_EQ(control.link_kbps(), 6'000u);
  // A wider one does not undo what was found meanwhile.
  control.on_found_narrow(kbps(9'000), kBegin + 70ms);
  EXPECT_EQ(control.rate(), kbps(5'100));
}

TEST_F(RampAndControl, AWideLinkGivesBackWhatAFirstQueueTookAndNoMore) {
  control.on_found_narrow(kbps(6'000), kBegin + 60ms);
  (void)control.update(stats, kBegin + 60ms);
  control.on_proven(kbps(15'000), kBegin + 80ms);
  EXPECT_EQ(control.update(stats, kBegin + 80ms), kbps(15'000));
  EXPECT_FALSE(control.link_kbps());
  control.on_proven(kbps(38'000), kBegin + 90ms);
  EXPECT_EQ(control.rate(), kbps(20'000)) << "more than the pictures deserve helps nobody";
  control.on_proven(kbps(1'000), kBegin + 95ms);
  EXPECT_EQ(control.rate(), kbps(20'000)) << "not proven is not disproven";
}

TEST_F(RampAndControl, ARateThatTheHostPinnedStays) {
  wire::BitrateChanged pinned;
  pinned.bitrate_kbps = 20'000;
  pinned.reason = wire::BitrateReason::pinned;
  control.on_bitrate_changed(pinned, kBegin);
  control.on_found_narrow(kbps(6'000), kBegin + 60ms);
  EXPECT_FALSE(control.update(stats, kBegin + 60ms));
  EXPECT_EQ(control.rate(), kbps(20'000));
}

}  // namespace
}  // namespace punktfunk::media
