// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/video_pipeline.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/session/keyframe_throttle.h"
#include "core/session/wire_budget.h"
#include "core/wire/media_header.h"
#include "host/convert/colour.h"
#include "host/session/repeat_schedule.h"

namespace punktfunk::host {

namespace {

// How long a full socket buffer may hold up a datagram before it counts as lost: beyond this, later frames
// suffer more than parity cannot mend.
constexpr Duration kSendPatience = std::chrono::milliseconds(2);
// Upper bound of every wait that has no deadline of its own, so that a stop is never missed.
constexpr Duration kIdleWait = std::chrono::milliseconds(100);
// The same where probes are all there is: steps follow one another closely, and no frame wakes the thread.
constexpr Duration kProbeOnlyWait = std::chrono::milliseconds(5);

}  // namespace

VideoPipeline::VideoPipeline(Setup setup, DatagramSocket& socket, Callbacks callbacks)
    : setup_(std::move(setup)),
      socket_(socket),
      callbacks_(std::move(callbacks)),
      interval_(Duration(1'000'000'000 / std::max(1U, setup_.mode.refresh_hz))),
      wire_budget_bps_(setup_.wire_budget.bits_per_second) {}

Result<void> VideoPipeline::start_capture() {
  if (!setup_.capturer) return {};
  return setup_.capturer->start(*this);
}

void VideoPipeline::start_sending(const endpoint::MediaGrant& grant) {
  shard_bytes_ = grant.params.shard_payload;
  if (setup_.encoder) {
    encode_thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "pf-encode");
      encode_loop();
    });
  }
  send_thread_ = std::thread([this, grant] {
    pthread_setname_np(pthread_self(), "pf-send");
    send_loop(grant);
  });
}

void VideoPipeline::stop() {
  stopping_ = true;
  if (setup_.capturer) setup_.capturer->stop();
  mailbox_.stop();
  units_.close();
  if (encode_thread_.joinable()) encode_thread_.join();
  if (send_thread_.joinable()) send_thread_.join();
}

void VideoPipeline::request_keyframe() { mailbox_.want_keyframe(); }

void VideoPipeline::set_wire_budget(BitRate budget) { wire_budget_bps_ = budget.bits_per_second; }

void VideoPipeline::start_probe(const wire::ProbeRequest& request) {
  const std::lock_guard lock(probe_mutex_);
  probe_wanted_ = request;
  is_probe_wanted_ = true;
}

bool VideoPipeline::on_loss_report(const wire::Feedback& feedback) {
  pacing_floor_bps_ = media::pacing_floor(feedback.link_kbps).bits_per_second;
  const std::lock_guard lock(parity_mutex_);
  // Without a count of packets a window says nothing about those that vanished whole.
  if (!parity_.on_feedback(feedback) || !feedback.packets) return false;
  const std::uint64_t sent = datagrams_, dropped = send_drops_;
  const bool turned_off = offload_.on_window({sent - std::exchange(datagrams_reported_, sent),
                                              dropped - std::exchange(drops_reported_, dropped),
                                              parity_.window_received(), parity_.window_loss()});
  use_offload_ = offload_.use_offload();
  return turned_off;
}

VideoPipeline::Stats VideoPipeline::stats() const { return {frames_, keyframes_, send_drops_, too_large_}; }

void VideoPipeline::fail_once(const Error& error) {
  if (!failed_.exchange(true) && !stopping_) callbacks_.failed(error);
}

void VideoPipeline::encode_loop() {
  I420Buffer picture(setup_.mode.width, setup_.mode.height);
  bool have_picture = false;
  RepeatSchedule repeats(interval_);
  TimePoint last_captured{};
  media::KeyframeThrottle keyframes;
  BitRate rate_in_force{};
  while (!stopping_) {
    if (!units_.wait_for_space(kIdleWait)) continue;
    const TimePoint now = monotonic_now();
    const TimePoint deadline = have_picture ? repeats.next() : now + kIdleWait;
    const TimePoint keyframe_from = keyframes.next().value_or(now);
    FrameMailbox::Delivery delivery = mailbox_.take(deadline, keyframe_from);
    if (delivery.stopped) return;

    EncodedUnit unit;
    unit.encode_start = monotonic_now();
    if (delivery.frame) {
      unit.captured = delivery.frame->captured;
      // A source without pixels (synthetic) is encoded as it is.
      if (delivery.frame->pixels.data != nullptr && !convert_bgrx_to_i420(delivery.frame->pixels, picture)) {
        return fail_once(
            {"The stream ended because the captured picture has another size than the session."});
      }
      delivery.frame.reset();  // the buffer goes back before the long part begins
      have_picture = true;
      repeats.on_new_picture(unit.encode_start);
    } else {
      if (!have_picture || (!delivery.keyframe && unit.encode_start < deadline)) continue;
      unit.captured = unit.encode_start;
      unit.repeat = true;
      repeats.on_repeat(unit.encode_start);
    }
    // Section 12.5: capture times do not decrease.
    unit.captured = last_captured = std::max(unit.captured, last_captured);

    {
      const std::lock_guard lock(parity_mutex_);
      const BitRate wanted =
          media::encoder_share(wire_budget(), setup_.mode.refresh_hz, shard_bytes_, parity_);
      if (wanted != rate_in_force) setup_.encoder->set_bitrate(rate_in_force = wanted);
    }
    const auto encoded = setup_.encoder->encode(picture.view(), delivery.keyframe);
    if (!encoded) return fail_once(encoded.error());
    unit.encode_end = monotonic_now();
    unit.keyframe = encoded->keyframe;
    if (unit.keyframe) keyframes.on_keyframe(unit.encode_start);
    unit.au = spare_.try_pop().value_or(Bytes{});
    unit.au.assign(encoded->au.begin(), encoded->au.end());
    // There is room: this thread is the only one that adds.
    if (!units_.try_push(std::move(unit))) return;
  }
}

void VideoPipeline::send_loop(const endpoint::MediaGrant& grant) {
  media::MediaSender sender(grant.host_to_client, grant.params);
  media::PacerConfig config;
  config.stream_rate = setup_.wire_budget;
  config.frame_interval = interval_;
  config.floor_rate = media::kPacingFloor;
  media::Pacer pacer(config);
  FillerSender filler(sender, socket_, grant);
  const Duration idle_wait = setup_.encoder ? kIdleWait : kProbeOnlyWait;
  while (!stopping_) {
    auto unit = units_.pop(std::min(idle_wait, filler.idle_for(monotonic_now())));
    send_filler(filler);
    if (!unit) continue;
    send_unit(*unit, sender, pacer, filler, grant);
    spare_.push(std::move(unit->au));
    if (setup_.frame_limit != 0 && frames_ >= setup_.frame_limit) return callbacks_.finished();
  }
}

void VideoPipeline::send_filler(FillerSender& filler) {
  if (is_probe_wanted_) {
    const std::lock_guard lock(probe_mutex_);
    is_probe_wanted_ = false;
    filler.start(*probe_wanted_, monotonic_now());
  }
  if (!filler.is_active()) return;
  const SendOutcome outcome = filler.run(use_offload_);
  // Neither counts as send_drops_: what is missing of a stream's frames says nothing about filler.
  datagrams_ += outcome.sent;
  if (const auto result = filler.take_result(monotonic_now())) callbacks_.probed(*result);
}

void VideoPipeline::send_unit(const EncodedUnit& unit, media::MediaSender& sender, media::Pacer& pacer,
                              FillerSender& filler, const endpoint::MediaGrant& grant) {
  media::MediaSender::FrameInfo info;
  info.pts_us = grant.clock.pts_us(unit.captured);
  if (unit.keyframe) info.flags |= wire::kFlagKeyframe;
  if (unit.repeat) info.flags |= wire::kFlagRepeat;
  {
    const std::lock_guard lock(parity_mutex_);
    info.parity_percent = parity_.percent_for(sender.data_shards(unit.au.size()));
  }
  if (unit.keyframe)
    info.parity_percent = std::max(info.parity_percent, media::ParityControl::kKeyframePercent);
  if (!sender.begin_frame(unit.au, info)) {
    ++too_large_;
    return request_keyframe();
  }
  const std::size_t each = sender.datagram_bytes();
  const auto path = grant.path->get();
  pacer.set_stream_rate(wire_budget());
  pacer.set_floor_rate({pacing_floor_bps_});
  pacer.begin_frame(sender.datagrams_ready(), each, monotonic_now());
  SendOptions options;
  options.patience = kSendPatience;
  while (const auto step = pacer.next(monotonic_now())) {
    if (stopping_) return;
    // Only what may leave is sealed, and before the wait: the first datagrams of a large frame leave while
    // the rest is untouched, and sealing fills the time that pacing leaves.
    const MutableBytes group = sender.seal_next(step->count);
    if (step->not_before > monotonic_now()) {
      // Pacing, not synchronisation: the wait ends within the frame's own interval.
      std::this_thread::sleep_until(step->not_before);
    }
    options.allow_offload = use_offload_;
    const SendOutcome outcome = socket_.send(path.local, path.remote, group, each, options);
    datagrams_ += step->count;
    send_drops_ += outcome.dropped;
    send_filler(filler);
  }
  ++frames_;
  if (unit.keyframe) ++keyframes_;
  if (!grant.wants_host_timing) return;
  const TimePoint sent_at = monotonic_now();
  const auto micros = [](Duration d) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.count() / 1000, 0, UINT32_MAX));
  };
  wire::HostTiming timing;
  timing.pts_ns = grant.clock.unix_ns(unit.captured);
  timing.host_us = micros(sent_at - unit.captured);
  timing.queue_us = micros(unit.encode_start - unit.captured);
  timing.encode_us = micros(unit.encode_end - unit.encode_start);
  timing.pace_us = micros(sent_at - unit.encode_end);
  callbacks_.timing(timing);
}

}  // namespace punktfunk::host
