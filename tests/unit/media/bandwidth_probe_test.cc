// SPDX-License-Identifier: MIT OR Apache-2.0
// Bandwidth probes and the speed test made of them, in virtual time over simulated links.
#include "core/session/bandwidth_probe.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "core/session/speed_test.h"
#include "core/wire/media_header.h"
#include "media_pair.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::media {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 20261122;
constexpr std::size_t kDatagram = 1454;

wire::ProbeRequest request(std::uint32_t kbps, std::uint32_t ms) {
  wire::ProbeRequest request;
  request.target_kbps = kbps;
  request.duration_ms = ms;
  return request;
}

// ------------------------------------------------------------------------------------------------ the gate
TEST(ProbeGate, OneInTenSecondsAndOneAtATime) {
  ProbeGate gate;
  EXPECT_TRUE(gate.admit(request(20'000, 2000), false, at_ms(0)));
  EXPECT_FALSE(gate.admit(request(20'000, 2000), false, at_ms(11'000))) << "the first still runs";
  gate.finished();
  EXPECT_FALSE(gate.admit(request(20'000, 2000), false, at_ms(9'999)));
  EXPECT_FALSE(gate.admit(request(20'000, 50), false, at_ms(9'999))) << "a step, but there is no ramp";
  EXPECT_TRUE(gate.admit(request(20'000, 2000), false, at_ms(10'000)));
}

TEST(ProbeGate, StepsOfARampNeedNoSpacing) {
  ProbeGate gate;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(gate.admit(request(20'000, 50), true, at_ms(i)));
    EXPECT_FALSE(gate.admit(request(20'000, 50), true, at_ms(i))) << "one at a time";
    gate.finished();
  }
  EXPECT_TRUE(gate.admit(request(20'000, 51), true, at_ms(20))) << "the first long one";
  gate.finished();
  EXPECT_FALSE(gate.admit(request(20'000, 51), true, at_ms(21)));
}

TEST(ProbeGate, HostileRequestsAreClampedOrDeclined) {
  ProbeGate gate;
  EXPECT_FALSE(gate.admit(request(0, 2000), true, at_ms(0)));
  EXPECT_FALSE(gate.admit(request(2000, 0), true, at_ms(0)));
  wire::ProbeRequest worst;
  worst.target_kbps = worst.duration_ms = worst.group_bytes = worst.group_rate_kbps = UINT32_MAX;
  worst.burst_hz = UINT16_MAX;
  const auto admitted = gate.admit(worst, true, at_ms(0));
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->target_kbps, wire::kMaxProbeKbps);
  EXPECT_EQ(admitted->duration_ms, wire::kMaxProbeMs);
  EXPECT_TRUE(gate.is_spent()) << "10 Gbit/s for 5 s are 6.25 GB";
}

// ------------------------------------------------------------------------------------------------ releases
struct Sent {
  std::uint64_t bytes = 0;
  std::size_t largest = 0;  // bytes released at once
  TimePoint last{};
  int releases = 0;
};
Sent run(const wire::ProbeRequest& asked, Duration late = Duration::zero()) {
  BandwidthProbe probe(asked, kDatagram, at_ms(0));
  Sent run;
  TimePoint now = at_ms(0);
  while (const auto release = probe.next(now)) {
    if (release->not_before > now) {
      now = release->not_before + late;
      continue;  // what a woken sender does: it asks again
    }
    EXPECT_GE(release->datagrams, 1u);
    const std::size_t bytes = release->datagrams * kDatagram;
    run.bytes += bytes;
    run.largest = std::max(run.largest, bytes);
    run.last = now;
    probe.on_sent(release->datagrams, 0, now);
    if (++run.releases > 1'000'000) {
      ADD_FAILURE() << "does not end";
      break;
    }
  }
  return run;
}

TEST(BandwidthProbe, SendsWhatWasAskedForInTheTimeGiven) {
  for (const std::uint32_t kbps : {500u, 4'000u, 87'000u, 1'000'000u, 10'000'000u}) {
    for (const std::uint32_t ms : {50u, 2000u}) {
      const Sent sent = run(request(kbps, ms));
      const double asked = kbps * (ms / 8.0);
      EXPECT_LE(static_cast<double>(sent.bytes), asked + kDatagram) << kbps << " " << ms;
      EXPECT_GE(static_cast<double>(sent.bytes), asked * 0.97 - 2 * kDatagram) << kbps << " " << ms;
      EXPECT_LE(sent.last, at_ms(ms)) << kbps << " " << ms;
      EXPECT_LE(sent.largest, BandwidthProbe::kMostRelease);
    }
  }
}

TEST(BandwidthProbe, ALateSenderStaysWithinTheBound) {
  const Sent sent = run(request(1'000'000, 1000), 5ms);
  EXPECT_LE(sent.largest, BandwidthProbe::kMostRelease);
  EXPECT_LE(sent.bytes, 125'000'000u + kDatagram);
  EXPECT_GE(sent.bytes, 110'000'000u);
}

TEST(BandwidthProbe, TheSmallestRequestSendsOneDatagram) { EXPECT_EQ(run(request(1, 1)).bytes, kDatagram); }

TEST(BandwidthProbe, BurstsComeAtTheStartOfTheirPeriodInGroups) {
  wire::ProbeRequest asked = request(11'632, 1000);  // 1454 bytes a millisecond
  asked.burst_hz = 50;                               // 20 datagrams every 20 ms
  asked.group_bytes = 5 * kDatagram;
  asked.group_rate_kbps = 116'320;  // 0.5 ms a group
  BandwidthProbe probe(asked, kDatagram, at_ms(0));
  TimePoint now = at_ms(0);
  std::vector<std::pair<std::int64_t, std::size_t>> seen;  // us
  while (now < at_ms(25)) {
    const auto release = probe.next(now);
    ASSERT_TRUE(release);
    if (release->not_before > now) {
      now = release->not_before;
      continue;
    }
    seen.emplace_back((now - at_ms(0)).count() / 1000, release->datagrams);
    probe.on_sent(release->datagrams, 0, now);
  }
  ASSERT_GE(seen.size(), 8u);
  for (unsigned i = 0; i < 8; ++i) {
    EXPECT_NEAR(static_cast<double>(seen[i].first), (i / 4) * 20'000.0 + (i % 4) * 500.0, 2) << i;
    EXPECT_EQ(seen[i].second, 5u) << i;
  }
}

// ------------------------------------------------------------------------------------------------ a whole
// test A host's sender and a client's receiver with a simulated link between them. The client's requests and
// the host's results take 5 ms beside it.
class Link {
 public:
  Link(std::uint64_t seed, const sim::LinkOptions& link)
      : network_(seed), sender_(test_secret(), {}), receiver_(test_secret(), {}, 0), options_(link) {
    network_.set_link(0, 1, link);
  }

  ProbeFigures probe(const wire::ProbeRequest& asked) {
    receiver_.probe().start(asked, now_);
    now_ += 5ms;
    BandwidthProbe probe(asked, sender_.datagram_bytes(), now_);
    std::optional<TimePoint> result_at;
    wire::ProbeResult result;
    for (;;) {
      if (!result_at) {
        const auto release = probe.next(now_);
        if (!release) {
          result = probe.result(now_);
          // Reliable bytes wait in the same queue as the filler.
          result_at = now_ + options_.rate.time_for(options_.queue_bytes) + options_.delay;
        } else if (release->not_before <= now_) {
          send(probe, *release);
        }
      }
      while (const auto datagram = network_.receive(now_)) {
        Bytes bytes = datagram->bytes;
        EXPECT_EQ(receiver_.receive(bytes, now_), MediaReceiver::Outcome::probe);
      }
      if (result_at && now_ >= *result_at) receiver_.probe().on_result(result, now_);
      if (const auto figures = receiver_.probe().poll(now_)) return *figures;
      TimePoint next = now_ + 50ms;
      if (const auto arrival = network_.next_arrival()) next = std::min(next, *arrival);
      if (result_at && *result_at > now_) next = std::min(next, *result_at);
      if (const auto due = receiver_.probe().next_deadline())
        next = std::min(next, std::max(*due, now_ + 1us));
      if (!result_at) {
        if (const auto release = probe.next(now_))
          next = std::min(next, release->not_before);
        else
          next = now_;
      }
      now_ = next;
    }
  }

 private:
  void send(BandwidthProbe& probe, const BandwidthProbe::Release& release) {
    for (std::size_t left = release.datagrams; left > 0;) {
      if (sender_.filler_ready() == 0 || !probe.has_unit()) {
        const auto us =
            std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count();
        sender_.begin_filler(probe.request().filler_bytes(), static_cast<std::uint32_t>(us), 10);
        probe.on_unit(probe.request().filler_bytes());
      }
      const MutableBytes run = sender_.seal_filler(left);
      for (std::size_t at = 0; at < run.size(); at += sender_.datagram_bytes()) {
        network_.send(now_, 0, 1, run.subspan(at, sender_.datagram_bytes()));
        --left;
      }
    }
    probe.on_sent(release.datagrams, 0, now_);
  }

  sim::SimNetwork network_;
  MediaSender sender_;
  MediaReceiver receiver_;
  const sim::LinkOptions options_;
  TimePoint now_ = at_ms(0);
};

struct Row {
  std::uint32_t link_kbps;
  double loss;
  Duration jitter;
};

TEST(SpeedTest, FindsTheRateAndTheLossOfALink) {
  std::printf("seed %llu\n  link  loss jitter | found  loss jitter growth  safe probes\n",
              static_cast<unsigned long long>(kSeed));
  for (const Row& row : {Row{2'000, 0, 0ms}, Row{5'000, 0, 0ms}, Row{5'000, 0.02, 2ms}, Row{20'000, 0, 0ms},
                         Row{20'000, 0.01, 3ms}, Row{87'000, 0.003, 1ms}, Row{300'000, 0, 0ms},
                         Row{300'000, 0.02, 1ms}, Row{800'000, 0, 0ms}}) {
    SCOPED_TRACE(row.link_kbps);
    sim::LinkOptions options;
    options.delay = 10ms;
    options.jitter = row.jitter;
    options.loss = row.loss;
    options.rate = BitRate::from_kbps(row.link_kbps);
    Link link(kSeed, options);
    SpeedTest test(true);
    int probes = 1;
    auto next = test.next(link.probe(test.first()));
    for (; next; ++probes) next = test.next(link.probe(*next));
    ASSERT_TRUE(test.verdict());
    const SpeedVerdict& verdict = *test.verdict();
    std::printf("%6.1f %4.1f%% %4.0fms | %5.1f %4.1f%% %4.1fms %4.1fms %5.1f %d\n", row.link_kbps / 1e3,
                row.loss * 100, to_ms(row.jitter), static_cast<double>(verdict.link.kbps()) / 1e3,
                verdict.loss * 100, to_ms(verdict.jitter), to_ms(verdict.delay_growth),
                static_cast<double>(verdict.safe.kbps()) / 1e3, probes);
    EXPECT_NEAR(static_cast<double>(verdict.link.kbps()), row.link_kbps, row.link_kbps * 0.1);
    EXPECT_NEAR(verdict.loss, row.loss, 0.01);
    EXPECT_FALSE(verdict.is_at_least);
    EXPECT_LT(verdict.safe, verdict.link);
    EXPECT_GE(verdict.safe.kbps(), row.link_kbps / 2);
    EXPECT_LT(verdict.jitter, row.jitter + 5ms);
    EXPECT_NEAR(to_ms(verdict.delay_growth), 0, 5) << "below what the link carries, no queue builds up";
  }
}

TEST(SpeedTest, ALinkWithoutLimitIsNamedAsAtLeast) {
  Link link(kSeed, {});
  SpeedTest test(true);
  auto next = test.next(link.probe(test.first()));
  while (next) next = test.next(link.probe(*next));
  ASSERT_TRUE(test.verdict());
  EXPECT_TRUE(test.verdict()->is_at_least);
  EXPECT_NEAR(static_cast<double>(test.verdict()->link.kbps()), 1e6, 5e4);
  EXPECT_NE(test.verdict()->sentence().find("at least 10"), std::string::npos) << test.verdict()->sentence();
}

TEST(SpeedTest, AQueueThatBuildsUpShowsAsGrowingDelay) {
  sim::LinkOptions options;
  options.rate = BitRate::from_kbps(20'000);
  options.queue_bytes = std::size_t{4} << 20U;
  Link link(kSeed, options);
  EXPECT_LT(to_ms(link.probe(request(15'000, 2000)).delay_growth), 2);
  // A fifth too much for 2 s: 400 ms of queue.
  EXPECT_NEAR(to_ms(link.probe(request(24'000, 2000)).delay_growth), 400, 40);
}

TEST(SpeedTest, SaysInPlainWordsWhatToSet) {
  SpeedVerdict verdict;
  verdict.link = BitRate::from_kbps(87'000);
  verdict.loss = 0.003;
  verdict.safe = BitRate::from_kbps(60'000);
  EXPECT_EQ(verdict.sentence(),
            "Your link carries 87 Mbit/s with 0.3 % loss; a bitrate of 60 Mbit/s is safe.");
}

// ------------------------------------------------------------------------------------------------ the meter
TEST(ProbeMeter, DeclinedAndUnansweredProbesEnd) {
  ProbeMeter meter;
  meter.start(request(1000, 50), at_ms(0));
  EXPECT_FALSE(meter.poll(at_ms(1)));
  meter.on_result({}, at_ms(2));
  const auto declined = meter.poll(at_ms(2));
  ASSERT_TRUE(declined);
  EXPECT_EQ(declined->outcome, ProbeFigures::Outcome::declined);
  EXPECT_FALSE(meter.poll(at_ms(3))) << "once";

  meter.start(request(1000, UINT32_MAX), at_ms(10));
  EXPECT_EQ(meter.next_deadline(), at_ms(10 + 5000 + 5000)) << "no host sends longer than 5 s";
  const auto unanswered = meter.poll(at_ms(10'010));
  ASSERT_TRUE(unanswered);
  EXPECT_EQ(unanswered->outcome, ProbeFigures::Outcome::unanswered);
  EXPECT_FALSE(SpeedTest(true).next(*unanswered));
}

TEST(ProbeMeter, AHostThatGoesOnSendingDoesNotKeepAProbeOpen) {
  ProbeMeter meter;
  meter.start(request(1000, 50), at_ms(0));
  wire::ProbeResult result;
  result.wire_packets_sent = UINT32_MAX;
  result.duration_ms = 50;
  meter.on_result(result, at_ms(60));
  std::uint32_t frame = 0;
  std::int64_t ms = 61;
  while (!meter.poll(at_ms(ms)) && ms < 60'000) meter.on_packet(frame++, 0, kDatagram, at_ms(ms++));
  EXPECT_LE(ms, 5051);
}

// Video and filler share packet numbers and nothing else.
TEST(Filler, LeavesVideoAlone) {
  MediaSender sender(test_secret(), {});
  MediaReceiver receiver(test_secret(), {}, 0);
  std::mt19937_64 random(kSeed);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Bytes au = random_bytes(random, 60'000);
    ASSERT_TRUE(sender.begin_frame(au, {.pts_us = i}));
    while (sender.datagrams_ready() > 0) {
      const auto take = [&](MutableBytes run) {
        for (std::size_t at = 0; at < run.size(); at += sender.datagram_bytes())
          (void)receiver.receive(run.subspan(at, sender.datagram_bytes()), at_ms(i));
      };
      const MutableBytes video = sender.seal_next(7);
      if (sender.filler_ready() == 0) sender.begin_filler(16384, i, 10);
      const MutableBytes filler = sender.seal_filler(3);
      take(filler);  // ahead of what was sealed before it
      take(video);
    }
    const auto frame = receiver.poll_frame(at_ms(i));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->au, au);
  }
  EXPECT_EQ(receiver.stats().frames_lost, 0u);
  EXPECT_EQ(receiver.stats().packets_dropped(), 0u);
  EXPECT_GT(receiver.stats().probe_packets, 100u);
}

}  // namespace
}  // namespace punktfunk::media
