// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/start_ramp.h"

#include <algorithm>

#include "core/session/bandwidth_probe.h"

namespace punktfunk::media {

namespace {

// Ten datagrams of 1454 bytes in 50 ms are 2.3 Mbit/s: fewer say little. Below this it is all or nothing.
constexpr BitRate kLeastTarget = BitRate::from_kbps(2'000);
constexpr std::uint64_t kFirstShare = 4;  // the first step's is the rate over this

// A step was carried: neither loss nor a queue to speak of, and it came as fast as it left.
constexpr double kNoLoss = 0.02;
constexpr double kFollows = 0.9;
// A queue that grows by this in 50 ms is fed by 30 % more than the link carries; jitter of 8 ms and a reader
// that is 20 ms late stay below.
constexpr Duration kQueue = std::chrono::milliseconds(15);
// Half of it gone is a queue that is full already, or none to speak of. Less may be the radio, and is left to
// those that watch it for longer.
constexpr double kOverflow = 0.5;

}  // namespace

StartRamp::StartRamp(BitRate rate)
    : rate_(rate),
      target_(std::min(rate, std::max(kLeastTarget, BitRate{rate.bits_per_second / kFirstShare}))) {}

std::optional<wire::ProbeRequest> StartRamp::next(TimePoint now) {
  if (steps_ >= kMostSteps || (until_ && now >= *until_)) is_over_ = true;
  if (is_over_) return std::nullopt;
  ++steps_;
  wire::ProbeRequest step;
  step.target_kbps = static_cast<std::uint32_t>(std::min<std::uint64_t>(target_.kbps(), wire::kMaxProbeKbps));
  step.duration_ms = ProbeGate::kMaxStepMs;
  return step;
}

void StartRamp::on_step(const ProbeFigures& figures) {
  // Where the host itself was the limit, the link was not measured.
  if (figures.outcome != ProbeFigures::Outcome::measured || figures.packets_received < 2 ||
      figures.send_dropped > 0)
    return stop();
  const BitRate least{
      static_cast<std::uint64_t>(static_cast<double>(figures.sent.bits_per_second) * kFollows)};
  const bool has_queue = figures.delay_growth >= kQueue;
  if (figures.loss <= kNoLoss && !has_queue && figures.received >= least) {
    proven_ = std::max(proven_, figures.all_received);
    is_repeated_ = false;
    narrow_.reset();
    if (target_ >= rate_) return stop();
    target_ = std::min(rate_, BitRate{2 * target_.bits_per_second});
    return;
  }
  // One step may have met a moment when the radio was silent.
  const bool is_narrow = has_queue || figures.loss >= kOverflow;
  if (is_narrow && narrow_) link_ = std::max(*narrow_, figures.all_received);
  if (is_repeated_) return stop();
  is_repeated_ = true;
  if (is_narrow) narrow_ = figures.all_received;
}

void StartRamp::on_frame(TimePoint now) {
  if (!until_) until_ = now + kAfterFirstFrame;
}

}  // namespace punktfunk::media
