// SPDX-License-Identifier: MIT OR Apache-2.0
// When a frame is handed over and when a hole is given up: sections 12.5, 13.6 and question 22.
#include <gtest/gtest.h>

#include "media_pair.h"

namespace punktfunk::media {
namespace {

using Outcome = MediaReceiver::Outcome;

class Delivery : public testing::Test {
 protected:
  bool has_hole(int ms) {
    std::vector<Reassembler::Hole> holes;
    receiver_.find_holes(at_ms(ms), holes);
    return !holes.empty();
  }
  // Frame `i` captured at capture_ms, 3 data shards and 2 of parity.
  std::vector<Bytes> frame(std::int64_t capture_ms, std::uint16_t flags = 0) {
    MediaSender::FrameInfo info;
    info.pts_us = static_cast<std::uint32_t>(capture_ms * 1000);
    info.flags = flags;
    info.parity_percent = 10;
    return seal(sender_, Bytes(3 * 1408, static_cast<std::uint8_t>(sender_.next_frame_index())), info);
  }
  Outcome give(Bytes datagram, std::int64_t ms) { return receiver_.receive(datagram, at_ms(ms)); }
  void give_all(const std::vector<Bytes>& datagrams, std::int64_t ms) {
    for (const Bytes& datagram : datagrams) give(datagram, ms);
  }
  std::vector<std::uint32_t> polled(std::int64_t ms) {
    std::vector<std::uint32_t> indices;
    while (const auto frame = receiver_.poll_frame(at_ms(ms))) indices.push_back(frame->index);
    return indices;
  }
  using Indices = std::vector<std::uint32_t>;

  MediaSender sender_{test_secret(), {}};
  MediaReceiver receiver_{test_secret(), {}, 5'000'000'000};
};

TEST_F(Delivery, CompleteFrameLeavesAtOnce) {
  const auto datagrams = frame(0);
  EXPECT_EQ(give(datagrams[0], 1), Outcome::accepted);
  EXPECT_EQ(give(datagrams[1], 2), Outcome::accepted);
  EXPECT_FALSE(receiver_.poll_frame(at_ms(2)));
  EXPECT_EQ(give(datagrams[2], 3), Outcome::frame_ready);
  const auto got = receiver_.poll_frame(at_ms(3));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first_packet, at_ms(1));
  EXPECT_EQ(got->last_packet, at_ms(3));
  EXPECT_EQ(got->capture_ns, 5'000'000'000u);
  EXPECT_EQ(give(datagrams[3], 4), Outcome::late);
  EXPECT_FALSE(receiver_.next_deadline());
}

TEST_F(Delivery, SuccessorWaitsForItsPredecessor) {
  const auto first = frame(0);
  const auto second = frame(16);
  give(first[0], 0);
  give_all(second, 16);
  EXPECT_TRUE(polled(16).empty());
  EXPECT_FALSE(has_hole(25));
  EXPECT_TRUE(has_hole(26));
  give(first[3], 50);
  EXPECT_EQ(give(first[4], 51), Outcome::frame_ready);
  EXPECT_EQ(polled(51), (Indices{0, 1}));
  EXPECT_EQ(receiver_.stats().frames_lost, 0u);
  EXPECT_FALSE(has_hole(1000));
}

TEST_F(Delivery, HoleIsGivenUpByCaptureTime) {
  const auto lost = frame(0);
  give(lost[0], 0);
  give_all(frame(16), 16);
  give_all(frame(120), 17);
  EXPECT_TRUE(polled(17).empty()) << "120 ms is not more than 120 ms";
  give_all(frame(121), 18);
  EXPECT_EQ(polled(18), (Indices{1, 2, 3}));
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
  EXPECT_EQ(give(lost[1], 19), Outcome::late);
}

TEST_F(Delivery, HoleIsGivenUpByTheClockWhenTheStreamPauses) {
  give(frame(0)[0], 0);
  give_all(frame(16), 16);
  ASSERT_EQ(receiver_.next_deadline(), at_ms(136));
  EXPECT_TRUE(polled(135).empty());
  EXPECT_EQ(polled(136), (Indices{1}));
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
}

TEST_F(Delivery, LastFrameIncompleteIsGivenUpAfterItsLastPacket) {
  const auto datagrams = frame(0);
  give(datagrams[0], 0);
  give(datagrams[1], 100);
  ASSERT_EQ(receiver_.next_deadline(), at_ms(220));
  EXPECT_TRUE(polled(220).empty());
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
}

TEST_F(Delivery, FrameNeverSeenIsCounted) {
  give_all(frame(0), 0);
  EXPECT_EQ(polled(0), (Indices{0}));
  frame(16);
  frame(33);
  give_all(frame(50), 50);
  EXPECT_TRUE(polled(50).empty());
  EXPECT_EQ(polled(170), (Indices{3}));
  EXPECT_EQ(receiver_.stats().frames_lost, 2u);
}

TEST_F(Delivery, HoleIsGivenUpSixtyFourIndicesBehind) {
  give(frame(0)[0], 0);
  for (int i = 1; i < 64; ++i) give_all(frame(0), 1);
  EXPECT_TRUE(polled(1).empty());
  give_all(frame(0), 1);
  EXPECT_EQ(polled(1).size(), 64u);
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
}

TEST_F(Delivery, KeyframeWaitsForReorderingOnly) {
  give(frame(0)[0], 0);
  give_all(frame(16), 16);
  give_all(frame(33, wire::kFlagKeyframe), 20);
  EXPECT_EQ(receiver_.next_deadline(), at_ms(26));
  EXPECT_TRUE(polled(25).empty());
  EXPECT_EQ(polled(26), (Indices{1, 2}));
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
}

TEST_F(Delivery, AnAbandonedFrameHoldsNobody) {
  give(frame(0)[0], 0);
  give_all(frame(16), 16);
  EXPECT_TRUE(polled(16).empty());
  // Frame 0 once more, with another capture time.
  Bytes packet(wire::kWireOverhead + 1408);
  wire::MediaHeader header;
  header.seq_low = 1000;
  header.flags = wire::kFlagPicture | wire::kFlagLastBlock;
  header.pts_us = 77;
  header.k = 3;
  header.m = 2;
  header.write(packet);
  crypto::MediaSealer sealer(test_secret(), crypto::CipherSuite::aes128_gcm);
  const crypto::MediaSealer::Item item{1000, packet};
  sealer.seal({&item, 1});
  EXPECT_EQ(give(packet, 17), Outcome::contradiction);
  EXPECT_EQ(receiver_.stats().packets_dropped(), 1u);
  EXPECT_TRUE(receiver_.has_frame()) << "the frame behind it is free at once";
  EXPECT_EQ(polled(17), (Indices{1}));
  EXPECT_EQ(receiver_.stats().frames_lost, 1u);
}

TEST_F(Delivery, CaptureTimeContinuesPastTheWrap) {
  constexpr std::uint32_t kBeforeWrap = 0xFFFFFFF5;  // 4294967285
  MediaSender::FrameInfo info;
  info.pts_us = kBeforeWrap;
  for (const Bytes& datagram : seal(sender_, Bytes(10), info)) give(datagram, 0);
  info.pts_us = 4;
  for (const Bytes& datagram : seal(sender_, Bytes(10), info)) give(datagram, 0);
  EXPECT_EQ(receiver_.poll_frame(at_ms(0))->capture_ns, 5'000'000'000 + 4294967285ull * 1000);
  EXPECT_EQ(receiver_.poll_frame(at_ms(0))->capture_ns, 5'000'000'000 + 4294967300ull * 1000);
}

TEST_F(Delivery, NobodyPolls) {
  for (int i = 0; i < 200; ++i) give_all(frame(i * 16), i * 16);
  const auto got = polled(4000);
  EXPECT_EQ(got.size(), 64u);
  EXPECT_EQ(got.back(), 199u);
  EXPECT_EQ(receiver_.stats().frames_lost, 136u);
  EXPECT_EQ(receiver_.stats().frames_complete, 64u);
}

TEST_F(Delivery, LossFiguresByPlaceLessLateOriginals) {
  MediaSender::FrameInfo info;
  info.parity_percent = 20;
  const auto datagrams = seal(sender_, Bytes(40 * 1408, 1), info);  // 40 data, 8 parity
  ASSERT_EQ(datagrams.size(), 48u);
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    if (i == 0 || i == 11 || i == 20 || i == 39 || i == 47) continue;  // head, head, mid, tail, parity
    give(datagrams[i], 0);
  }
  EXPECT_EQ(polled(0), (Indices{0}));
  MediaReceiver::Stats stats = receiver_.stats();
  EXPECT_EQ(stats.recovered_shards, 4u);
  EXPECT_EQ(stats.lost_head + stats.lost_mid + stats.lost_tail, 0u) << "not settled yet";
  EXPECT_EQ(give(datagrams[11], 10), Outcome::late);
  EXPECT_EQ(give(datagrams[11], 10), Outcome::replayed);
  (void)polled(121);
  stats = receiver_.stats();
  EXPECT_EQ(stats.late_shards, 1u);
  EXPECT_EQ(stats.lost_head, 1u);
  EXPECT_EQ(stats.lost_mid, 1u);
  EXPECT_EQ(stats.lost_tail, 2u);
}

TEST_F(Delivery, SmallFramesCountAsMid) {
  const auto datagrams = frame(0);
  give(datagrams[1], 0);
  give(datagrams[2], 0);
  give(datagrams[3], 0);
  give(datagrams[4], 0);
  (void)polled(200);
  EXPECT_EQ(receiver_.stats().lost_head, 0u);
  EXPECT_EQ(receiver_.stats().lost_mid, 1u);
  EXPECT_EQ(receiver_.stats().lost_tail, 0u);
}

TEST_F(Delivery, OversizedFrameIsNotSent) {
  EXPECT_TRUE(sender_.seal_frame(Bytes((8u << 20u) + 1), {}).empty());
  EXPECT_EQ(sender_.next_frame_index(), 0u);
  EXPECT_EQ(sender_.packets_sealed(), 0u);
  EXPECT_FALSE(sender_.seal_frame(Bytes(8u << 20u), {}).empty());
}

}  // namespace
}  // namespace punktfunk::media
