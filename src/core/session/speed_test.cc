// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/speed_test.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/session/bandwidth_probe.h"

namespace punktfunk::media {

namespace {

// Less of a step than this arrived in its time: the link is full. Pacing and the ends of a step of 50 ms
// account for a few percent.
constexpr double kFollows = 0.85;
// Of what a full link was seen to carry, so that the long probe measures the link and not its queue.
constexpr double kLongShare = 0.97;
// Of the link for a stream: keyframes, parity after a bad second, and other traffic need the rest.
constexpr double kSafeShare = 0.7;

double mbps(BitRate rate) { return static_cast<double>(rate.bits_per_second) / 1e6; }
BitRate share_of(BitRate rate, double share) {
  return {static_cast<std::uint64_t>(static_cast<double>(rate.bits_per_second) * share)};
}
std::string number(double value) {
  return value < 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

std::string SpeedVerdict::sentence() const {
  return fmt::format("Your link carries {}{} Mbit/s with {:.1f} % loss; a bitrate of {} Mbit/s is safe.",
                     is_at_least ? "at least " : "", number(mbps(link)), loss * 100, number(mbps(safe)));
}

wire::ProbeRequest SpeedTest::first() const {
  // Without a ramp there is one try; the middle of what homes have.
  if (!in_ramp_) return long_probe(BitRate::from_kbps(100'000));
  wire::ProbeRequest step;
  step.target_kbps = static_cast<std::uint32_t>(kFirst.kbps());
  step.duration_ms = ProbeGate::kMaxStepMs;
  return step;
}

wire::ProbeRequest SpeedTest::long_probe(BitRate rate) {
  wire::ProbeRequest request;
  request.target_kbps = static_cast<std::uint32_t>(std::max<std::uint64_t>(rate.kbps(), 100));
  request.duration_ms = kLongMs;
  return request;
}

std::optional<wire::ProbeRequest> SpeedTest::next(const ProbeFigures& figures) {
  if (figures.outcome != ProbeFigures::Outcome::measured) return std::nullopt;
  const BitRate target = BitRate::from_kbps(figures.asked.target_kbps);
  const bool follows = figures.received >= share_of(target, kFollows);
  if (in_ramp_) {
    if (follows && target < kMost) {
      wire::ProbeRequest step = figures.asked;
      step.target_kbps = static_cast<std::uint32_t>(std::min(2 * target.kbps(), kMost.kbps()));
      return step;
    }
    in_ramp_ = false;
    reached_limit_ = !follows;
    return long_probe(follows ? kMost : std::min(kMost, share_of(figures.received, kLongShare)));
  }
  SpeedVerdict verdict;
  verdict.link = figures.received;
  verdict.is_at_least = !reached_limit_ && follows;
  verdict.loss = figures.loss;
  verdict.jitter = figures.jitter;
  verdict.delay_growth = figures.delay_growth;
  verdict.safe = safe_rate(figures.received, figures.loss);
  verdict_ = verdict;
  return std::nullopt;
}

BitRate SpeedTest::safe_rate(BitRate link, double loss) {
  // Parity against a loss takes about twice its share (see "What loss does" in docs/measuring.md).
  const double rate = mbps(link) * kSafeShare * std::max(0.2, 1 - 2 * loss);
  // Round figures are easier to set: fives from 20 Mbit/s on, whole ones from 2, else tenths.
  const double step = rate >= 20 ? 5 : rate >= 2 ? 1 : 0.1;
  const auto steps = static_cast<std::uint64_t>(rate / step);
  return BitRate::from_kbps(static_cast<std::uint64_t>(static_cast<double>(steps) * step * 1000 + 0.5));
}

}  // namespace punktfunk::media
