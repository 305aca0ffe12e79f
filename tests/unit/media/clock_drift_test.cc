// SPDX-License-Identifier: MIT OR Apache-2.0
// Half an hour with clocks that run apart, over a path that gets longer in the middle: how far the estimate
// of the host's clock is off, in virtual time.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <deque>
#include <random>

#include "core/session/clock_sync.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Real time is the client's. The host's clock is ahead and runs faster by `ppm`.
struct Apart {
  double ppm = 0;
  std::uint64_t host_ns(TimePoint at) const {
    const double since = static_cast<double>((at - at_ms(0)).count());
    return ClockSync::client_ns(at) + 3'600'000'000'000ULL +
           static_cast<std::uint64_t>(static_cast<std::int64_t>(since * ppm / 1e6));
  }
};

struct Echo {
  TimePoint at;
  std::uint64_t t1 = 0, t2 = 0;
};

// The largest errors in ms: before the change, in the five minutes after it, and later.
struct Errors {
  double before = 0, after = 0, later = 0;
};

Errors run(double ppm, std::mt19937_64& random) {
  constexpr auto kChange = minutes(15);
  const Apart clocks{ppm};
  ClockSync sync(at_ms(0));
  std::deque<Echo> echoes;
  Errors errors;
  for (TimePoint now = at_ms(0); now < at_ms(0) + minutes(30); now += milliseconds(1)) {
    const Duration least = now < at_ms(0) + kChange ? milliseconds(4) : milliseconds(20);  // one way
    const auto way = [&] { return least + microseconds(random() % 2000); };
    while (const auto t1 = sync.next_probe(now)) {
      const TimePoint there = now + way();
      echoes.push_back({there + way(), *t1, clocks.host_ns(there)});
    }
    while (!echoes.empty() && echoes.front().at <= now) {
      sync.on_echo(echoes.front().t1, echoes.front().t2, echoes.front().t2, echoes.front().at);
      echoes.pop_front();
    }
    const auto host = sync.host_ns(now);
    if (!host) continue;
    const auto exact = static_cast<std::int64_t>(clocks.host_ns(now));
    const double error = std::abs(static_cast<double>(*host - exact)) / 1e6;
    double& worst = now < at_ms(0) + kChange                ? errors.before
                    : now < at_ms(0) + kChange + minutes(5) ? errors.after
                                                            : errors.later;
    worst = std::max(worst, error);
  }
  return errors;
}

TEST(ClockDrift, EstimateFollowsClocksThatRunApart) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const double ppm : {-200.0, 0.0, 50.0, 200.0}) {
    const Errors errors = run(ppm, random);
    std::printf("%6.0f ppm: %5.1f ms off, %5.1f after the path changed, then %5.1f\n", ppm, errors.before,
                errors.after, errors.later);
    // A minute's drift from one batch to the next, and half of what the two ways may differ.
    const double minute = std::abs(ppm) * 60 / 1000;
    EXPECT_LE(errors.before, minute + 1.5) << ppm;
    // The longer round trip is refused three times before it is believed (section 20).
    EXPECT_LE(errors.after, 4 * minute + 2.5) << ppm;
    EXPECT_LE(errors.later, minute + 1.5) << ppm;
  }
}

}  // namespace
}  // namespace punktfunk::media
