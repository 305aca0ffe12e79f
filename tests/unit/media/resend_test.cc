// SPDX-License-Identifier: MIT OR Apache-2.0
// Shards asked for again: what is missing, when it is worth asking, and what the sender makes of it.
#include <gtest/gtest.h>

#include "core/session/loss_response.h"
#include "core/session/resend_requests.h"
#include "core/wire/feedback.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

using std::chrono::milliseconds;

MediaSender::FrameInfo info_at(int ms, std::uint16_t flags = 0) {
  MediaSender::FrameInfo info;
  info.pts_us = static_cast<std::uint32_t>(1000 * ms);
  info.flags = flags;
  return info;
}

Reassembler::Hole hole_of(std::uint32_t frame, int overtaken_ms, std::vector<std::uint16_t> shards) {
  Reassembler::Hole hole;
  hole.frame = frame;
  hole.overtaken = at_ms(overtaken_ms);
  hole.needed = static_cast<std::uint32_t>(shards.size());
  hole.shards = std::move(shards);
  return hole;
}

TEST(Resend, AnyLossIsHealedByWhatTheReceiverAsksFor) {
  const std::uint64_t seed = test::new_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int healed = 0;
  for (int round = 0; round < 200; ++round) {
    MediaParams params;
    params.max_data_per_block = round % 3 == 0 ? 7 : 4096;
    params.scheme = random() % 2 == 0 ? fec::Scheme::gf8 : fec::Scheme::gf16;
    if (params.scheme == fec::Scheme::gf8)
      params.max_data_per_block = std::min(params.max_data_per_block, 255U);
    MediaSender sender(test_secret(), params);
    sender.keep_for_resend();
    MediaReceiver receiver(test_secret(), params, 0);
    const Bytes au = random_bytes(random, 1 + random() % 60'000);
    std::vector<Bytes> first = seal(sender, au, info_at(0));
    const double loss = 0.1 + static_cast<double>(random() % 80) / 100;
    bool any = false;
    for (Bytes& datagram : first) {
      if (std::uniform_real_distribution<double>(0, 1)(random) < loss) continue;
      any = true;
      (void)receiver.receive(datagram, at_ms(0));
    }
    if (!any || receiver.has_frame()) continue;
    for (Bytes& datagram : seal(sender, random_bytes(random, 3000), info_at(16)))
      (void)receiver.receive(datagram, at_ms(16));
    std::vector<Reassembler::Hole> holes;
    receiver.find_holes(at_ms(25), holes);
    EXPECT_TRUE(holes.empty()) << "may still be on its way";
    EXPECT_EQ(receiver.next_hole(at_ms(25)), at_ms(26));
    for (int tries = 0; tries < 40 && !receiver.has_frame(); ++tries) {  // a block at a time may turn up
      receiver.find_holes(at_ms(26), holes);
      ASSERT_EQ(holes.size(), 1u);
      EXPECT_EQ(holes[0].frame, 0u);
      ASSERT_FALSE(holes[0].shards.empty() && holes[0].needed > 0);
      if (holes[0].needed == 0) break;  // the rest are blocks of which nothing came
      const MutableBytes again = sender.seal_again(0, holes[0].shards);
      EXPECT_EQ(again.size(), holes[0].shards.size() * sender.datagram_bytes());
      for (std::size_t at = 0; at < again.size(); at += sender.datagram_bytes())
        (void)receiver.receive(again.subspan(at, sender.datagram_bytes()), at_ms(27));
    }
    if (!receiver.has_frame()) continue;
    ++healed;
    const auto frame = receiver.poll_frame(at_ms(27));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->index, 0u);
    EXPECT_TRUE(frame->au == au);
    EXPECT_EQ(receiver.stats().packets_dropped(), 0u);
  }
  EXPECT_GT(healed, 100);
}

TEST(Resend, TheSenderKeepsWhatMayStillBeUseful) {
  MediaSender sender(test_secret(), MediaParams{});
  const std::vector<std::uint16_t> one = {0};
  (void)seal(sender, Bytes(5000, 1), info_at(0));
  EXPECT_TRUE(sender.seal_again(0, one).empty()) << "nothing is kept unless asked for";
  sender.keep_for_resend();
  for (int i = 1; i <= 20; ++i) (void)seal(sender, Bytes(5000, 1), info_at(i));
  const std::uint64_t before = sender.packets_sealed();
  EXPECT_TRUE(sender.seal_again(4, one).empty()) << "too long ago";
  EXPECT_TRUE(sender.seal_again(21, one).empty()) << "not sent yet";
  EXPECT_EQ(sender.packets_sealed(), before);
  const std::vector<std::uint16_t> mixed = {3, 65535, 4, 0};
  EXPECT_EQ(sender.seal_again(5, mixed).size(), 2 * sender.datagram_bytes())
      << "5000 bytes are shards 0 to 3";
  EXPECT_EQ(sender.packets_sealed(), before + 2) << "under new numbers";
  // Frames too large to be kept together: the newest stay.
  for (int i = 21; i <= 24; ++i) (void)seal(sender, Bytes(MediaSender::kKeptBytes / 3, 1), info_at(i));
  EXPECT_TRUE(sender.seal_again(22, one).empty());
  EXPECT_FALSE(sender.seal_again(23, one).empty());
  EXPECT_FALSE(sender.seal_again(24, one).empty());
}

TEST(ResendRequests, AsksAtOnceAndOnceMore) {
  ResendRequests requests;
  std::vector<ResendRequests::Request> out;
  const std::vector<Reassembler::Hole> holes = {hole_of(7, 0, {3, 4, 9})};
  requests.look(holes, false, at_ms(10), out);
  EXPECT_TRUE(out.empty()) << "how far the host is, is not known";
  EXPECT_FALSE(requests.is_hopeful(holes[0], at_ms(10)));
  requests.set_path(milliseconds(8));
  requests.look(holes, false, at_ms(10), out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].frame, 7u);
  EXPECT_EQ(out[0].shards, (std::vector<std::uint16_t>{3, 4, 9}));
  EXPECT_TRUE(requests.is_hopeful(holes[0], at_ms(10)));
  requests.look(holes, false, at_ms(24), out);
  EXPECT_EQ(out.size(), 1u);
  EXPECT_EQ(requests.next_deadline(), at_ms(25)) << "8 ms, a quarter of it, and 5 for the host";
  requests.look(holes, false, at_ms(25), out);
  EXPECT_EQ(out.size(), 2u);
  EXPECT_TRUE(requests.is_hopeful(holes[0], at_ms(39)));
  EXPECT_FALSE(requests.is_hopeful(holes[0], at_ms(40)));
  for (int ms = 26; ms < 200; ++ms) requests.look(holes, false, at_ms(ms), out);
  EXPECT_EQ(out.size(), 3u) << "three tries";
  EXPECT_FALSE(requests.next_deadline());
}

TEST(ResendRequests, OnlyWhatCanComeInTimeAndBeShown) {
  ResendRequests requests;
  std::vector<ResendRequests::Request> out;
  requests.set_path(milliseconds(41));
  requests.look({hole_of(7, 0, {1})}, false, at_ms(10), out);
  EXPECT_TRUE(out.empty()) << "too far";
  requests.set_path(milliseconds(30));
  requests.look({hole_of(7, 0, {1})}, false, at_ms(91), out);
  EXPECT_TRUE(out.empty()) << "would come after the frame is given up";
  requests.look({hole_of(7, 0, {1})}, true, at_ms(10), out);
  EXPECT_TRUE(out.empty()) << "could not be shown";
  Reassembler::Hole anchor = hole_of(9, 0, {1});
  anchor.flags = wire::kFlagRecoveryAnchor;
  requests.look({hole_of(8, 0, {1}), anchor}, true, at_ms(10), out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].frame, 9u) << "what heals the picture is worth it";
}

TEST(ResendRequests, LargeHolesTakeSeveralDatagramsAndAWholeFrameIsGuessed) {
  ResendRequests requests;
  requests.set_path(milliseconds(1));
  std::vector<ResendRequests::Request> out;
  std::vector<std::uint16_t> shards(100);
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i] = static_cast<std::uint16_t>(i);
  requests.set_usual_bytes(30'000);
  requests.set_usual_bytes(1'000);
  requests.look({hole_of(1, 0, shards), hole_of(2, 0, {})}, false, at_ms(10), out);
  ASSERT_EQ(out.size(), 6u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i].shards.size(), wire::kMaxResendShards);
  EXPECT_EQ(out[3].shards.back(), 63u) << "at most 64 at a time";
  EXPECT_EQ(out[4].frame, 2u);
  EXPECT_EQ(out[4].shards.front(), 0u);
  EXPECT_EQ(out[5].shards.back(), 20u) << "as large as the larger of the two, of which a little is forgotten";
}

TEST(ResendRequests, RestsWhenTheHostDoesNotAnswer) {
  ResendRequests requests;
  requests.set_path(milliseconds(1));
  std::vector<ResendRequests::Request> out;
  const auto miss = [&](std::uint32_t frame, int ms, bool complete) {
    out.clear();
    requests.look({hole_of(frame, ms - 10, {1})}, false, at_ms(ms), out);
    const bool asked = !out.empty();
    requests.on_frame_done(frame, complete, at_ms(ms + 100));
    return asked;
  };
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(miss(i, 1000 + static_cast<int>(i) * 100, false));
  EXPECT_TRUE(miss(3, 1300, true));
  EXPECT_EQ(requests.frames_healed(), 1u);
  for (std::uint32_t i = 4; i < 8; ++i) EXPECT_TRUE(miss(i, 1000 + static_cast<int>(i) * 100, false));
  EXPECT_FALSE(miss(8, 1900, false)) << "four in a row were in vain";
  EXPECT_TRUE(miss(9, 11'900, false)) << "ten seconds later it tries again";
}

TEST(LossResponse, AsksForRecoveryWhenHopeEnds) {
  MediaSender sender(test_secret(), MediaParams{});
  MediaReceiver receiver(test_secret(), MediaParams{}, 0);
  LossResponse losses(60, false);
  losses.set_path(milliseconds(4), {});
  const auto give = [&](std::vector<Bytes> datagrams, std::size_t count, int ms) {
    for (std::size_t i = 0; i < count; ++i) (void)receiver.receive(datagrams[i], at_ms(ms));
    while (losses.poll(receiver, at_ms(ms))) {
    }
    losses.look(receiver, at_ms(ms));
  };
  const auto all = [&](int ms, std::uint16_t flags = 0) {
    return seal(sender, Bytes(10'000, 1), info_at(ms, flags));
  };
  give(all(0, wire::kFlagKeyframe), 10, 0);
  give(all(16), 3, 16);
  give(all(32), 10, 32);
  EXPECT_FALSE(losses.next(at_ms(32)));
  EXPECT_EQ(losses.next_deadline(), at_ms(42)) << "then reordering is no excuse any more";
  losses.look(receiver, at_ms(42));
  const auto request = losses.next(at_ms(42));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->resend_frame, 1u);
  EXPECT_EQ(request->resend_shards.size(), 5u) << "8 data shards of which 3 came";
  EXPECT_FALSE(request->keyframe);
  EXPECT_FALSE(losses.next(at_ms(42)));
  // Two tries of 4 + 1 + 5 ms each bring nothing.
  EXPECT_EQ(losses.next_deadline(), at_ms(52));
  losses.look(receiver, at_ms(52));
  EXPECT_TRUE(losses.next(at_ms(52))->resend_frame);
  EXPECT_FALSE(losses.recovery().is_waiting());
  EXPECT_EQ(losses.next_deadline(), at_ms(62));
  losses.look(receiver, at_ms(62));
  EXPECT_TRUE(losses.recovery().is_waiting());
  bool asked = false;
  while (const auto feedback = losses.next(at_ms(62))) asked = asked || feedback->keyframe;
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace punktfunk::media
