// SPDX-License-Identifier: MIT OR Apache-2.0
// Adaptive bitrate against a link of a few lines: a rate, a queue, a share lost.
#include "core/session/rate_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "core/session/bitrate_grant.h"
#include "core/session/parity_control.h"
#include "core/session/wire_budget.h"

namespace punktfunk::media {
namespace {

using namespace std::chrono_literals;
using Cause = RateControl::Cause;
using Reason = wire::BitrateReason;

constexpr TimePoint kBegin{1000s};
constexpr Duration kInterval = 16'666'667ns;

constexpr BitRate mbps(std::uint64_t value) { return BitRate::from_kbps(value * 1000); }

// A host that sends frames of the rate's size, and grants everything at once.
class Stream {
 public:
  explicit Stream(BitRate rate) : control({rate, rate, mbps(1), kInterval}, kBegin), rate_(rate) {}

  BitRate link = mbps(1000);
  Duration base = 5ms;
  Duration queue_limit = 300ms;
  double loss = 0;       // of the packets
  bool repaired = true;  // by parity
  double used = 1;       // of the rate, by the encoder
  Duration encode{}, decode{};
  bool reports_timing = false;
  bool silent = false;
  RateControl control;
  std::vector<std::pair<TimePoint, BitRate>> asks;
  std::vector<Cause> causes;  // of those
  BitRate lowest = mbps(10'000);
  Duration longest_queue{};

  void run(Duration time) {
    const TimePoint end = now_ + time;
    for (; now_ < end; now_ += kInterval) {
      while (!arriving_.empty() && arriving_.front().at <= now_) arrive();
      if (!silent) send_frame();
      if (now_ < control.next_deadline()) continue;
      if (const auto asked = control.update(stats_, now_)) {
        asks.emplace_back(now_, *asked);
        causes.push_back(control.cause());
        wire::BitrateChanged answer;
        answer.bitrate_kbps = static_cast<std::uint32_t>(asked->kbps());
        control.on_bitrate_changed(answer, now_);
        rate_ = control.rate();
      }
      lowest = std::min(lowest, rate_);
    }
  }
  [[nodiscard]] TimePoint now() const { return now_; }

 private:
  void send_frame() {
    const auto bytes = static_cast<std::uint64_t>(static_cast<double>(rate_.bits_per_second) * used / 8 *
                                                  to_seconds(kInterval));
    free_at_ = std::max(free_at_, now_);
    const Duration queue = free_at_ - now_;
    longest_queue = std::max(longest_queue, queue);
    if (queue > queue_limit) {
      stats_.lost_mid += bytes / 1400;
      ++stats_.frames_lost;
      return;
    }
    const TimePoint first = free_at_ + encode + base;
    free_at_ += link.time_for(bytes);
    arriving_.push_back({now_, first, std::max(first, free_at_ + base), bytes, encode});
  }

  void arrive() {
    const Arriving frame = arriving_.front();
    arriving_.pop_front();
    const auto capture = static_cast<std::uint64_t>(frame.captured.time_since_epoch().count());
    // The receiver's clock runs somewhere else.
    control.on_arrival({capture, frame.first - 77s});
    if (reports_timing) {
      wire::HostTiming timing;
      timing.pts_ns = capture;
      timing.queue_us = 0;
      timing.encode_us = static_cast<std::uint32_t>(frame.encode / 1us);
      control.on_host_timing(timing);
    }
    if (decode != Duration::zero()) control.on_decoded(decode);
    lost_ += loss * static_cast<double>(frame.bytes) / 1400;
    const auto lost = static_cast<std::uint64_t>(lost_);
    lost_ -= static_cast<double>(lost);
    const std::uint64_t packets = frame.bytes / 1400 + 1;
    stats_.packets_received += packets - std::min(packets, lost);
    stats_.bytes_received += frame.bytes;
    stats_.lost_mid += lost;
    if (lost > 0 && !repaired) ++stats_.frames_lost;
  }

  struct Arriving {
    TimePoint captured, first, at;
    std::uint64_t bytes;
    Duration encode;
  };
  std::deque<Arriving> arriving_;
  MediaReceiver::Stats stats_;
  BitRate rate_;
  TimePoint now_ = kBegin;
  TimePoint free_at_ = kBegin;
  double lost_ = 0;
};

TEST(RateControl, AsksForNothingWhileAllIsWell) {
  Stream stream(mbps(20));
  stream.run(60s);
  EXPECT_TRUE(stream.asks.empty());
}

TEST(RateControl, GoesBelowALinkThatIsTooNarrowAndStaysThere) {
  Stream stream(mbps(20));
  stream.run(5s);
  stream.link = mbps(8);
  const TimePoint narrow = stream.now();
  stream.run(1s);
  ASSERT_FALSE(stream.asks.empty());
  EXPECT_LE(stream.asks[0].first - narrow, 350ms);
  EXPECT_LT(stream.asks[0].second, mbps(10)) << "the step it was found in began before";
  EXPECT_LT(stream.control.rate(), mbps(8));
  EXPECT_EQ(stream.causes[0], Cause::delay);
  stream.run(3s);
  stream.lowest = mbps(1000);
  stream.longest_queue = {};
  stream.run(60s);
  EXPECT_GE(stream.lowest, mbps(5));
  EXPECT_LE(stream.longest_queue, 100ms);
  EXPECT_NEAR(stream.control.link_kbps().value(), 8000, 1600);
}

TEST(RateControl, ComesBackWhenTheLinkDoes) {
  Stream stream(mbps(20));
  stream.run(5s);
  stream.link = mbps(6);
  stream.run(20s);
  stream.link = mbps(100);
  stream.run(15s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
}

TEST(RateControl, ALongerPathIsNotAQueue) {
  Stream stream(mbps(20));
  stream.run(20s);
  stream.base = 60ms;
  stream.run(40s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
}

TEST(RateControl, ARepairedLossCostsNoRate) {
  Stream stream(mbps(20));
  stream.loss = 0.08;
  stream.run(60s);
  EXPECT_TRUE(stream.asks.empty());
}

TEST(RateControl, LossBeyondParityLowersTheRateOnlyAsLongAsItHelps) {
  Stream stream(mbps(20));
  stream.run(5s);
  stream.loss = 0.1;
  stream.repaired = false;
  stream.run(2s);
  EXPECT_EQ(stream.control.cause(), Cause::loss);
  stream.run(28s);
  // 0.85 twice is 14.4; a radio that loses a tenth of anything is not helped by less.
  EXPECT_GE(stream.lowest, mbps(12));
}

TEST(RateControl, SilenceSaysNothing) {
  Stream stream(mbps(20));
  stream.run(5s);
  stream.silent = true;
  stream.run(30s);
  stream.silent = false;
  stream.run(5s);
  EXPECT_TRUE(stream.asks.empty());
}

TEST(RateControl, ClimbsOnlyOnWhatArrives) {
  Stream stream(mbps(20));
  stream.link = mbps(4);
  stream.run(5s);
  ASSERT_LT(stream.control.rate(), mbps(6));
  // A desktop that needs a tenth of its rate proves nothing about more.
  stream.link = mbps(100);
  stream.used = 0.1;
  stream.run(1s);
  const BitRate quiet = stream.control.rate();
  stream.run(20s);
  EXPECT_LE(stream.control.rate(), quiet);
  stream.used = 1;
  stream.run(15s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
}

TEST(RateControl, AnotherPictureDeservesAnotherRate) {
  Stream stream(mbps(10));
  stream.run(5s);
  // Four times the pixels; the host says what it gives them.
  stream.control.on_picture_changed(4, kInterval);
  stream.control.on_bitrate_changed({40'000, wire::BitrateReason::granted}, stream.now());
  stream.run(10s);
  EXPECT_EQ(stream.control.rate(), mbps(40)) << "and it stays";
  EXPECT_TRUE(stream.asks.empty());
  // Back again, and a host that says nothing: the client does not hold on to what it no longer needs.
  stream.control.on_picture_changed(1, kInterval);
  stream.run(10s);
  EXPECT_EQ(stream.control.rate(), mbps(10));
  // A host that gives a smaller picture less has not said that it could do no more.
  stream.control.on_picture_changed(0.5, kInterval);
  stream.control.on_bitrate_changed({5'000, wire::BitrateReason::granted}, stream.now());
  stream.control.on_picture_changed(2, kInterval);
  stream.control.on_bitrate_changed({20'000, wire::BitrateReason::granted}, stream.now());
  stream.run(5s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
  // A size that nobody can mean takes no more than the protocol knows.
  stream.control.on_picture_changed(1e30, kInterval);
  stream.run(60s);
  EXPECT_LE(stream.control.rate(), mbps(10'000));
}

TEST(RateControl, ASlowEncoderIsNotASlowLink) {
  Stream stream(mbps(20));
  stream.reports_timing = true;
  stream.encode = 2ms;
  stream.run(5s);
  stream.encode = 15ms + 500us;  // less than an interval, more than a standing queue
  stream.run(20s);
  EXPECT_TRUE(stream.asks.empty());
  stream.link = mbps(8);
  stream.run(2s);
  ASSERT_FALSE(stream.causes.empty());
  EXPECT_EQ(stream.causes[0], Cause::delay);
}

TEST(RateControl, DecodingThatTakesTheWholeIntervalLowersTheRate) {
  Stream stream(mbps(20));
  stream.decode = 10ms;
  stream.run(5s);
  EXPECT_TRUE(stream.asks.empty());
  stream.decode = 20ms;
  stream.run(1500ms);
  ASSERT_FALSE(stream.asks.empty());
  EXPECT_EQ(stream.control.cause(), Cause::decode);
  EXPECT_EQ(stream.asks[0].second, mbps(16));
  stream.run(30s);
  EXPECT_GE(stream.lowest, mbps(5)) << "its fixed part stays";
}

TEST(RateControl, APinnedRateIsLeftAlone) {
  Stream stream(mbps(20));
  wire::BitrateChanged pinned;
  pinned.bitrate_kbps = 20'000;
  pinned.reason = Reason::pinned;
  stream.control.on_bitrate_changed(pinned, stream.now());
  stream.link = mbps(5);
  stream.run(20s);
  EXPECT_TRUE(stream.asks.empty());
}

TEST(RateControl, TheGovernorSetsACeilingAndLiftsIt) {
  Stream stream(mbps(20));
  stream.run(2s);
  wire::BitrateChanged ceiling;
  ceiling.bitrate_kbps = 7'000;
  ceiling.reason = Reason::governor;
  stream.control.on_bitrate_changed(ceiling, stream.now());
  EXPECT_EQ(stream.control.rate(), mbps(7));
  stream.run(20s);
  EXPECT_EQ(stream.control.rate(), mbps(7));
  ceiling.bitrate_kbps = 0;
  stream.control.on_bitrate_changed(ceiling, stream.now());
  stream.run(20s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
}

TEST(RateControl, WhatTheHostManagesIsAskedForAgainLater) {
  Stream stream(mbps(20));
  stream.run(2s);
  wire::BitrateChanged less;
  less.bitrate_kbps = 9'000;
  less.reason = Reason::cadence;
  stream.control.on_bitrate_changed(less, stream.now());
  EXPECT_EQ(stream.control.rate(), mbps(9));
  EXPECT_EQ(stream.control.cause(), Cause::host);
  stream.run(9s);
  EXPECT_EQ(stream.control.rate(), mbps(9));
  stream.run(10s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
}

TEST(RateControl, WhatTheHostManagesAgainIsNotHeldBack) {
  Stream stream(mbps(20));
  stream.run(2s);
  stream.control.on_bitrate_changed({9'000, Reason::cadence}, stream.now());
  stream.run(1s);
  stream.control.on_bitrate_changed({20'000, Reason::granted}, stream.now());
  stream.run(2s);
  EXPECT_EQ(stream.control.rate(), mbps(20));
  EXPECT_FALSE(stream.control.link_kbps()) << "none of it was the link";
}

TEST(RateControl, AnAnswerToAnEarlierAskDoesNotUndoALaterOne) {
  RateControl control({mbps(20), mbps(20), mbps(1), kInterval}, kBegin);
  MediaReceiver::Stats stats;
  std::vector<BitRate> asks;
  TimePoint now = kBegin;
  for (int frame = 0; asks.size() < 2 && frame < 600; ++frame, now += kInterval) {
    stats.bytes_received += 10'000;
    stats.packets_received += 7;
    const auto capture = static_cast<std::uint64_t>(now.time_since_epoch().count());
    control.on_arrival({capture, now + frame * 8ms});  // a queue that grows whatever happens
    if (const auto asked = control.update(stats, now)) asks.push_back(*asked);
  }
  ASSERT_EQ(asks.size(), 2u);
  wire::BitrateChanged answer;
  answer.bitrate_kbps = static_cast<std::uint32_t>(asks[0].kbps());
  control.on_bitrate_changed(answer, now);
  EXPECT_EQ(control.rate(), asks[1]);
}

TEST(RateControl, APipelineGapDiscardsWhatWasMeasured) {
  for (const bool told : {false, true}) {
    RateControl control({mbps(20), mbps(20), mbps(1), kInterval}, kBegin);
    MediaReceiver::Stats stats;
    int asks = 0;
    TimePoint now = kBegin;
    for (int frame = 0; frame < 240; ++frame, now += kInterval) {
      stats.bytes_received += 40'000;
      stats.packets_received += 29;
      const auto capture = static_cast<std::uint64_t>(now.time_since_epoch().count());
      const bool slow = frame >= 120 && frame < 132;  // 200 ms in which everything is late
      control.on_arrival({capture, now + (slow ? 80ms : 5ms)});
      if (frame == 131 && told) control.on_pipeline_gap(now);
      if (frame >= 120 && frame < 131 && told) control.on_pipeline_gap(now);
      if (control.update(stats, now)) ++asks;
    }
    EXPECT_EQ(asks == 0, told);
  }
}

TEST(WireBudget, ParityUpMeansEncoderRateDown) {
  ParityControl parity;
  const BitRate budget = mbps(20);
  const BitRate before = encoder_share(budget, 60, 1408, parity);
  EXPECT_LT(before, budget);
  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 50'000;
  feedback.packets = 1000;
  ASSERT_TRUE(parity.on_feedback(feedback));
  const BitRate after = encoder_share(budget, 60, 1408, parity);
  EXPECT_LT(after, before);
  // What the encoder may make, with its parity and framing, fits the budget.
  const double frame = static_cast<double>(after.bits_per_second) / 8 / 60;
  const double shards = frame / 1408;
  const double m = std::max(2.0, shards * parity.percent_for(static_cast<std::uint32_t>(shards)) / 100);
  EXPECT_LE((shards + m) * 1454 * 8 * 60, static_cast<double>(budget.bits_per_second) * 1.03);
}

TEST(WireBudget, LeavesAThirdToTheSmallestStreams) {
  const ParityControl parity;
  EXPECT_GE(encoder_share(BitRate::from_kbps(500), 240, 1408, parity).kbps(), 160u);
}

TEST(BitrateGrant, ClampsAndSaysWhy) {
  const BitrateBounds bounds{.most = mbps(50)};
  const auto granted = [&](std::uint32_t kbps) { return grant_bitrate(kbps, mbps(10), bounds); };
  EXPECT_EQ(granted(12'000).bitrate_kbps, 12'000u);
  EXPECT_EQ(granted(12'000).reason, Reason::granted);
  EXPECT_EQ(granted(0).bitrate_kbps, 500u);
  EXPECT_EQ(granted(0).reason, Reason::encoder_limit);
  EXPECT_EQ(granted(4'000'000'000).bitrate_kbps, 50'000u);
  EXPECT_EQ(granted(4'000'000'000).reason, Reason::encoder_limit);
  const auto pinned = grant_bitrate(12'000, mbps(10), {.most = mbps(50), .is_pinned = true});
  EXPECT_EQ(pinned.bitrate_kbps, 10'000u);
  EXPECT_EQ(pinned.reason, Reason::pinned);
}

}  // namespace
}  // namespace punktfunk::media
