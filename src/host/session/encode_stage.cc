// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/encode_stage.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "core/session/keyframe_throttle.h"
#include "core/wire/sequence.h"
#include "host/convert/colour.h"
#include "host/session/repeat_schedule.h"

namespace punktfunk::host {

namespace {
// Upper bound of every wait that has no deadline of its own, so that a stop is never missed.
constexpr Duration kIdleWait = std::chrono::milliseconds(100);
}  // namespace

EncodeStage::EncodeStage(PictureSource source, std::uint8_t epoch, UnitQueue& out, Session& session)
    : source_(std::move(source)),
      epoch_(epoch),
      out_(out),
      session_(session),
      interval_(Duration(1'000'000'000 / std::max(1U, source_.mode.refresh_hz))),
      encoder_name_(source_.encoder->describe()) {}

void EncodeStage::start_encoding() {
  encode_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "pf-encode");
    encode_loop();
  });
}

void EncodeStage::stop() {
  stopping_ = true;
  source_.capturer->stop();
  mailbox_.stop();
  if (encode_thread_.joinable()) encode_thread_.join();
}

EncodeStage::Progress EncodeStage::progress() const {
  Progress progress;
  progress.captured = captured_;
  if (const std::int64_t since = encoding_since_ns_; since != 0)
    progress.encoding_since = TimePoint(Duration(since));
  return progress;
}

void EncodeStage::on_frame(CapturedFrame frame) {
  ++captured_;
  mailbox_.put(std::move(frame));
}

void EncodeStage::fail_once(const Fault& fault) {
  if (!failed_.exchange(true) && !stopping_) session_.source_failed(fault);
}

// The encoder counts its own pictures.
media::ReferenceChain::Answer EncodeStage::invalidate(media::FrameRange lost) {
  using Answer = media::ReferenceChain::Answer;
  // An encoder begins with a keyframe, which answers whatever was lost before.
  const bool ends_before = wire::is_newer(first_index_, lost.last);
  if (ends_before || out_.added == first_index_) return Answer::already;
  if (wire::is_newer(first_index_, lost.first)) lost.first = first_index_;
  return source_.encoder->invalidate(lost.first - first_index_, lost.last - first_index_);
}

void EncodeStage::encode_loop() {
  using Answer = media::ReferenceChain::Answer;
  first_index_ = out_.added;
  const wire::Mode& mode = source_.mode;
  I420Buffer picture(mode.width, mode.height);
  bool have_picture = false;
  RepeatSchedule repeats(interval_);
  media::KeyframeThrottle keyframes;
  BitRate rate_in_force{};
  while (!stopping_) {
    if (!out_.units.wait_for_space(kIdleWait)) continue;
    const TimePoint now = monotonic_now();
    const TimePoint deadline = have_picture ? repeats.next() : now + kIdleWait;
    const TimePoint keyframe_from = keyframes.next().value_or(now);
    FrameMailbox::Delivery delivery = mailbox_.take(deadline, keyframe_from);
    if (delivery.stopped) return;
    const Answer answer = delivery.lost ? invalidate(*delivery.lost) : Answer::already;
    if (answer == Answer::keyframe && !delivery.keyframe) {
      delivery.keyframe = monotonic_now() >= keyframe_from;
      if (!delivery.keyframe) mailbox_.want_keyframe();
    }

    EncodedUnit unit;
    unit.epoch = epoch_;
    unit.frame_interval = interval_;
    unit.encode_start = monotonic_now();
    if (delivery.frame) {
      unit.captured = delivery.frame->captured;
      // A source without pixels (synthetic) is encoded as it is.
      if (delivery.frame->pixels.data != nullptr && !convert_bgrx_to_i420(delivery.frame->pixels, picture)) {
        return fail_once({FaultPart::capture, "The captured picture has another size than the session."});
      }
      // What was captured on request most likely shows nothing new: it takes the place of a repeat.
      const bool is_news = !have_picture || !delivery.frame->on_request;
      delivery.frame.reset();  // the buffer goes back before the long part begins
      have_picture = true;
      is_news ? repeats.on_new_picture(unit.encode_start) : repeats.on_repeat(unit.encode_start);
    } else {
      const bool is_wanted = delivery.keyframe || answer == Answer::anchor || unit.encode_start >= deadline;
      if (!have_picture || !is_wanted) continue;
      unit.captured = unit.encode_start;
      unit.repeat = true;
      repeats.on_repeat(unit.encode_start);
    }

    const BitRate wanted = session_.encoder_rate(mode.refresh_hz);
    if (wanted != rate_in_force) source_.encoder->set_bitrate(rate_in_force = wanted);
    encoding_since_ns_ = unit.encode_start.time_since_epoch().count();
    const auto encoded = source_.encoder->encode(picture.view(), delivery.keyframe);
    encoding_since_ns_ = 0;
    if (!encoded) return fail_once({FaultPart::encoder, encoded.error().message});
    unit.encode_end = monotonic_now();
    session_.encoded(unit);
    unit.index = out_.added;
    unit.keyframe = encoded->keyframe;
    unit.anchor = encoded->anchor;
    if (unit.keyframe) keyframes.on_keyframe(unit.encode_start);
    unit.au = out_.spare.try_pop().value_or(Bytes{});
    unit.au.assign(encoded->au.begin(), encoded->au.end());
    // There is room: this thread is the only one that adds.
    if (!out_.units.try_push(std::move(unit))) return;
    ++out_.added;
  }
}

}  // namespace punktfunk::host
