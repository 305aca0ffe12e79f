// SPDX-License-Identifier: MIT OR Apache-2.0
// Whatever is lost and in which direction: no broken picture is shown, and a good one comes soon after the
// losses end. The client's asks and the host's answers against each other, in virtual time.
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <vector>

#include "core/session/ask_reader.h"
#include "core/session/keyframe_throttle.h"
#include "core/session/picture_chain.h"
#include "core/session/recovery.h"
#include "core/session/reference_chain.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

constexpr int kFrameMs = 16;
constexpr int kLossesMs = 3000;
// Ask repeated, one way there, a keyframe that waits for the throttle, one way back; half a second more when
// the ask itself has to change its kind.
constexpr int kBoundMs = 1200;

struct Path {
  int one_way_ms = 0;
  double loss = 0;      // of frames, until kLossesMs
  double ask_loss = 0;  // of asks, the same
};

struct Sent {
  int arrives_ms = 0;
  std::uint32_t index = 0;
  std::uint16_t flags = 0;
};

struct Asked {
  int arrives_ms = 0;
  wire::Feedback feedback;
};

// Where anything random comes in, `random` decides.
class World {
 public:
  World(const Path& path, std::size_t references, std::uint64_t seed)
      : path_(path), chain_(references), random_(seed) {}

  void run() {
    for (now_ = 0; now_ < kLossesMs + kBoundMs + 500; ++now_) {
      while (!asks_.empty() && asks_.front().arrives_ms <= now_) read(asks_.front()), asks_.pop_front();
      if (now_ % kFrameMs == 0) send();
      while (!frames_.empty() && frames_.front().arrives_ms <= now_)
        take(frames_.front()), frames_.pop_front();
      if (const auto ask = recovery_.next(at_ms(now_))) {
        wire::Feedback feedback;
        ask->write(feedback);
        if (!happens(path_.ask_loss)) asks_.push_back({now_ + path_.one_way_ms, feedback});
      }
    }
  }

  std::optional<int> healed_after_ms;  // after the losses ended
  std::uint64_t broken_shown = 0, anchors = 0, keyframes = 0;

 private:
  bool happens(double share) {
    return now_ < kLossesMs && std::uniform_real_distribution<double>(0, 1)(random_) < share;
  }

  void read(const Asked& asked) {
    const auto action = reader_.read(asked.feedback);
    if (action == AskReader::Action::keyframe) keyframe_wanted_ = true;
    if (action != AskReader::Action::invalidate) return;
    const auto outcome = chain_.invalidate(*asked.feedback.invalidate_first, *asked.feedback.invalidate_last);
    anchor_.reset();
    if (outcome.answer == ReferenceChain::Answer::anchor) anchor_ = outcome.reference;
    if (outcome.answer == ReferenceChain::Answer::keyframe) keyframe_wanted_ = true;
  }

  void send() {
    const auto index = static_cast<std::uint32_t>(references_.size());
    Sent frame{now_ + path_.one_way_ms, index, wire::kFlagPicture};
    if (keyframe_wanted_ && at_ms(now_) >= throttle_.next().value_or(at_ms(now_))) {
      keyframe_wanted_ = false;
      anchor_.reset();
      throttle_.on_keyframe(at_ms(now_));
      frame.flags |= wire::kFlagKeyframe;
      references_.push_back(std::nullopt);
      ++keyframes;
    } else {
      if (anchor_) frame.flags |= wire::kFlagRecoveryAnchor, ++anchors;
      references_.push_back(std::exchange(anchor_, std::nullopt).value_or(index - 1));
    }
    chain_.on_coded(index, references_.back());
    good_.push_back(false);
    // The first keyframe arrives: a session without it has not begun.
    if (index == 0 || !happens(path_.loss)) frames_.push_back(frame);
  }

  void take(const Sent& frame) {
    if (frame.index != next_) recovery_.on_frames_lost({next_, frame.index - 1}, at_ms(now_));
    next_ = frame.index + 1;
    recovery_.on_frame(frame.index, frame.flags, at_ms(now_));
    const auto reference = references_[frame.index];
    good_[frame.index] = !reference || good_[*reference];
    if (!chain_of_pictures_.push(frame.index, frame.flags)) {
      good_[frame.index] = false;  // was not decoded
      if (chain_of_pictures_.needs_keyframe()) recovery_.on_frame_undecodable(frame.index, at_ms(now_));
      return;
    }
    if (!good_[frame.index]) ++broken_shown;
    if (now_ >= kLossesMs && !healed_after_ms) healed_after_ms = now_ - kLossesMs;
  }

  const Path path_;
  int now_ = 0;
  // Host
  ReferenceChain chain_;
  AskReader reader_;
  KeyframeThrottle throttle_;
  bool keyframe_wanted_ = true;
  std::optional<std::uint32_t> anchor_;
  std::vector<std::optional<std::uint32_t>> references_;
  // Between
  std::mt19937_64 random_;
  std::deque<Sent> frames_;
  std::deque<Asked> asks_;
  // Client
  Recovery recovery_{60, true};
  PictureChain chain_of_pictures_;
  std::uint32_t next_ = 0;
  std::vector<bool> good_;  // decoded from what was sent, by index
};

TEST(RecoveryProperty, EveryPatternOfLossesEndsInAGoodPicture) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uint64_t anchors = 0, keyframes = 0;
  for (int round = 0; round < 300; ++round) {
    Path path;
    path.one_way_ms = static_cast<int>(random() % 120);
    path.loss = static_cast<double>(random() % 100) / 100;
    path.ask_loss = static_cast<double>(random() % 100) / 100;
    const std::size_t references = random() % 3 == 0 ? 1 : 1 + random() % 16;
    World world(path, references, random());
    world.run();
    const std::string what = "round " + std::to_string(round) + ": " + std::to_string(path.one_way_ms) +
                             " ms, loss " + std::to_string(path.loss) + " and " +
                             std::to_string(path.ask_loss) + ", " + std::to_string(references) +
                             " references";
    EXPECT_EQ(world.broken_shown, 0u) << what;
    ASSERT_TRUE(world.healed_after_ms) << what;
    EXPECT_LE(*world.healed_after_ms, kBoundMs) << what;
    anchors += world.anchors;
    keyframes += world.keyframes - 1;
  }
  EXPECT_GT(anchors, 100u);
  EXPECT_GT(keyframes, 100u);
}

}  // namespace
}  // namespace punktfunk::media
