// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/recovery.h"

#include <algorithm>

#include "core/wire/media_header.h"
#include "core/wire/sequence.h"

namespace punktfunk::media {

namespace {

using wire::is_newer;

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
  if (keyframe) {
    out.keyframe = true;
  } else {
    out.invalidate_first = invalidate->first;
    out.invalidate_last = invalidate->last;
  }
}

Recovery::Recovery(std::uint32_t refresh_hz, bool invalidates)
    : interval_(Duration(std::chrono::seconds(1)) / std::clamp<std::uint32_t>(refresh_hz, 30, 240)),
      invalidates_(invalidates),
      fresh_after_(kFreshLoss) {}

void Recovery::on_frames_lost(FrameRange frames, TimePoint now) {
  if (answered_) {
    if (!is_newer(frames.last, *answered_)) return;
    if (!is_newer(frames.first, *answered_)) frames.first = *answered_ + 1;
  }
  if (!lost_) {
    lost_ = frames;
  } else {
    if (is_newer(lost_->first, frames.first)) lost_->first = frames.first;
    if (is_newer(frames.last, lost_->last)) lost_->last = frames.last;
  }
  if (!open_) return open(now);
  if (!keyframe_) {
    // What was sent stays as it is: next() asks for the rest under a new number.
    if (!sent_ && can_invalidate()) asked_ = *lost_;
    return;
  }
  if (now - opened_at_ < fresh_after_ + queue_) return;
  if (++fresh_in_a_row_ >= kFreshAtOnce) fresh_after_ = std::min(2 * fresh_after_, kAskAgain);
  open(now);
}

void Recovery::set_queue(Duration queue) { queue_ = std::clamp(queue, Duration::zero(), kLongestQueue); }

void Recovery::on_frame_undecodable(std::optional<std::uint32_t> index, TimePoint now) {
  if (index && answered_ && is_newer(*answered_, *index)) return;
  needs_keyframe_ = true;
  if (!open_ || !keyframe_) open(now);
}

bool Recovery::can_invalidate() const {
  return invalidates_ && !needs_keyframe_ && lost_ && lost_->last - lost_->first < kMostInvalidated;
}

bool Recovery::has_more_to_invalidate() const {
  return open_ && !keyframe_ && lost_ && is_newer(lost_->last, asked_.last);
}

std::uint16_t Recovery::take_number() {
  if (++number_ == 0) number_ = 1;  // numbers run from 1
  return number_;
}

void Recovery::open(TimePoint now) {
  if (!open_) waiting_since_ = now;
  open_ = true;
  sent_ = false;
  ask_number_ = take_number();
  opened_at_ = send_at_ = now;
  ++asks_opened_;
  keyframe_ = !can_invalidate() || now - waiting_since_ >= kAskAgain;
  if (keyframe_) return;
  asked_ = *lost_;
  ++invalidations_;
  if (invalidated_at_) send_at_ = std::max(now, *invalidated_at_ + kInvalidateEvery);
  invalidated_at_ = send_at_;
}

void Recovery::close() {
  open_ = false;
  fresh_in_a_row_ = 0;
  fresh_after_ = kFreshLoss;
}

void Recovery::on_frame(std::uint32_t index, std::uint16_t flags, TimePoint now) {
  const bool anchor = (flags & wire::kFlagRecoveryAnchor) != 0 && lost_ && !needs_keyframe_ && invalidates_ &&
                      is_newer(index, lost_->first);
  if ((flags & wire::kFlagKeyframe) != 0) {
    needs_keyframe_ = false;
  } else if (!anchor) {
    // The end of a gradual refresh: whoever cannot use it says so with the next frame.
    if ((flags & wire::kFlagRecoveryPoint) != 0 && open_ && !keyframe_) {
      close();
      lost_.reset();
    }
    return;
  }
  answered_ = index;
  const bool more = lost_ && is_newer(lost_->last, index);
  if (more) {
    // What is missing behind the answer. An anchor may answer an older ask while that for the rest is under
    // way; a keyframe cannot.
    lost_->first = index + 1;
    if (anchor && open_ && !keyframe_) return;
    close();
    return open(now);
  }
  close();
  lost_.reset();
}

std::optional<Ask> Recovery::next(TimePoint now) {
  if (!open_) return std::nullopt;
  const bool overdue = now - (keyframe_ ? opened_at_ : waiting_since_) >= kAskAgain;
  const bool news = has_more_to_invalidate() && now >= *invalidated_at_ + kInvalidateEvery;
  if (overdue || news) open(now);
  if (now < send_at_) return std::nullopt;
  send_at_ = now + interval_;
  sent_ = true;
  return open_ask();
}

std::optional<Ask> Recovery::open_ask() const {
  if (!open_ || !sent_) return std::nullopt;
  return Ask{ask_number_, keyframe_, keyframe_ ? std::nullopt : std::optional(asked_)};
}

std::optional<TimePoint> Recovery::next_deadline() const {
  if (!open_) return std::nullopt;
  TimePoint next = std::min(send_at_, (keyframe_ ? opened_at_ : waiting_since_) + kAskAgain);
  if (has_more_to_invalidate()) next = std::min(next, *invalidated_at_ + kInvalidateEvery);
  return next;
}

}  // namespace punktfunk::media
