// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pacing/offload_guard.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

namespace punktfunk::media {
namespace {

using Window = OffloadGuard::Window;

constexpr std::uint64_t kSent = 1000;

Window window(double loss) {
  return {kSent, 0, static_cast<std::uint64_t>(static_cast<double>(kSent) * (1 - loss)), loss};
}

// Runs the guard for `windows`; loss(offload, index) is what the path then loses. Returns the window that
// turned offload off, or -1.
int run(OffloadGuard& guard, int windows, const std::function<double(bool, int)>& loss) {
  for (int i = 0; i < windows; ++i) {
    const bool use = guard.use_offload();
    if (guard.on_window(window(loss(use, i)))) return i;
  }
  return -1;
}

TEST(OffloadGuard, NothingHappensWithoutLoss) {
  OffloadGuard guard;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(guard.on_window(window(0.015)));
    ASSERT_TRUE(guard.use_offload());
  }
}

TEST(OffloadGuard, LossThatFollowsOffloadTurnsItOff) {
  OffloadGuard guard;
  const int at = run(guard, 100, [](bool offload, int i) { return offload && i >= 20 ? 0.08 : 0.001; });
  // Two windows of suspicion, then five turns of one to settle and two to count.
  EXPECT_EQ(at, 20 + 2 + 5 * 3 - 1);
  EXPECT_TRUE(guard.is_off());
  EXPECT_FALSE(guard.use_offload());
  // For good, and said once.
  EXPECT_EQ(run(guard, 1000, [](bool, int) { return 0.3; }), -1);
  EXPECT_FALSE(guard.use_offload());
}

TEST(OffloadGuard, PathThatNeverTookOffloadIsFoundAtOnce) {
  OffloadGuard guard;
  // Nothing arrives: the client reports no loss, since it knows of no frame.
  EXPECT_FALSE(guard.on_window({kSent, 0, 0, 0}));
  EXPECT_FALSE(guard.use_offload());
  EXPECT_EQ(run(guard, 100, [](bool offload, int) { return offload ? 1 : 0; }), 2);
}

TEST(OffloadGuard, OutageIsNotBlamedOnOffload) {
  OffloadGuard guard;
  EXPECT_EQ(run(guard, 1000, [](bool, int i) { return i % 90 == 89 ? 1.0 : 0; }), -1);
  EXPECT_FALSE(guard.is_off());
}

TEST(OffloadGuard, SteadyLossIsNotBlamedAndTrialsAreRare) {
  OffloadGuard guard;
  int without = 0;
  run(guard, 1000, [&](bool offload, int) {
    without += !offload;
    return 0.1;
  });
  EXPECT_FALSE(guard.is_off());
  // Two windows of every 85: 2 to suspect, 1 to settle, 1 that does not fit, 1 to settle, 80 of rest.
  EXPECT_LE(without, 2 * (1000 / 85 + 1));
}

// Spells of loss that know nothing of offload, and chance in counting: hardly ever a conviction.
TEST(OffloadGuard, RandomSpellsHardlyEverConvict) {
  const std::uint64_t seed = 20261121;
  SCOPED_TRACE("seed 20261121");
  std::mt19937_64 random(seed);
  int convicted = 0;
  for (int session = 0; session < 500; ++session) {
    OffloadGuard guard;
    bool bad = false;
    convicted += run(guard, 2400, [&](bool, int) {  // half an hour each
                   bad = random() % (bad ? 6 : 30) == 0 ? !bad : bad;
                   std::binomial_distribution<int> lost(kSent, bad ? 0.06 : 0.002);
                   return static_cast<double>(lost(random)) / kSent;
                 }) >= 0;
  }
  EXPECT_LE(convicted, 1) << "of 500 sessions of half an hour, a sixth of it in spells of 6 % loss";
}

TEST(OffloadGuard, FaultAmongChanceIsFound) {
  const std::uint64_t seed = 20261122;
  SCOPED_TRACE("seed 20261122");
  std::mt19937_64 random(seed);
  int found = 0;
  for (int session = 0; session < 200; ++session) {
    OffloadGuard guard;
    found += run(guard, 200, [&](bool offload, int) {
               std::binomial_distribution<int> lost(kSent, offload ? 0.06 : 0.003);
               return static_cast<double>(lost(random)) / kSent;
             }) >= 0;
  }
  EXPECT_GE(found, 195) << "of 200 sessions within 150 s";
}

TEST(OffloadGuard, RefusalsOfThisMachineCountAsLoss) {
  OffloadGuard guard;
  int at = -1;
  for (int i = 0; i < 100 && at < 0; ++i) {
    // A tenth of what is sent with offload meets ENOBUFS; what leaves arrives.
    const std::uint64_t dropped = guard.use_offload() ? 100 : 0;
    if (guard.on_window({kSent, dropped, kSent - dropped, 0})) at = i;
  }
  EXPECT_EQ(at, 2 + 5 * 3 - 1);
}

TEST(OffloadGuard, IdleWindowsSayNothing) {
  OffloadGuard guard;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(guard.on_window({OffloadGuard::kMinSent - 1, 0, 0, 1}));
  EXPECT_TRUE(guard.use_offload());
  EXPECT_FALSE(guard.on_window({0, 0, 0, 0}));
}

TEST(OffloadGuard, AcquittalAtEveryTurn) {
  // The loss of each turn; the last of each sequence does not fit.
  const std::vector<std::vector<double>> sequences = {{0.1, 0.03},
                                                      {0.1, 0.0, 0.01},
                                                      {0.1, 0.0, 0.1, 0.03},
                                                      {0.1, 0.0, 0.1, 0.0, 0.0},
                                                      {0.1, 0, 0.1, 0, 0.1, 0.03}};
  for (const auto& losses : sequences) {
    SCOPED_TRACE(losses.size());
    OffloadGuard guard;
    const int windows = 2 + 3 * static_cast<int>(losses.size() - 1);
    EXPECT_EQ(run(guard, windows,
                  [&](bool, int i) { return losses[i < 2 ? 0 : 1 + static_cast<std::size_t>(i - 2) / 3]; }),
              -1);
    EXPECT_FALSE(guard.is_off());
    EXPECT_TRUE(guard.use_offload());
    // And it rests: nothing is tried for a minute.
    for (int i = 0; i < OffloadGuard::kWindowsOfRest; ++i) {
      EXPECT_FALSE(guard.on_window(window(0.1)));
      ASSERT_TRUE(guard.use_offload());
    }
  }
}

}  // namespace
}  // namespace punktfunk::media
