// SPDX-License-Identifier: MIT OR Apache-2.0
// Feedback windows, asks, parity policy and the clock, in virtual time.
#include <gtest/gtest.h>

#include "core/session/ask_reader.h"
#include "core/session/backlog_watch.h"
#include "core/session/clock_sync.h"
#include "core/session/feedback_window.h"
#include "core/session/keyframe_throttle.h"
#include "core/session/parity_control.h"
#include "core/session/recovery.h"
#include "media_pair.h"

namespace punktfunk::media {
namespace {

TEST(LossPpm, FollowsTheFormula) {
  EXPECT_EQ(loss_ppm(0, 0, 0), 0u);
  EXPECT_EQ(loss_ppm(95, 5, 0), 50'000u);
  EXPECT_EQ(loss_ppm(95, 6, 1), 50'000u);
  EXPECT_EQ(loss_ppm(95, 1, 5), 0u);
  EXPECT_EQ(loss_ppm(0, 7, 0), 1'000'000u);
}

TEST(FeedbackWindow, ClosesEvery750Ms) {
  FeedbackWindow window(at_ms(0));
  MediaReceiver::Stats stats;
  wire::Feedback feedback;
  window.write(feedback);
  EXPECT_EQ(feedback, wire::Feedback{});

  stats.packets_received = 900;
  stats.recovered_shards = 100;
  stats.lost_head = 3;
  EXPECT_FALSE(window.update(stats, 2, at_ms(749)));
  EXPECT_TRUE(window.update(stats, 2, at_ms(760)));
  EXPECT_EQ(window.due(), at_ms(1500)) << "keeps its beat";
  window.write(feedback);
  EXPECT_EQ(feedback.window, 1u);
  EXPECT_EQ(feedback.loss_ppm, 100'000u);
  EXPECT_EQ(feedback.packets, 900u);
  EXPECT_EQ(feedback.lost_head, 3u);
  EXPECT_EQ(feedback.lost_mid, std::nullopt);
  EXPECT_EQ(feedback.dropped, 2u);

  stats.packets_received = 1000;
  EXPECT_TRUE(window.update(stats, 2, at_ms(9000)));
  EXPECT_EQ(window.due(), at_ms(9750)) << "one window after a stall, not many";
  wire::Feedback second;
  window.write(second);
  EXPECT_EQ(second.window, 2u);
  EXPECT_EQ(second.loss_ppm, 0u) << "the window's own packets only";
  EXPECT_EQ(second.packets, 1000u);
  EXPECT_EQ(second.lost_head, std::nullopt);
  EXPECT_EQ(second.dropped, std::nullopt);
}

TEST(Recovery, RepeatsEveryFrameIntervalUntilAnswered) {
  Recovery recovery(50);  // 20 ms
  EXPECT_FALSE(recovery.next(at_ms(0)));
  EXPECT_FALSE(recovery.next_deadline());
  recovery.on_frames_lost({6, 6}, at_ms(0));
  const auto ask = recovery.next(at_ms(0));
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->number, 1u);
  wire::Feedback feedback;
  ask->write(feedback);
  EXPECT_EQ(feedback.ask, 1u);
  EXPECT_EQ(feedback.keyframe, true);

  EXPECT_FALSE(recovery.next(at_ms(19)));
  EXPECT_EQ(recovery.next_deadline(), at_ms(20));
  recovery.on_frames_lost({6, 6}, at_ms(19));
  recovery.on_frame_undecodable(std::nullopt, at_ms(19));
  EXPECT_EQ(recovery.next(at_ms(20))->number, 1u) << "further losses belong to the open ask";
  recovery.on_frame(7, wire::kFlagPicture, at_ms(25));
  EXPECT_TRUE(recovery.is_waiting());
  recovery.on_frame(8, wire::kFlagPicture | wire::kFlagRecoveryPoint, at_ms(26));
  EXPECT_TRUE(recovery.is_waiting()) << "RECOVERY_POINT answers an invalidation only";
  recovery.on_frame(9, wire::kFlagPicture | wire::kFlagKeyframe, at_ms(30));
  EXPECT_FALSE(recovery.is_waiting());
  EXPECT_FALSE(recovery.next(at_ms(1000)));
  recovery.on_frames_lost({9, 9}, at_ms(1000));
  EXPECT_FALSE(recovery.next(at_ms(1000))) << "that one is answered";
  recovery.on_frames_lost({10, 10}, at_ms(1000));
  EXPECT_EQ(recovery.next(at_ms(1000))->number, 2u);
}

TEST(Recovery, AsksAnewAfter500Ms) {
  Recovery recovery(60);
  recovery.on_frames_lost({6, 6}, at_ms(0));
  std::uint16_t last = 0;
  int sent = 0;
  for (int ms = 0; ms < 500; ++ms) {
    if (const auto ask = recovery.next(at_ms(ms))) last = ask->number, ++sent;
  }
  EXPECT_EQ(last, 1u);
  EXPECT_EQ(sent, 30) << "every 17th ms, polled each ms";
  EXPECT_EQ(recovery.next(at_ms(500))->number, 2u);
  EXPECT_EQ(recovery.asks_opened(), 2u);
}

TEST(Recovery, ALossAfterTheAskWasDueAnswersAsksAtOnce) {
  Recovery recovery(60);
  recovery.on_frames_lost({6, 6}, at_ms(0));
  recovery.on_frames_lost({6, 6}, at_ms(149));
  recovery.on_frame_undecodable(std::nullopt, at_ms(400));
  EXPECT_EQ(recovery.asks_opened(), 1u) << "the same loss, or what hangs on it";
  recovery.on_frames_lost({6, 6}, at_ms(401));
  EXPECT_EQ(recovery.next(at_ms(401))->number, 2u) << "the keyframe itself was lost";
}

TEST(Recovery, FreshAsksInARowTakeLonger) {
  Recovery recovery(60);
  recovery.on_frames_lost({6, 6}, at_ms(0));
  std::vector<int> opened;
  for (int ms = 1; ms < 1100; ++ms) {  // something is lost all the time
    const auto before = recovery.asks_opened();
    recovery.on_frames_lost({6, 6}, at_ms(ms));
    if (recovery.asks_opened() != before) opened.push_back(ms);
  }
  EXPECT_EQ(opened, (std::vector<int>{150, 300, 600}));
  recovery.on_frame(5, wire::kFlagKeyframe, at_ms(1100));
  recovery.on_frames_lost({6, 6}, at_ms(1101));
  recovery.on_frames_lost({6, 6}, at_ms(1251));
  EXPECT_EQ(recovery.asks_opened(), 6u) << "an answer starts over";
}

TEST(Recovery, AnAnswerThatQueuesIsGivenThatMuchLonger) {
  Recovery recovery(60);
  recovery.set_queue(std::chrono::milliseconds(100));
  recovery.on_frames_lost({6, 6}, at_ms(0));
  recovery.on_frames_lost({6, 6}, at_ms(249));
  EXPECT_EQ(recovery.asks_opened(), 1u);
  recovery.on_frames_lost({6, 6}, at_ms(250));
  EXPECT_EQ(recovery.asks_opened(), 2u);
}

TEST(KeyframeThrottle, SpreadsWhatGoesOn) {
  KeyframeThrottle throttle;
  EXPECT_FALSE(throttle.next());
  std::vector<std::int64_t> at;
  for (TimePoint now = at_ms(0); now < at_ms(1700); now = *throttle.next()) {
    throttle.on_keyframe(now);
    at.push_back((now - at_ms(0)) / std::chrono::milliseconds(1));
  }
  EXPECT_EQ(at, (std::vector<std::int64_t>{0, 100, 200, 300, 400, 800, 1200, 1600}));
  // After a while of peace they may come closely again.
  const TimePoint later = at_ms(10'000);
  throttle.on_keyframe(later);
  EXPECT_EQ(*throttle.next() - later, KeyframeThrottle::kLeast);
}

TEST(BacklogWatch, JumpsWhenEveryItemWaitedLong) {
  using std::chrono::milliseconds;
  BacklogWatch watch(milliseconds(16));
  for (int ms = 0; ms < 250; ms += 16) EXPECT_FALSE(watch.on_item(milliseconds(60), at_ms(ms)));
  EXPECT_TRUE(watch.on_item(milliseconds(60), at_ms(256)));
  // Behind again at once: each jump waits twice as long as the one before.
  std::vector<int> jumps;
  for (int ms = 257; ms < 20'000; ++ms) {
    if (watch.on_item(milliseconds(60), at_ms(ms))) jumps.push_back(ms);
  }
  EXPECT_EQ(jumps, (std::vector<int>{1256, 3256, 7256, 15256}));
}

TEST(BacklogWatch, ABurstThatIsWorkedOffPasses) {
  using std::chrono::milliseconds;
  BacklogWatch watch(milliseconds(16));
  // 120 ms of frames at once, decoded in 8 ms each: half of what the next frames take to come.
  for (int round = 0; round < 20; ++round) {
    for (int waited = 120; waited >= 0; waited -= 8) {
      EXPECT_FALSE(watch.on_item(milliseconds(waited), at_ms(round * 400 + 120 - waited)));
    }
  }
  // At 20 frames per second a frame under way is no backlog.
  BacklogWatch slow(milliseconds(50));
  for (int ms = 0; ms < 2000; ms += 50) EXPECT_FALSE(slow.on_item(milliseconds(90), at_ms(ms)));
}

TEST(Recovery, NumbersSkipZero) {
  Recovery recovery(60);
  std::uint16_t number = 0;
  for (int i = 0; i < 65536; ++i) {
    recovery.on_frames_lost({6, 6}, at_ms(i));
    number = recovery.next(at_ms(i))->number;
    recovery.on_frame(0, wire::kFlagKeyframe, at_ms(i));
  }
  EXPECT_EQ(number, 1u);
}

TEST(Recovery, IntervalIsHeldBetween30And240) {
  for (const auto& [refresh, us] : {std::pair{0u, 33'334}, {10u, 33'334}, {1000u, 4'167}}) {
    Recovery recovery(refresh);
    recovery.on_frames_lost({6, 6}, at_ms(0));
    EXPECT_TRUE(recovery.next(at_ms(0)));
    EXPECT_FALSE(recovery.next(at_ms(0) + std::chrono::microseconds(us - 2)));
    EXPECT_TRUE(recovery.next(at_ms(0) + std::chrono::microseconds(us)));
  }
}

TEST(AskReader, ActsOncePerNumber) {
  AskReader reader;
  wire::Feedback feedback;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::none);
  feedback.ask = 1;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::none) << "asks for nothing";
  feedback.keyframe = true;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::keyframe);
  EXPECT_EQ(reader.read(feedback), AskReader::Action::none);
  feedback.ask = 3;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::keyframe);
  feedback.ask = 2;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::none);
  feedback.ask = 4;
  feedback.keyframe.reset();
  feedback.invalidate_first = 10;
  feedback.invalidate_last = 12;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::invalidate);
  EXPECT_EQ(reader.read(feedback), AskReader::Action::none);
  feedback.ask = 5;
  feedback.invalidate_last = 10 + 255;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::invalidate);
  feedback.ask = 6;
  feedback.invalidate_last = 10 + 256;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::keyframe) << "more than section 17 allows";
  feedback.ask = 7;
  feedback.invalidate_last = 9;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::keyframe) << "ends before it begins";
  feedback.ask = 8;
  feedback.invalidate_last = 12;
  feedback.keyframe = true;
  EXPECT_EQ(reader.read(feedback), AskReader::Action::keyframe) << "overrides invalidation";
}

TEST(AskReader, ResendsOncePerNumberBesideTheAsks) {
  AskReader reader;
  wire::Feedback request;
  request.ask = 5;
  request.resend_frame = 70;
  EXPECT_FALSE(reader.read_resend(request)) << "names no shard";
  request.resend_shards = {1, 2};
  EXPECT_EQ(reader.read(request), AskReader::Action::none);
  EXPECT_TRUE(reader.read_resend(request));
  EXPECT_FALSE(reader.read_resend(request));
  wire::Feedback ask;
  ask.ask = 4;
  ask.keyframe = true;
  EXPECT_EQ(reader.read(ask), AskReader::Action::keyframe) << "overtaken by a request, and still valid";
  request.ask = 4;
  EXPECT_FALSE(reader.read_resend(request));
}

TEST(ParityControl, CountsWhatWasSentAgainAsLost) {
  ParityControl control;
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 0;
  feedback.packets = 900;
  control.on_sent_again(100);
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_DOUBLE_EQ(control.window_loss(), 0.1);
  feedback.window = 2;
  feedback.packets = 1800;
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_DOUBLE_EQ(control.window_loss(), 0) << "once only";
}

TEST(ParityControl, LossOfAFullQueueBuysNoParity) {
  ParityControl control;
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 10'000;
  feedback.packets = 1000;
  EXPECT_TRUE(control.on_feedback(feedback));
  const auto before = control.percent_for(20);
  control.on_rate_lowered();
  feedback.window = 2;
  feedback.loss_ppm = 150'000;
  feedback.packets = 2000;
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_LE(control.percent_for(20), before);
  feedback.window = 3;
  feedback.packets = 3000;
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_GT(control.percent_for(20), before) << "it goes on at the lower rate: it is the link's own";
}

TEST(ParityControl, RequestsBeforeTheFirstWindowRaiseParityAtOnce) {
  ParityControl control;
  const auto before = control.percent_for(15);
  control.on_sent_again(0);
  EXPECT_EQ(control.percent_for(15), before);
  control.on_sent_again(3);
  EXPECT_GE(control.percent_for(15), 25u) << "more than three shards of fifteen";
}

TEST(ParityControl, ANearClientNeedsLess) {
  ParityControl far, near;
  wire::Feedback feedback;
  feedback.loss_ppm = 50'000;
  for (std::uint32_t i = 1; i <= 45; ++i) {
    feedback.window = i;
    feedback.packets = 1000 * i;
    if (i == 3) near.on_sent_again(1);
    EXPECT_TRUE(far.on_feedback(feedback));
    EXPECT_TRUE(near.on_feedback(feedback));
    if (i == 3) {
      EXPECT_LT(near.percent_for(15), far.percent_for(15));
    }
  }
  EXPECT_EQ(near.percent_for(15), far.percent_for(15)) << "it has not asked for 30 s";
}

TEST(ParityControl, ReadsEachWindowOnce) {
  ParityControl control;
  EXPECT_EQ(control.percent(), 10u);
  wire::Feedback feedback;
  EXPECT_FALSE(control.on_feedback(feedback));
  feedback.window = 1;
  feedback.loss_ppm = 100'000;
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_EQ(control.percent(), 15u);
  feedback.loss_ppm = 0;
  EXPECT_FALSE(control.on_feedback(feedback));
  EXPECT_EQ(control.percent(), 15u);
  feedback.window = 0xFFFFFFFF;  // older, by half-space order
  EXPECT_FALSE(control.on_feedback(feedback));
  feedback.window = 2;
  EXPECT_TRUE(control.on_feedback(feedback));
  EXPECT_EQ(control.percent(), 5u);
}

TEST(ParityControl, AnyLossFigureIsHeld) {
  for (const std::uint32_t ppm : {0u, 1u, 1'000'000u, 0xFFFFFFFFu}) {
    EXPECT_GE(adaptive_parity_percent(ppm), 5u);
    EXPECT_LE(adaptive_parity_percent(ppm), 50u);
    ParityControl control;
    wire::Feedback feedback;
    feedback.window = 1;
    feedback.loss_ppm = ppm;
    feedback.packets = 0xFFFFFFFFFFFFFFFF;
    feedback.lost_head = feedback.lost_mid = feedback.lost_tail = 0xFFFFFFFF;
    EXPECT_TRUE(control.on_feedback(feedback));
    for (const std::uint32_t k : {0u, 1u, 7u, 4096u, 65535u}) {
      EXPECT_GE(control.percent_for(k), 5u);
      EXPECT_LE(control.percent_for(k), 90u);
    }
  }
}

// What percent_for is for: at 5 % loss a frame of 13 shards must practically always survive.
TEST(ParityControl, SmallFramesSurviveTheReportedLoss) {
  ParityControl control;
  EXPECT_EQ(control.percent_for(13), 10u);
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 50'000;
  control.on_feedback(feedback);
  const std::uint64_t seed = 3;
  SCOPED_TRACE("seed 3");
  std::mt19937_64 random(seed);
  std::bernoulli_distribution lost(0.05);
  for (const std::uint32_t k : {5u, 13u, 30u, 100u, 400u}) {
    const std::uint32_t m = fec::parity_count(k, control.percent_for(k), 4096, 10, fec::Scheme::gf16);
    int failed = 0;
    for (int i = 0; i < 20'000; ++i) {
      std::uint32_t gone = 0;
      for (std::uint32_t s = 0; s < k + m; ++s) gone += lost(random);
      failed += gone > m;
    }
    EXPECT_LE(failed, 3) << "k " << k << ", m " << m;
  }
}

TEST(ParityControl, LossBeyondRepairRaisesIt) {
  ParityControl control;
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 0;  // nothing could be rebuilt
  feedback.packets = 900;
  feedback.lost_mid = 100;
  control.on_feedback(feedback);
  EXPECT_GT(control.percent_for(20), 30u);
}

class Clock : public testing::Test {
 protected:
  // The host's clock is 50 ms ahead; the way there and back takes rtt, unevenly by skew.
  void answer(std::uint64_t t1, Duration rtt, Duration skew = {}) {
    const Duration there = rtt / 2 + skew;
    const std::uint64_t t2 = t1 + static_cast<std::uint64_t>((there + kAhead).count());
    now_ = TimePoint(Duration(static_cast<std::int64_t>(t1))) + rtt;
    sync_.on_echo(t1, t2, t2, now_);
  }
  std::optional<std::uint64_t> probe() { return sync_.next_probe(now_); }
  void start() {
    for (int i = 0; i < 8; ++i) answer(*probe(), std::chrono::microseconds(500));
  }
  // A later batch, each answered after rtt.
  void batch(Duration rtt) {
    now_ = sync_.next_deadline();
    std::vector<std::uint64_t> sent;
    while (sent.size() < 8) {
      const auto t1 = probe();
      ASSERT_TRUE(t1);
      sent.push_back(*t1);
      if (sent.size() < 8) {
        EXPECT_EQ(sync_.next_deadline() - now_, std::chrono::milliseconds(7));
        now_ = sync_.next_deadline();
      }
    }
    for (const std::uint64_t t1 : sent) answer(t1, rtt);
  }

  static constexpr Duration kAhead = std::chrono::milliseconds(50);
  TimePoint now_ = at_ms(0);
  ClockSync sync_{at_ms(0)};
};

TEST_F(Clock, EightRoundsTheLeastRoundTripWins) {
  EXPECT_FALSE(sync_.estimate());
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(sync_.is_started());
    const auto t1 = probe();
    ASSERT_TRUE(t1);
    EXPECT_FALSE(probe()) << "one at a time";
    const bool best = i == 3;
    answer(*t1, best ? std::chrono::milliseconds(1) : std::chrono::milliseconds(5),
           best ? Duration::zero() : std::chrono::milliseconds(2));
  }
  EXPECT_TRUE(sync_.is_started());
  EXPECT_EQ(sync_.estimate()->rtt_ns, 1'000'000);
  EXPECT_EQ(sync_.estimate()->offset_ns, 50'000'000);
  EXPECT_EQ(sync_.host_ns(now_), static_cast<std::int64_t>(ClockSync::client_ns(now_)) + 50'000'000);
  EXPECT_EQ(sync_.next_deadline(), at_ms(60'000));
}

TEST_F(Clock, MissingEchoesAreNotFatal) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(probe());
    now_ += std::chrono::milliseconds(1999);
    EXPECT_FALSE(probe());
    now_ += std::chrono::milliseconds(1);
  }
  EXPECT_FALSE(probe());
  EXPECT_TRUE(sync_.is_started());
  EXPECT_FALSE(sync_.estimate());
  now_ = sync_.next_deadline();
  EXPECT_TRUE(probe());
}

TEST_F(Clock, ForeignEchoesAreIgnored) {
  const auto t1 = probe();
  sync_.on_echo(*t1 + 1, 0, 0, now_);
  EXPECT_FALSE(sync_.estimate());
  // A host that claims it took longer than the whole round trip.
  sync_.on_echo(*t1, 0, 1'000'000'000, now_ + std::chrono::milliseconds(1));
  EXPECT_FALSE(sync_.estimate());
  sync_.on_echo(*t1, 0, 0, now_);
  EXPECT_FALSE(sync_.estimate()) << "each probe has one echo";
}

TEST_F(Clock, LaterBatchesMustBeGood) {
  start();
  EXPECT_EQ(sync_.estimate()->rtt_ns, 500'000);
  batch(std::chrono::microseconds(1900));  // ≤ 2 ms
  EXPECT_EQ(sync_.estimate()->rtt_ns, 1'900'000);
  batch(std::chrono::milliseconds(9));
  batch(std::chrono::milliseconds(7));
  EXPECT_EQ(sync_.estimate()->rtt_ns, 1'900'000) << "refused twice";
  batch(std::chrono::milliseconds(8));
  EXPECT_EQ(sync_.estimate()->rtt_ns, 7'000'000) << "the best of the three refused";
  batch(std::chrono::milliseconds(10));
  EXPECT_EQ(sync_.estimate()->rtt_ns, 10'000'000) << "within 1.5 times of the new best";
}

}  // namespace
}  // namespace punktfunk::media
