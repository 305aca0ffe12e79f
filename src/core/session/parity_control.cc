// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/parity_control.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace punktfunk::media {

namespace {

constexpr std::uint64_t kMinPercent = 5;
constexpr std::uint64_t kMaxPercent = 50;
constexpr std::uint32_t kWireMaxPercent = 90;  // section 15

// A frame may fail by bad luck once in 100 000: every 28 minutes at 60 frames per second. 4.27 standard
// deviations.
constexpr double kSigmas = 4.27;
// What a near client lacks is sent again within some milliseconds: then it may fail once in about 500.
constexpr double kSigmasNear = 2.9;
// Assumed from the first request on until the first window tells.
constexpr double kLossAtFirst = 0.05;
// Beyond this the loss is congestion more than chance, and more parity feeds it.
constexpr double kMaxLoss = 0.2;
// Below one packet in a thousand the session's percentage is enough.
constexpr double kMinLoss = 0.001;
// Loss comes in spells: the estimate rises at once and falls by a fifth per window of 750 ms.
constexpr double kDecay = 0.8;

}  // namespace

std::uint8_t adaptive_parity_percent(std::uint32_t loss_ppm) {
  const std::uint64_t percent = (std::uint64_t{loss_ppm} * 14 + 99'999) / 100'000 + 1;
  return static_cast<std::uint8_t>(std::clamp(percent, kMinPercent, kMaxPercent));
}

bool ParityControl::on_feedback(const wire::Feedback& feedback) {
  if (!feedback.window || !feedback.loss_ppm) return false;
  const std::uint32_t ahead = *feedback.window - window_.value_or(0);
  if (ahead == 0 || ahead >= 0x80000000u) return false;
  window_ = feedback.window;
  const bool congested = std::exchange(congested_, false);
  const std::uint8_t percent = adaptive_parity_percent(*feedback.loss_ppm);
  percent_ = congested ? std::min(percent, percent_) : percent;
  windows_since_again_ = std::min(windows_since_again_ + 1, kWindowsNear);

  // loss_ppm counts only what parity could repair. What was lost beyond that is in the lost-shard figures.
  const std::uint64_t packets = feedback.packets.value_or(packets_received_);
  const std::uint64_t received = packets > packets_received_ ? packets - packets_received_ : 0;
  packets_received_ = packets;
  const std::uint64_t lost = std::uint64_t{feedback.lost_head.value_or(0)} + feedback.lost_mid.value_or(0) +
                             feedback.lost_tail.value_or(0) + std::exchange(sent_again_, 0);
  const double counted =
      lost == 0 ? 0.0
                : static_cast<double>(lost) / (static_cast<double>(lost) + static_cast<double>(received));
  window_received_ = received;
  window_loss_ = std::max(counted, static_cast<double>(*feedback.loss_ppm) / 1e6);
  const double loss = congested ? std::min(window_loss_, loss_) : window_loss_;
  loss_ = std::min(std::max(loss, loss_ * kDecay), kMaxLoss);
  return true;
}

void ParityControl::on_sent_again(std::size_t packets) {
  sent_again_ += packets;
  if (packets != 0) windows_since_again_ = 0;
  if (packets != 0 && !window_) loss_ = std::max(loss_, kLossAtFirst);
}

std::uint8_t ParityControl::percent_for(std::uint32_t data_shards) const {
  if (loss_ < kMinLoss || data_shards == 0) return percent_;
  // The number of lost shards among k + m is binomial. Its upper quantile by Cornish and Fisher: mean, so
  // many standard deviations, and a term for the skew that dominates in small frames. m enters its own mean,
  // hence the rounds.
  const double k = data_shards;
  const double sigmas = windows_since_again_ < kWindowsNear ? kSigmasNear : kSigmas;
  double m = 2;
  for (int round = 0; round < 4; ++round) {
    const double mean = (k + m) * loss_;
    m = mean + sigmas * std::sqrt(mean * (1 - loss_)) + (sigmas * sigmas - 1) / 6 * (1 - 2 * loss_);
  }
  // The smallest percentage with ceil(k·p / 100) ≥ m.
  const double percent = std::floor(100 * (std::ceil(m) - 1) / k) + 1;
  return static_cast<std::uint8_t>(std::clamp<double>(percent, percent_, kWireMaxPercent));
}

}  // namespace punktfunk::media
