// SPDX-License-Identifier: MIT OR Apache-2.0
// Asks for invalidation, what they are answered with, and what a decoder may then be given.
#include "core/session/recovery.h"

#include <gtest/gtest.h>

#include "core/session/loss_response.h"
#include "core/session/picture_chain.h"
#include "core/session/reference_chain.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

constexpr std::uint16_t kPlain = wire::kFlagPicture;
constexpr std::uint16_t kKeyframe = wire::kFlagPicture | wire::kFlagKeyframe;
constexpr std::uint16_t kAnchor = wire::kFlagPicture | wire::kFlagRecoveryAnchor;
constexpr std::uint16_t kPoint = wire::kFlagPicture | wire::kFlagRecoveryPoint;

wire::Feedback fields(const std::optional<Ask>& ask) {
  wire::Feedback feedback;
  if (ask) ask->write(feedback);
  return feedback;
}

TEST(RecoveryByInvalidation, AsksForTheLostFramesUntilAnAnchorComes) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({100, 101}, at_ms(0));
  const wire::Feedback first = fields(recovery.next(at_ms(0)));
  EXPECT_EQ(first.ask, 1u);
  EXPECT_EQ(first.invalidate_first, 100u);
  EXPECT_EQ(first.invalidate_last, 101u);
  EXPECT_FALSE(first.keyframe);
  EXPECT_EQ(fields(recovery.next(at_ms(17))), first) << "repeated every frame interval";
  recovery.on_frame(104, kPlain, at_ms(20));
  EXPECT_TRUE(recovery.is_waiting());
  recovery.on_frame(105, kAnchor, at_ms(30));
  EXPECT_FALSE(recovery.is_waiting());
  recovery.on_frames_lost({101, 104}, at_ms(31));
  EXPECT_FALSE(recovery.is_waiting()) << "healed by what came";
  EXPECT_EQ(recovery.invalidations(), 1u);
}

TEST(RecoveryByInvalidation, NewOnesAtMostEvery100Ms) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({100, 100}, at_ms(0));
  EXPECT_EQ(recovery.next(at_ms(0))->number, 1u);
  recovery.on_frames_lost({103, 103}, at_ms(50));
  EXPECT_EQ(recovery.next(at_ms(50))->invalidate->last, 100u) << "what was sent stays as it is";
  EXPECT_EQ(recovery.next_deadline(), at_ms(50) + std::chrono::nanoseconds(16'666'666));
  const auto second = recovery.next(at_ms(100));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 2u);
  EXPECT_EQ(second->invalidate->first, 100u);
  EXPECT_EQ(second->invalidate->last, 103u);
  recovery.on_frame(110, kAnchor, at_ms(120));
  recovery.on_frames_lost({111, 111}, at_ms(130));
  EXPECT_FALSE(recovery.next(at_ms(199))) << "also after an answer";
  EXPECT_FALSE(recovery.open_ask());
  recovery.on_frames_lost({112, 112}, at_ms(150));
  const auto third = recovery.next(at_ms(200));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->number, 3u);
  EXPECT_EQ(third->invalidate->last, 112u) << "with what was lost meanwhile";
}

TEST(RecoveryByInvalidation, BecomesAKeyframeAfter500MsOrForTooManyFrames) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({100, 100}, at_ms(0));
  EXPECT_FALSE(recovery.next(at_ms(0))->keyframe);
  recovery.on_frames_lost({103, 103}, at_ms(90));
  EXPECT_FALSE(recovery.next(at_ms(100))->keyframe);
  EXPECT_FALSE(recovery.next(at_ms(499))->keyframe);
  const auto asked = recovery.next(at_ms(500));
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->keyframe) << "half a second after the first of them";
  recovery.on_frame(140, kPoint, at_ms(510));
  EXPECT_TRUE(recovery.is_waiting()) << "RECOVERY_POINT answers an invalidation only";
  recovery.on_frame(141, kKeyframe, at_ms(520));
  EXPECT_FALSE(recovery.is_waiting());

  recovery.on_frames_lost({1000, 1255}, at_ms(1000));
  EXPECT_FALSE(recovery.next(at_ms(1000))->keyframe) << "256 frames";
  recovery.on_frame(1256, kAnchor, at_ms(1010));
  recovery.on_frames_lost({2000, 2256}, at_ms(2000));
  EXPECT_TRUE(recovery.next(at_ms(2000))->keyframe) << "257";
}

TEST(RecoveryByInvalidation, NoAnchorHelpsADecoderThatLostItsPictures) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({100, 100}, at_ms(0));
  EXPECT_FALSE(recovery.next(at_ms(0))->keyframe);
  recovery.on_frame_undecodable(102, at_ms(10));
  EXPECT_TRUE(recovery.next(at_ms(10))->keyframe);
  recovery.on_frame(103, kAnchor, at_ms(20));
  EXPECT_TRUE(recovery.is_waiting());
  recovery.on_frame(104, kKeyframe, at_ms(30));
  EXPECT_FALSE(recovery.is_waiting());
  recovery.on_frame_undecodable(103, at_ms(31));
  EXPECT_FALSE(recovery.is_waiting()) << "the decoder is behind: a newer frame has answered";
  recovery.on_frame_undecodable(std::nullopt, at_ms(32));
  EXPECT_TRUE(recovery.is_waiting());
}

TEST(RecoveryByInvalidation, WhatIsMissingBehindTheAnswerStaysAskedFor) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({100, 100}, at_ms(0));
  (void)recovery.next(at_ms(0));
  recovery.on_frames_lost({108, 108}, at_ms(90));
  (void)recovery.next(at_ms(100));
  recovery.on_frame(106, kAnchor, at_ms(110));  // the answer to the first
  ASSERT_TRUE(recovery.is_waiting());
  EXPECT_EQ(recovery.next(at_ms(120))->number, 2u) << "its answer is on the way";
  recovery.on_frame(112, kAnchor, at_ms(130));
  EXPECT_FALSE(recovery.is_waiting());
}

TEST(RecoveryByInvalidation, ResendNumbersLeaveTheAskAlone) {
  Recovery recovery(60, true);
  recovery.on_frames_lost({5, 5}, at_ms(0));
  EXPECT_EQ(recovery.next(at_ms(0))->number, 1u);
  EXPECT_EQ(recovery.take_number(), 2u);
  EXPECT_EQ(recovery.next(at_ms(17))->number, 1u);
  recovery.on_frame(6, kKeyframe, at_ms(20));
  recovery.on_frames_lost({7, 7}, at_ms(200));
  EXPECT_EQ(recovery.next(at_ms(200))->number, 3u);
}

TEST(PictureChain, GivesTheDecoderWhatItCanGoOnWith) {
  PictureChain chain;
  EXPECT_FALSE(chain.push(0, kPlain));
  EXPECT_TRUE(chain.needs_keyframe());
  EXPECT_FALSE(chain.push(1, kAnchor)) << "there is nothing it could refer to";
  EXPECT_TRUE(chain.push(2, kKeyframe));
  EXPECT_TRUE(chain.push(3, kPlain));
  EXPECT_FALSE(chain.push(5, kPlain));
  EXPECT_FALSE(chain.needs_keyframe()) << "an anchor would do";
  EXPECT_FALSE(chain.push(6, kPlain));
  EXPECT_TRUE(chain.push(7, kAnchor));
  EXPECT_TRUE(chain.push(8, kPlain));
  EXPECT_TRUE(chain.push(10, kAnchor)) << "a gap and its answer in one";
  chain.damage();
  EXPECT_FALSE(chain.push(11, kAnchor));
  EXPECT_TRUE(chain.needs_keyframe());
  EXPECT_TRUE(chain.push(12, kKeyframe));
  EXPECT_FALSE(chain.push(14, kPlain));
  EXPECT_FALSE(chain.push(15, kPoint));
  EXPECT_TRUE(chain.needs_keyframe()) << "the units of the refresh never reached the decoder";
}

TEST(ReferenceChain, GoesOnFromTheNewestPictureTheClientHas) {
  using Answer = ReferenceChain::Answer;
  ReferenceChain chain(4);
  EXPECT_EQ(chain.invalidate(0, 0).answer, Answer::keyframe) << "nothing was coded yet";
  chain.on_coded(0, std::nullopt);
  for (std::uint32_t i = 1; i <= 6; ++i) chain.on_coded(i, i - 1);
  const auto first = chain.invalidate(5, 5);
  EXPECT_EQ(first.answer, Answer::anchor);
  EXPECT_EQ(first.reference, 4u);
  chain.on_coded(7, 4);
  EXPECT_EQ(chain.invalidate(5, 6).answer, Answer::already) << "the newest does not hang on those";
  chain.on_coded(8, 7);
  const auto second = chain.invalidate(7, 7);
  EXPECT_EQ(second.answer, Answer::keyframe) << "4 is the fifth newest and no longer kept";
  chain.on_coded(9, std::nullopt);
  EXPECT_EQ(chain.invalidate(0, 8).answer, Answer::already) << "a keyframe hangs on nothing";
  EXPECT_EQ(chain.invalidate(50, 60).answer, Answer::already) << "not coded yet";
  EXPECT_EQ(chain.invalidate(9, 9).answer, Answer::keyframe);
}

TEST(ReferenceChain, NeverNamesAPictureThatHangsOnALostOne) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  using Answer = ReferenceChain::Answer;
  std::uint64_t anchors = 0;
  for (int round = 0; round < 200; ++round) {
    ReferenceChain chain(1 + random() % 20);
    const std::uint32_t base = round % 2 == 0 ? 0 : 0xFFFFFFFFU - 50;  // over the wrap
    std::vector<std::optional<std::uint32_t>> references;              // by number - base
    std::vector<bool> lost;
    std::optional<std::uint32_t> next;
    for (std::uint32_t i = 0; i < 400; ++i) {
      const bool keyframe = i == 0 || random() % 90 == 0;
      references.push_back(keyframe ? std::nullopt : std::optional(next.value_or(i - 1)));
      next.reset();
      lost.push_back(references.back() && lost[*references.back()]);
      chain.on_coded(base + i, references.back() ? std::optional(base + *references.back()) : std::nullopt);
      if (random() % 12 != 0) continue;
      const auto first = static_cast<std::uint32_t>(i - std::min<std::uint64_t>(i, random() % 30));
      const auto last = static_cast<std::uint32_t>(first + random() % 20);
      for (std::uint32_t j = first; j <= i; ++j)
        lost[j] = lost[j] || j <= last || (references[j] && lost[*references[j]]);
      const auto outcome = chain.invalidate(base + first, base + last);
      if (outcome.answer == Answer::already) {
        EXPECT_FALSE(lost[i]) << "round " << round << ", picture " << i;
      } else if (outcome.answer == Answer::anchor) {
        ++anchors;
        EXPECT_FALSE(lost[outcome.reference - base]) << "round " << round << ", picture " << i;
        next = outcome.reference - base;
      } else {
        for (std::uint32_t j = i; j < lost.size(); ++j) EXPECT_TRUE(lost[j]);
        references.push_back(std::nullopt);
        lost.push_back(false);
        chain.on_coded(base + ++i, std::nullopt);
      }
    }
  }
  EXPECT_GT(anchors, 100u);
}

TEST(LossResponse, AcknowledgesWhatTheDecoderTook) {
  LossResponse losses(60, true);
  wire::Feedback feedback;
  losses.write(feedback);
  EXPECT_FALSE(feedback.clean_frame);
  losses.on_clean(10);
  losses.on_clean(11);
  losses.on_clean(14);
  losses.write(feedback);
  EXPECT_EQ(feedback.clean_frame, 14u);
  EXPECT_EQ(feedback.clean_before, 0b1100u) << "11 and 10; 13 and 12 are missing";
  losses.on_clean(13);
  losses.write(feedback);
  EXPECT_EQ(feedback.clean_before, 0b1101u);
  losses.on_clean(30);
  losses.write(feedback);
  EXPECT_EQ(feedback.clean_before, 0x8000u) << "14 is the sixteenth before";
  losses.on_clean(100);
  losses.write(feedback);
  EXPECT_EQ(feedback.clean_before, 0u);
  EXPECT_FALSE(losses.next(at_ms(0))) << "on a good link the window's datagram is enough";
}

}  // namespace
}  // namespace punktfunk::media
