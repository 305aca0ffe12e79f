// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/pacing/pacer.h"

#include <algorithm>
#include <cmath>

namespace punktfunk::media {

void Pacer::begin_frame(std::size_t datagrams, std::size_t datagram_bytes, TimePoint now) {
  left_ = datagrams;
  datagram_bytes_ = std::max<std::size_t>(datagram_bytes, 1);
  group_ = std::clamp<std::size_t>(config_.burst_bytes / datagram_bytes_, 1,
                                   std::max<std::size_t>(config_.burst_datagrams, 1));
  // A bucket smaller than one datagram would never let it out.
  const double bucket = static_cast<double>(group_ * datagram_bytes_);

  const double multiple =
      static_cast<double>(config_.stream_rate.bits_per_second) * config_.rate_multiple / 8e9;
  const double floor = static_cast<double>(config_.floor_rate.bits_per_second) / 8e9;
  base_rate_ = multiple == 0 ? 0 : std::max(multiple, floor);
  if (!primed_) {
    tokens_ = bucket;
    cursor_ = now;
    primed_ = true;
  } else if (now > cursor_) {
    tokens_ += static_cast<double>((now - cursor_).count()) * base_rate_;
    cursor_ = now;
  }
  tokens_ = std::min(tokens_, bucket);
  // A quarter of the frame's share of the interval remains in any case, so that a late frame does not leave
  // in one burst.
  deadline_ = std::max(now + share(), cursor_ + share() / 4);
  set_rate();
}

Duration Pacer::share() const {
  return Duration(static_cast<std::int64_t>(static_cast<double>(config_.frame_interval.count()) *
                                            config_.interval_share));
}

// What the bucket does not cover has to leave before the deadline.
void Pacer::set_rate() {
  rate_ = base_rate_;
  if (base_rate_ == 0 || config_.frame_interval <= Duration::zero()) return;
  const double beyond = static_cast<double>(left_) * static_cast<double>(datagram_bytes_) - tokens_;
  rate_ = std::max(base_rate_, beyond / static_cast<double>((deadline_ - cursor_).count()));
}

std::optional<Pacer::Step> Pacer::next(TimePoint now) {
  if (now > cursor_) {
    // Late: the time that passed since the group was due fills nothing in, because the group took it.
    cursor_ = now;
    deadline_ = std::max(deadline_, cursor_ + share() / 4);
    set_rate();
  }
  if (left_ == 0) return std::nullopt;
  const std::size_t count = std::min(left_, group_);
  left_ -= count;
  const double need = static_cast<double>(count * datagram_bytes_);
  if (rate_ > 0 && tokens_ < need) {
    cursor_ += Duration(static_cast<std::int64_t>(std::ceil((need - tokens_) / rate_)));
    tokens_ = need;
  }
  tokens_ = std::max(tokens_ - need, 0.0);
  return Step{cursor_, count};
}

}  // namespace punktfunk::media
