// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/rate_control.h"

#include <algorithm>
#include <utility>

namespace punktfunk::media {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A queue this long in every frame of a step stands. Wi-Fi's jitter spares some frame of six; an encoder's
// slow pictures do too.
constexpr Duration kStanding = milliseconds(15);
// Longer than this it is no accident: one step is enough.
constexpr Duration kLong = milliseconds(40);
// Falling by this much from step to step it drains by itself.
constexpr Duration kDrains = milliseconds(3);
// Fewer samples say nothing about the least delay; a quiet desktop sends few frames, and its steps last
// longer.
constexpr int kLeastSamples = 2;
constexpr Duration kLongestStep = milliseconds(500);
// The least delay of the last 15 to 30 s is the path's own: clocks drift apart by 50 ppm, 1.5 ms in that
// time.
constexpr Duration kStretch = seconds(15);
// From the ask to frames of the new size arriving: a round trip, a frame or two, and the queue between.
constexpr Duration kSettle = milliseconds(300);
// Below what arrived: the queue has to go as well, in about half a second. A stream that is cut to a third
// for that moves on, and soon; one behind a queue does not.
constexpr double kBackOff = 0.85;
constexpr double kMostDrain = 0.35;
constexpr Duration kDrainTime = milliseconds(500);
// One back-off never leaves less, whatever arrived, because a quiet desktop sends little of what it may …
constexpr double kLeastLeft = 0.5;
// … unless the queue grows so fast that more is needed: one that grows by 0.7 s in a second is fed by 3.3
// times what the link carries.
constexpr double kLeastLeftOfAll = 0.15;
// After so many that changed nothing, the delay is not this stream's doing: the path has become longer.
constexpr int kFutile = 3;

// Loss: parity covers what is below; what it did not cover twice in a row is too much for the link.
constexpr double kSomeLoss = 0.02;
constexpr double kMuchLoss = 0.2;
constexpr int kLossyTwice = 2;
// Loss that two back-offs (to 72 %) did not bring down by a third does not follow the rate: radio, not
// congestion.
constexpr int kLossTries = 2;
constexpr double kLossFollows = 0.67;

// Climbing, per slice.
constexpr double kSlowStart = 1.5;  // nothing was ever found too narrow
// Parts of the ceiling: sessions that share a link and add the same, but give up in proportion, end up equal.
constexpr double kBelowLink = 0.06;  // up to kNearLink of where it was
constexpr double kNearLink = 0.9;
constexpr double kThroughLink = 0.02;  // around it
constexpr double kPastLink = 0.06;     // that it is past it means the link has become wider
constexpr double kForgetLink = 1.3;
// Rates are proven by arriving: never more than so many times that.
constexpr double kBeyondProven = 2.0;
// A rate of which less than this arrives was not used, so nothing is known about more.
constexpr double kUsed = 0.5;
constexpr Duration kPatience = seconds(1);
constexpr Duration kMostPatience = seconds(4);
// A host that could do no more is asked again after this.
constexpr Duration kAskHostAgain = seconds(10);

// Decoding or encoding that takes this share of the interval will not last; less bits take less of it.
constexpr double kFullInterval = 0.95;
constexpr double kLessWork = 0.8;
constexpr int kFewestWorked = 10;

// 10 Gbit/s, section 19's bound; the pictures' size is the host's word.
constexpr double kMostCeiling = 1e10;

// Smaller changes are not worth a message.
constexpr double kWorthAsking = 0.02;

BitRate times(BitRate rate, double factor) {
  return {static_cast<std::uint64_t>(static_cast<double>(rate.bits_per_second) * factor)};
}

BitRate rate_of(std::uint64_t bytes, Duration time) {
  if (time <= Duration::zero()) return {};
  return {static_cast<std::uint64_t>(static_cast<double>(bytes) * 8 / to_seconds(time))};
}

std::optional<Duration> least_of(const std::array<std::optional<Duration>, 2>& values) {
  if (!values[0]) return values[1];
  return values[1] ? std::min(*values[0], *values[1]) : *values[0];
}

}  // namespace

RateControl::RateControl(const RateControlConfig& config, TimePoint start)
    : config_(config),
      first_ceiling_(config.ceiling),
      rate_(config.start),
      asked_(config.start),
      step_ends_(start + kStep),
      stretch_ends_(start + kStretch),
      patience_(kPatience) {}

RateControl::Mark RateControl::mark_of(const MediaReceiver::Stats& stats, TimePoint now) {
  return {now, stats.bytes_received, stats.packets_received,
          stats.lost_head + stats.lost_mid + stats.lost_tail, stats.frames_lost};
}

void RateControl::on_arrival(const MediaReceiver::Arrival& arrival) {
  // Wraps instead of overflowing: the stamp comes from the host.
  const Duration delay(static_cast<Duration::rep>(
      static_cast<std::uint64_t>(arrival.at.time_since_epoch().count()) - arrival.capture_ns));
  pending_[pending_next_++ % pending_.size()] = {arrival.capture_ns, delay};
  if (!has_timing_) add_delay(delay);
}

void RateControl::on_host_timing(const wire::HostTiming& timing) {
  if (timing.encode_us) {
    encode_.sum += std::chrono::microseconds(*timing.encode_us);
    ++encode_.count;
  }
  if (!timing.queue_us || !timing.encode_us) return;
  if (!std::exchange(has_timing_, true)) {
    // Values with the encoder's part in them are no measure for those without.
    least_ = {};
    step_least_.reset();
    step_samples_ = 0;
  }
  const auto frame = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& one) { return one.capture_ns == timing.pts_ns; });
  if (frame == pending_.end()) return;
  add_delay(frame->delay - std::chrono::microseconds(*timing.queue_us) -
            std::chrono::microseconds(*timing.encode_us));
  *frame = {};
}

void RateControl::on_decoded(Duration work) {
  decode_.sum += work;
  ++decode_.count;
}

void RateControl::add_delay(Duration delay) {
  step_least_ = std::min(step_least_.value_or(delay), delay);
  ++step_samples_;
}

void RateControl::on_bitrate_changed(const wire::BitrateChanged& changed, TimePoint now) {
  using Reason = wire::BitrateReason;
  const BitRate value = BitRate::from_kbps(changed.bitrate_kbps);
  const Reason reason = changed.reason.value_or(Reason::granted);
  if (reason == Reason::governor) {
    governor_ceiling_ = changed.bitrate_kbps == 0 ? std::nullopt : std::optional(value);
    if (governor_ceiling_ && rate_ > value) rate_ = asked_ = value, cause_ = Cause::host;
    return;
  }
  if (reason == Reason::pinned) pinned_ = true;
  // More without having been asked: another picture, which deserves as much.
  if (reason == Reason::granted && unanswered_ == 0) config_.ceiling = std::max(config_.ceiling, value);
  if (unanswered_ > 0 && --unanswered_ > 0) return;  // a later ask is on its way
  if (value.bits_per_second == 0) return;
  const bool less = value < times(asked_, 1 - kWorthAsking);
  if (less && !pinned_) {
    host_ceiling_ = value;
    host_ceiling_until_ = now + kAskHostAgain;
  } else if (host_ceiling_ && value > *host_ceiling_) {
    host_ceiling_.reset();  // it manages more again, and says so
  }
  if (value.kbps() != asked_.kbps()) cause_ = Cause::host;
  rate_ = asked_ = value;
}

void RateControl::on_picture_changed(double factor, Duration frame_interval) {
  const double ceiling = static_cast<double>(first_ceiling_.bits_per_second) * factor;
  const auto least = static_cast<double>(config_.floor.bits_per_second);
  config_.ceiling = {static_cast<std::uint64_t>(std::clamp(ceiling, least, kMostCeiling))};
  config_.frame_interval = frame_interval;
  host_ceiling_.reset();  // it was about the pictures before
}

void RateControl::on_proven(BitRate rate, TimePoint now) {
  if (pinned_) return;
  proven_ = std::max(proven_, rate);
  if (link_ && *link_ < rate) link_.reset();
  const BitRate to = std::min(rate, ceiling(now));
  if (to <= rate_) return;
  // It was taken down for a queue of the first moments, which is gone.
  rate_ = to;
  cause_ = Cause::climb;
  drains_ = false;
  step_ends_ = now;
}

void RateControl::on_found_narrow(BitRate link, TimePoint now) {
  const BitRate to = times(link, kBackOff);
  if (pinned_ || to >= rate_) return;
  link_ = link;
  back_off(Cause::delay, to, now);
  step_ends_ = now;
}

void RateControl::on_pipeline_gap(TimePoint now) {
  step_.reset();
  slice_.reset();
  step_least_.reset();
  step_samples_ = 0;
  standing_ = 0;
  step_ends_ = now + kStep;
}

std::optional<std::uint32_t> RateControl::link_kbps() const {
  if (!link_) return std::nullopt;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(link_->kbps(), 1, UINT32_MAX));
}

BitRate RateControl::ceiling(TimePoint now) const {
  BitRate most = config_.ceiling;
  if (governor_ceiling_) most = std::min(most, *governor_ceiling_);
  if (host_ceiling_ && now < host_ceiling_until_) most = std::min(most, *host_ceiling_);
  return std::max(most, config_.floor);
}

std::optional<BitRate> RateControl::update(const MediaReceiver::Stats& stats, TimePoint now) {
  if (now < step_ends_) return std::nullopt;
  const Mark mark = mark_of(stats, now);
  if (!step_) step_ = mark;
  if (!slice_) slice_ = mark;
  const bool enough = step_samples_ >= kLeastSamples;
  step_ends_ = now + kStep;
  if (enough || now - step_->at >= kLongestStep) {
    if (enough) close_step(mark);
    step_ = mark;
    step_least_.reset();
    step_samples_ = 0;
  }
  if (now - slice_->at >= kSlice) {
    close_slice(mark);
    slice_ = mark;
    queued_in_slice_ = false;
  }
  if (pinned_) return std::nullopt;
  const double change = static_cast<double>(rate_.bits_per_second) /
                            static_cast<double>(std::max<std::uint64_t>(asked_.bits_per_second, 1)) -
                        1;
  const bool back_at_the_top = rate_ == ceiling(now) && rate_ != asked_;
  if (change < kWorthAsking && change > -kWorthAsking && !back_at_the_top) return std::nullopt;
  asked_ = rate_ = BitRate::from_kbps(rate_.kbps());  // the message's unit
  ++unanswered_;
  return rate_;
}

void RateControl::note_baseline(Duration delay, TimePoint now) {
  if (now >= stretch_ends_) {
    least_[1] = std::exchange(least_[0], std::nullopt);
    stretch_ends_ = now + kStretch;
  }
  least_[0] = std::min(least_[0].value_or(delay), delay);
}

void RateControl::close_step(const Mark& now) {
  note_baseline(*step_least_, now.at);
  const Duration before = queue_;
  queue_ = *step_least_ - *least_of(least_);
  if (queue_ < kStanding) {
    standing_ = 0;
    if (now.at >= hold_until_) futile_ = 0;
    if (std::exchange(drains_, false) && link_) {
      rate_ = std::max(rate_, std::min(times(*link_, kBackOff), ceiling(now.at)));
      cause_ = Cause::climb;
    }
    return;
  }
  queued_in_slice_ = true;
  ++standing_;
  const bool drains = queue_ + kDrains <= before;
  if (drains || now.at < hold_until_ || (standing_ < 2 && queue_ < kLong)) return;
  futile_ = queue_ * 10 >= queue_at_back_off_ * 8 ? futile_ + 1 : 1;
  if (futile_ > kFutile) {
    least_ = {*step_least_, std::nullopt};
    queue_ = Duration::zero();
    futile_ = standing_ = 0;
    return;
  }
  queue_at_back_off_ = queue_;
  const BitRate received = rate_of(now.bytes - step_->bytes, now.at - step_->at);
  const double growth = to_seconds(queue_ - before) / to_seconds(now.at - step_->at);
  const BitRate least = times(rate_, std::clamp(1 - growth, kLeastLeftOfAll, kLeastLeft));
  link_ = std::min(rate_, std::max(received, least));
  const double drain = std::clamp(1 - to_seconds(queue_) / to_seconds(kDrainTime), kMostDrain, kBackOff);
  back_off(Cause::delay, times(*link_, drain), now.at);
  drains_ = drain < kBackOff;
}

void RateControl::back_off(Cause cause, BitRate to, TimePoint now) {
  rate_ = std::min(rate_, std::max(to, config_.floor));
  proven_ = std::min(proven_, rate_);
  cause_ = cause;
  drains_ = false;
  was_narrow_ = true;
  lossy_slices_ = 0;
  hold_until_ = now + kSettle;
  climb_from_ = now + patience_;
  patience_ = std::min(2 * patience_, kMostPatience);
}

void RateControl::close_slice(const Mark& now) {
  const std::uint64_t packets = now.packets - slice_->packets;
  const std::uint64_t lost = now.lost_shards - slice_->lost_shards;
  const bool decode_slow = is_slow(decode_), encode_slow = is_slow(encode_);
  // Nothing came: an outage, or a host with nothing to say. Neither says what the link carries.
  if (packets == 0) return;
  const BitRate received = rate_of(now.bytes - slice_->bytes, now.at - slice_->at);
  const double loss = static_cast<double>(lost) / static_cast<double>(lost + packets);
  // Loss of a slice in which the rate was taken down already is part of that.
  if (slice_->at < hold_until_) return;
  if (judge_loss(received, loss, now.frames_lost - slice_->frames_lost, now.at)) return;
  if (decode_slow || encode_slow) {
    // Its fixed part does not shrink with the rate: no use going below a quarter.
    const BitRate to = std::max(times(rate_, kLessWork), times(config_.ceiling, 0.25));
    link_ = rate_;
    return back_off(decode_slow ? Cause::decode : Cause::encode, to, now.at);
  }
  if (queued_in_slice_ || lossy_slices_ > 0) return;
  proven_ = std::max(proven_, received);
  climb(received, now.at);
}

bool RateControl::is_slow(Work& work) const {
  const bool slow = work.count >= kFewestWorked &&
                    to_seconds(work.sum) / work.count > kFullInterval * to_seconds(config_.frame_interval);
  work.slow_slices = slow ? work.slow_slices + 1 : 0;
  work.sum = Duration::zero();
  work.count = 0;
  if (work.slow_slices < 2) return false;
  work.slow_slices = 0;
  return true;
}

bool RateControl::judge_loss(BitRate received, double loss, std::uint64_t frames_lost, TimePoint now) {
  // What parity repaired cost nobody a picture.
  const bool unrepaired = frames_lost > 0 && loss >= kSomeLoss && loss > tolerated_loss_ * 1.5;
  lossy_slices_ = unrepaired ? lossy_slices_ + 1 : 0;
  if (!unrepaired) {
    if (loss < kSomeLoss) loss_back_offs_ = 0;
    // What was tolerated once is forgotten in a minute (0.99^120 = 0.3).
    tolerated_loss_ = std::max(tolerated_loss_ * 0.99, std::min(tolerated_loss_, loss));
    return false;
  }
  if (lossy_slices_ < kLossyTwice && loss < kMuchLoss) return false;
  if (loss_back_offs_ == 0) loss_before_ = loss;
  if (loss_back_offs_ >= kLossTries && loss > kLossFollows * loss_before_) {
    tolerated_loss_ = loss;
    loss_back_offs_ = lossy_slices_ = 0;
    return false;
  }
  ++loss_back_offs_;
  const BitRate to = loss >= kMuchLoss ? std::max(times(received, kBackOff), times(rate_, kLeastLeft))
                                       : times(rate_, kBackOff);
  link_ = rate_;
  back_off(Cause::loss, to, now);
  return true;
}

void RateControl::climb(BitRate received, TimePoint now) {
  const BitRate most = ceiling(now);
  if (rate_ > most) {
    rate_ = most;
    cause_ = Cause::host;
    return;
  }
  if (now < climb_from_ || rate_ == most) return;
  const bool used = received >= times(rate_, kUsed);
  if (!used && rate_ >= proven_) return;
  const auto plus = [&](double part) {
    return BitRate{rate_.bits_per_second + times(config_.ceiling, part).bits_per_second};
  };
  BitRate wanted = was_narrow_ ? plus(kPastLink) : times(rate_, kSlowStart);
  if (link_) {
    const BitRate near = times(*link_, kNearLink);
    if (rate_ < near) {
      wanted = std::min(plus(kBelowLink), std::max(near, plus(kThroughLink)));
    } else if (rate_ < times(*link_, 1 / kNearLink)) {
      wanted = plus(kThroughLink);
    } else {
      patience_ = kPatience;
      if (rate_ > times(*link_, kForgetLink)) link_.reset();
    }
  }
  const BitRate to = std::min({wanted, most, times(proven_, kBeyondProven)});
  if (to <= rate_) return;
  rate_ = to;
  cause_ = Cause::climb;
}

const char* name_of(RateControl::Cause cause) {
  switch (cause) {
    case RateControl::Cause::none:
      return "none";
    case RateControl::Cause::climb:
      return "climb";
    case RateControl::Cause::delay:
      return "delay";
    case RateControl::Cause::loss:
      return "loss";
    case RateControl::Cause::decode:
      return "decode";
    case RateControl::Cause::encode:
      return "encode";
    case RateControl::Cause::host:
      break;
  }
  return "host";
}

}  // namespace punktfunk::media
