// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/recovery.h"

#include <algorithm>

#include "core/wire/media_header.h"

namespace punktfunk::media {

namespace {

constexpr Duration kAskAgain = std::chrono::milliseconds(500);
// A loss this long after the ask is news: longer than a round trip and a frame or two on any path good enough
// to play over, and longer than the 120 ms after which the loss that opened the ask is reported as final.
constexpr Duration kFreshLoss = std::chrono::milliseconds(150);
// A keyframe or two may be lost by chance, and waiting longer only makes that worse.
constexpr int kFreshAtOnce = 2;
// Queues beyond this are none of ours to wait for: kAskAgain asks anyway.
constexpr Duration kLongestQueue = std::chrono::milliseconds(350);

}  // namespace

void Ask::write(wire::Feedback& out) const {
  out.ask = number;
  if (keyframe) out.keyframe = true;
}

Recovery::Recovery(std::uint32_t refresh_hz)
    : interval_(Duration(std::chrono::seconds(1)) / std::clamp<std::uint32_t>(refresh_hz, 30, 240)),
      fresh_after_(kFreshLoss) {}

void Recovery::on_frame_lost(TimePoint now) {
  if (!open_) return open(now);
  if (now - opened_at_ < fresh_after_ + queue_) return;
  if (++fresh_in_a_row_ >= kFreshAtOnce) fresh_after_ = std::min(2 * fresh_after_, kAskAgain);
  open(now);
}

void Recovery::set_queue(Duration queue) { queue_ = std::clamp(queue, Duration::zero(), kLongestQueue); }

void Recovery::on_frame_undecodable(TimePoint now) {
  if (!open_) open(now);
}

void Recovery::open(TimePoint now) {
  open_ = true;
  if (++number_ == 0) number_ = 1;  // numbers run from 1
  opened_at_ = send_at_ = now;
  ++asks_opened_;
}

void Recovery::on_frame(std::uint32_t, std::uint16_t flags, TimePoint) {
  if ((flags & wire::kFlagKeyframe) == 0) return;
  open_ = false;
  fresh_in_a_row_ = 0;
  fresh_after_ = kFreshLoss;
}

std::optional<Ask> Recovery::next(TimePoint now) {
  if (!open_) return std::nullopt;
  if (now - opened_at_ >= kAskAgain) open(now);
  if (now < send_at_) return std::nullopt;
  send_at_ = now + interval_;
  return Ask{number_, true};
}

std::optional<Ask> Recovery::open_ask() const {
  if (!open_) return std::nullopt;
  return Ask{number_, true};
}

std::optional<TimePoint> Recovery::next_deadline() const {
  if (!open_) return std::nullopt;
  return std::min(send_at_, opened_at_ + kAskAgain);
}

}  // namespace punktfunk::media
