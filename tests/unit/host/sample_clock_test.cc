// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/capture/sample_clock.h"

#include <gtest/gtest.h>

namespace punktfunk::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

TEST(SampleClock, FirstSampleIsDueAtOnce) { EXPECT_EQ(SampleClock(60'000).next(kStart), kStart); }

TEST(SampleClock, DoesNotDriftInAnHour) {
  for (const std::uint32_t rate : {60'000u, 59'940u, 90'000u, 144'000u, 239'760u}) {
    SampleClock clock(rate);
    clock.sampled(kStart);
    const std::uint64_t frames = std::uint64_t{rate} * 3600 / 1000;
    TimePoint now = kStart;
    for (std::uint64_t i = 0; i < frames; ++i) {
      now = clock.next(now) + milliseconds(1);  // each picture comes a little after its instant
      clock.sampled(now);
    }
    EXPECT_NEAR(to_seconds(now - kStart), 3600.0, 0.0021) << rate;
  }
}

TEST(SampleClock, ALateSampleIsMadeUpFor) {
  SampleClock clock(100'000);
  clock.sampled(kStart);
  clock.sampled(kStart + milliseconds(19));  // due at 10
  EXPECT_EQ(clock.next(kStart + milliseconds(19)), kStart + milliseconds(20));
}

TEST(SampleClock, AfterAPauseTheNextIsAWholeIntervalAway) {
  SampleClock clock(100'000);
  clock.sampled(kStart);
  const TimePoint change = kStart + milliseconds(12'345) + Duration(678);
  clock.sampled(change);
  EXPECT_EQ(clock.next(change), change + milliseconds(10));
}

}  // namespace
}  // namespace punktfunk::host
