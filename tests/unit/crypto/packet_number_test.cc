// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/crypto/packet_number.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "seed.h"
#include "vectors.h"

namespace punktfunk::crypto {
namespace {

using test::number_of;

TEST(PacketNumber, ExpandVectors) {
  for (const auto& vector : test::vectors_named("media/expand_seq/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    EXPECT_EQ(expand_packet_number(number_of(inputs["reference"]),
                                   static_cast<std::uint32_t>(number_of(inputs["low"]))),
              number_of(vector["expected"]["seq"]));
  }
}

TEST(PacketNumber, PlausibleVectors) {
  for (const auto& vector : test::vectors_named("media/plausible/")) {
    SCOPED_TRACE(test::name_of(vector));
    const auto& inputs = vector["inputs"];
    EXPECT_EQ(is_plausible(number_of(inputs["seq"]), number_of(inputs["reference"])),
              vector["expected"]["tried"].get<bool>());
  }
}

TEST(PacketNumber, ExpandsAnyNumberWithinHalfTheSpace) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t reference = (random() >> (random() % 40)) / 2;
    const std::uint64_t distance = random() % 0x80000000u;
    const std::uint64_t number =
        random() % 2 == 0 || distance > reference ? reference + distance : reference - distance;
    EXPECT_EQ(expand_packet_number(reference, static_cast<std::uint32_t>(number)), number) << reference;
  }
}

TEST(PacketNumber, NearTheEndOfTheSpaceNothingOverflows) {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  EXPECT_FALSE(is_plausible(0, kMax));
  EXPECT_TRUE(is_plausible(kMax, kMax - 1));
}

TEST(ReplayWindow, Vectors) {
  for (const auto& vector : test::vectors_named("media/replay/")) {
    SCOPED_TRACE(test::name_of(vector));
    ReplayWindow window;
    std::vector<bool> accepted;
    for (const auto& entry : vector["inputs"]["opened_in_order"]) {
      const std::uint64_t number = number_of(entry);
      accepted.push_back(window.is_fresh(number));
      if (accepted.back()) window.accept(number);
    }
    EXPECT_EQ(accepted, vector["expected"]["accepted"].get<std::vector<bool>>());
  }
}

TEST(ReplayWindow, NumberZeroIsAcceptedOnce) {
  ReplayWindow window;
  EXPECT_TRUE(window.is_fresh(0));
  window.accept(0);
  EXPECT_FALSE(window.is_fresh(0));
  EXPECT_EQ(window.highest(), 0u);
}

TEST(ReplayWindow, ZeroStaysFreshAfterALaterOne) {
  ReplayWindow window;
  window.accept(5);
  EXPECT_TRUE(window.is_fresh(0));
  EXPECT_TRUE(window.is_fresh(4));
  EXPECT_FALSE(window.is_fresh(5));
}

// Exactly one window ahead: the place of the old number is reused and must not look taken.
TEST(ReplayWindow, JumpsOfAboutOneWindow) {
  for (const std::uint64_t jump : {kReplayWindow - 1, kReplayWindow, kReplayWindow + 1, 5 * kReplayWindow}) {
    SCOPED_TRACE(jump);
    ReplayWindow window;
    window.accept(10);
    EXPECT_TRUE(window.is_fresh(10 + jump));
    window.accept(10 + jump);
    EXPECT_FALSE(window.is_fresh(10 + jump));
    EXPECT_FALSE(window.is_fresh(10));  // seen, or too old
    EXPECT_TRUE(window.is_fresh(10 + jump - 1));
    EXPECT_TRUE(window.is_fresh(10 + jump - kReplayWindow + 1) || jump == kReplayWindow - 1);
    EXPECT_FALSE(window.is_fresh(10 + jump - kReplayWindow));
  }
}

TEST(ReplayWindow, AgreesWithASet) {
  const std::uint64_t seed = test::new_seed();
  std::mt19937_64 random(seed);
  ReplayWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  for (int i = 0; i < 200000; ++i) {
    // Mostly near the front, sometimes about a window back, seldom far ahead.
    std::uint64_t number = highest + random() % 50;
    const std::uint64_t kind = random() % 100;
    const std::uint64_t back = kind < 40   ? random() % 100
                               : kind < 60 ? kReplayWindow - 50 + random() % 100
                                           : 0;
    number = number >= back ? number - back : number;
    if (kind == 99) number = highest + random() % (2 * kReplayWindow);
    const bool expected = !seen.contains(number) && (number > highest || highest - number < kReplayWindow);
    ASSERT_EQ(window.is_fresh(number), expected) << number << " highest " << highest;
    if (!expected) continue;
    window.accept(number);
    seen.insert(number);
    highest = std::max(highest, number);
    ASSERT_EQ(window.highest(), highest);
  }
}

}  // namespace
}  // namespace punktfunk::crypto
