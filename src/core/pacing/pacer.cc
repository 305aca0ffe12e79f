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

  // Bytes per ns; zero = unlimited.
  const double multiple =
      static_cast<double>(config_.stream_rate.bits_per_second) * config_.rate_multiple / 8e9;
  const double floor = static_cast<double>(config_.floor_rate.bits_per_second) / 8e9;
  const double base_rate = multiple == 0 ? 0 : std::max(multiple, floor);
  if (!primed_) {
    tokens_ = bucket;
    cursor_ = now;
    primed_ = true;
  } else if (now > cursor_) {
    tokens_ += static_cast<double>((now - cursor_).count()) * base_rate;
    cursor_ = now;
  }
  tokens_ = std::min(tokens_, bucket);

  rate_ = base_rate;
  if (base_rate == 0 || config_.frame_interval <= Duration::zero()) return;
  // What the bucket does not cover has to leave within the frame's share of the interval, less what the frame
  // before still takes of it; a quarter of the share remains in any case, so that a late frame does not leave
  // in one burst.
  const double share = static_cast<double>(config_.frame_interval.count()) * config_.interval_share;
  const double window = std::max(share - static_cast<double>((cursor_ - now).count()), share / 4);
  const double beyond = static_cast<double>(left_) * static_cast<double>(datagram_bytes_) - tokens_;
  rate_ = std::max(base_rate, beyond / window);
}

std::optional<Pacer::Step> Pacer::next() {
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
