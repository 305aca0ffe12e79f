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

}  // namespace

void Ask::write(wire::Feedback& out) const {
  out.ask = number;
  if (keyframe) out.keyframe = true;
}

Recovery::Recovery(std::uint32_t refresh_hz)
    : interval_(Duration(std::chrono::seconds(1)) / std::clamp<std::uint32_t>(refresh_hz, 30, 240)) {}

void Recovery::on_frame_lost(TimePoint now) {
  if (!open_ || now - opened_at_ >= kFreshLoss) open(now);
}

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
  if ((flags & wire::kFlagKeyframe) != 0) open_ = false;
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
