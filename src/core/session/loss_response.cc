// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/loss_response.h"

#include <algorithm>

#include "core/wire/sequence.h"

namespace punktfunk::media {

namespace {
// A link that lost something lately may do so again, and then the host wants to know what arrived. On a good
// one the acknowledgements in each window's datagram are enough.
constexpr Duration kLossy = std::chrono::seconds(2);
}  // namespace

void LossResponse::look(const MediaReceiver& receiver, TimePoint now) {
  receiver.find_holes(now, holes_);
  look_at_ = receiver.next_hole(now);
  if (holes_.empty()) return;
  lossy_until_ = now + kLossy;
  fresh_.clear();
  resends_.look(holes_, recovery_.is_waiting(), now, fresh_);
  requests_.insert(requests_.end(), fresh_.begin(), fresh_.end());
  for (const Reassembler::Hole& hole : holes_) {
    if (resends_.is_hopeful(hole, now)) continue;
    recovery_.on_frames_lost({hole.frame, hole.frame}, now);
  }
  // Hope ends between two packets as well.
  if (const auto again = resends_.next_deadline()) look_at_ = std::min(look_at_.value_or(*again), *again);
}

std::optional<Frame> LossResponse::poll(MediaReceiver& receiver, TimePoint now) {
  auto frame = receiver.poll_frame(now);
  // Losses first: a keyframe that comes out together with them answers their ask.
  const auto upto = frame ? std::optional(frame->index) : receiver.next_index();
  if (upto && next_frame_ && wire::is_newer(*upto, *next_frame_)) {
    recovery_.on_frames_lost({*next_frame_, *upto - 1}, now);
    for (std::uint32_t i = *next_frame_; i != *upto && *upto - i <= Reassembler::kWindow; ++i)
      resends_.on_frame_done(i, false, now);
    next_frame_ = upto;
  }
  if (!frame) return std::nullopt;
  next_frame_ = frame->index + 1;
  resends_.on_frame_done(frame->index, true, now);
  resends_.set_usual_bytes(frame->au.size());
  recovery_.on_frame(frame->index, frame->flags, now);
  return frame;
}

void LossResponse::on_undecodable(std::optional<std::uint32_t> index, TimePoint now) {
  recovery_.on_frame_undecodable(index, now);
}

void LossResponse::on_clean(std::uint32_t index) {
  if (!clean_ || wire::is_newer(index, *clean_)) {
    const std::uint32_t steps = clean_ ? index - *clean_ : 17;
    // Bit i is frame index - 1 - i; what was newest becomes bit steps - 1.
    const std::uint32_t before = steps > 16 ? 0 : (std::uint32_t{clean_before_} << steps) | 1U << (steps - 1);
    clean_before_ = static_cast<std::uint16_t>(before);
    clean_ = index;
  } else if (const std::uint32_t age = *clean_ - index; age >= 1 && age <= 16) {
    clean_before_ = static_cast<std::uint16_t>(clean_before_ | 1U << (age - 1));
  }
  ack_due_ = lossy_until_.has_value();
}

void LossResponse::set_path(std::optional<Duration> rtt, Duration queue) {
  recovery_.set_queue(queue);
  resends_.set_path(rtt ? std::optional(*rtt + std::max(queue, Duration::zero())) : std::nullopt);
}

std::optional<wire::Feedback> LossResponse::next(TimePoint now) {
  wire::Feedback feedback;
  if (!requests_.empty()) {
    feedback.ask = recovery_.take_number();
    feedback.resend_frame = requests_.front().frame;
    feedback.resend_shards = std::move(requests_.front().shards);
    requests_.pop_front();
    write_clean(feedback);
    return feedback;
  }
  if (lossy_until_ && now >= *lossy_until_) lossy_until_.reset();
  const auto ask = recovery_.next(now);
  if (!ask && !(ack_due_ && lossy_until_)) return std::nullopt;
  write(feedback);
  ack_due_ = false;
  return feedback;
}

void LossResponse::write(wire::Feedback& out) const {
  if (const auto ask = recovery_.open_ask()) ask->write(out);
  write_clean(out);
}

void LossResponse::write_clean(wire::Feedback& out) const {
  if (!clean_) return;
  out.clean_frame = clean_;
  out.clean_before = clean_before_;
}

std::optional<TimePoint> LossResponse::next_deadline() const {
  std::optional<TimePoint> next = recovery_.next_deadline();
  if (look_at_ && (!next || *look_at_ < *next)) next = look_at_;
  return next;
}

}  // namespace punktfunk::media
