// SPDX-License-Identifier: MIT OR Apache-2.0
// When a silent source is taken for a broken one, and how often a broken one is rebuilt: in virtual time.
#include <gtest/gtest.h>

#include "core/wire/close_code.h"
#include "host/session/host_session.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;
using Verdict = SourceWatch::Verdict;

constexpr TimePoint kStart{1000s};

// Looks every tenth of a second, as a session does.
class Watched {
 public:
  // The first verdict other than fine within `time`; fine if there was none.
  Verdict wait(Duration time) {
    for (const TimePoint end = now + time; now < end;) {
      now += 100ms;
      if (moves) ++captured;
      const Verdict verdict = watch.update(captured, encoding_since, now);
      if (verdict != Verdict::fine) return verdict;
    }
    return Verdict::fine;
  }
  void picture() { ++captured; }

  TimePoint now = kStart;
  SourceWatch watch{kStart};
  std::uint64_t captured = 0;
  std::optional<TimePoint> encoding_since;
  bool moves = false;
};

TEST(SourceWatch, AMovingDesktopIsNeverPoked) {
  Watched source;
  source.moves = true;
  EXPECT_EQ(source.wait(1h), Verdict::fine);
}

TEST(SourceWatch, AnIdleDesktopThatAnswersIsNeverTakenForOneThatHangs) {
  Watched source;
  source.picture();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(source.wait(1min), Verdict::poke);
    ASSERT_EQ(source.wait(SourceWatch::kAnswer - 200ms), Verdict::fine) << "a slow answer is one";
    source.picture();
  }
}

TEST(SourceWatch, ASourceThatLeavesAPokeUnansweredStalls) {
  Watched source;
  source.picture();
  ASSERT_EQ(source.wait(SourceWatch::kQuiet + 200ms), Verdict::poke);
  const TimePoint poked = source.now;
  EXPECT_EQ(source.wait(1min), Verdict::stalled);
  EXPECT_LE(source.now - poked, SourceWatch::kAnswer + 100ms);
}

TEST(SourceWatch, AfterInputSilenceIsLookedIntoSooner) {
  Watched source;
  source.picture();
  ASSERT_EQ(source.wait(500ms), Verdict::fine);
  source.watch.on_input(source.now);
  ASSERT_EQ(source.wait(400ms), Verdict::poke);
  source.picture();  // input that moved nothing is no fault
  EXPECT_EQ(source.wait(1s), Verdict::fine);
  source.watch.on_input(source.now);
  source.moves = true;  // and input that moves something is no reason to poke
  EXPECT_EQ(source.wait(1min), Verdict::fine);
}

TEST(SourceWatch, TheFirstPictureHasADeadline) {
  Watched source;
  EXPECT_EQ(source.wait(SourceWatch::kFirstPicture - 200ms), Verdict::fine);
  EXPECT_EQ(source.wait(300ms), Verdict::no_first_picture);
}

TEST(SourceWatch, AnEncoderThatDoesNotReturnIsNoticed) {
  Watched source;
  source.moves = true;
  for (int i = 0; i < 100; ++i) {  // busy all the time, with one picture after the other
    source.encoding_since = source.now;
    ASSERT_EQ(source.wait(200ms), Verdict::fine);
  }
  EXPECT_EQ(source.wait(1min), Verdict::encoder_stuck);
}

// Suspended, or stopped by a debugger: the first look afterwards must not blame what was stopped as well.
TEST(SourceWatch, AHostThatDidNotRunBlamesNobody) {
  Watched source;
  source.picture();
  ASSERT_EQ(source.wait(1min), Verdict::poke);
  source.encoding_since = source.now;
  source.now += 1h;
  EXPECT_EQ(source.wait(1s), Verdict::fine);
  source.picture();
  source.encoding_since.reset();
  EXPECT_EQ(source.wait(1s), Verdict::fine);
}

TEST(RebuildBudget, ThreeAMinuteEachLaterThanTheOneBefore) {
  RebuildBudget budget;
  const auto first = budget.take(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, kStart) << "the first at once";
  const auto second = budget.take(kStart + 10ms);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, kStart + RebuildBudget::kBackOff);
  const auto third = budget.take(*second);
  ASSERT_TRUE(third);
  EXPECT_EQ(*third, *second + 2 * RebuildBudget::kBackOff);
  EXPECT_FALSE(budget.take(*third + 1s));
  EXPECT_FALSE(budget.take(kStart + RebuildBudget::kWithin - 1ms));
  EXPECT_TRUE(budget.take(kStart + RebuildBudget::kWithin)) << "the first is forgotten by then";
  EXPECT_FALSE(budget.take(kStart + RebuildBudget::kWithin)) << "and only that one";
}

TEST(RebuildBudget, OneFaultNowAndThenIsMendedForEver) {
  RebuildBudget budget;
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint now = kStart + i * 21s;
    const auto begin = budget.take(now);
    ASSERT_TRUE(begin);
    EXPECT_EQ(*begin, now);
  }
}

TEST(RepairPlan, ADisplayIsReplacedOnlyWhenItDiedOrStaysSilentAfterCaptureWasRebuilt) {
  RepairPlan plan;
  const auto first = plan.on_fault({FaultPart::capture, "It stopped."}, kStart);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->new_display);
  const auto second = plan.on_fault({FaultPart::capture, "It does not answer."}, kStart + 3s);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->new_display);

  RepairPlan other;
  EXPECT_TRUE(other.on_fault({FaultPart::display, "It died."}, kStart)->new_display);
  EXPECT_FALSE(other.on_fault({FaultPart::encoder, "It failed."}, kStart + 1s)->new_display);
  RepairPlan patient;
  EXPECT_FALSE(patient.on_fault({FaultPart::capture, "It stopped."}, kStart)->new_display);
  EXPECT_FALSE(
      patient.on_fault({FaultPart::capture, "It stopped."}, kStart + RepairPlan::kSuspicion)->new_display);
}

TEST(RepairPlan, TheLastWordsFitACloseAndEndAsASentence) {
  for (const std::size_t length : {std::size_t{10}, std::size_t{180}, std::size_t{1000}}) {
    RepairPlan plan;
    const Fault fault{FaultPart::display, "The display " + std::string(length, 'x') + "."};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(plan.on_fault(fault, kStart + i * 10s));
    ASSERT_FALSE(plan.on_fault(fault, kStart + 30s));
    const std::string words = plan.last_words();
    EXPECT_LE(words.size(), wire::kMaxCloseReason);
    EXPECT_NE(words.find("The display xxx"), std::string::npos) << words;
    EXPECT_EQ(words.back(), '.');
  }
}

TEST(BudgetAfterModeChange, FollowsThePictureUnlessTheLinkIsTheLimit) {
  const wire::Mode small{1280, 720, 60}, large{1920, 1080, 60};
  const BitRate for_small = automatic_bitrate(small), for_large = automatic_bitrate(large);
  EXPECT_EQ(budget_after_mode_change(for_small, small, large), for_large);
  EXPECT_EQ(budget_after_mode_change(for_large, large, small), for_small);
  EXPECT_EQ(budget_after_mode_change(BitRate::from_kbps(for_small.kbps()), small, large), for_large)
      << "messages round down";
  const BitRate link = BitRate::from_kbps(5000);
  EXPECT_EQ(budget_after_mode_change(link, small, large), link) << "a larger picture makes no link faster";
  EXPECT_EQ(budget_after_mode_change(BitRate::from_kbps(15'000), large, small), for_small);
}

}  // namespace
}  // namespace punktfunk::host
