// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/video_pipeline.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/session/wire_budget.h"
#include "core/wire/media_header.h"
#include "core/wire/sequence.h"

namespace punktfunk::host {

namespace {

// How long a full socket buffer may hold up a datagram before it counts as lost: beyond this, later frames
// suffer more than parity cannot mend.
constexpr Duration kSendPatience = std::chrono::milliseconds(2);
// Upper bound of every wait that has no deadline of its own, so that a stop is never missed.
constexpr Duration kIdleWait = std::chrono::milliseconds(100);
// Requests to send shards again that wait at most: one frame's, with some to spare.
constexpr std::size_t kMostAgain = 16;
// Each frame sent allows half as many datagrams to be sent again, saved up to this many: a request of 60
// bytes brings 23 KB.
constexpr std::size_t kMostAgainCredit = 256;
// The same where probes are all there is: steps follow one another closely, and no frame wakes the thread.
constexpr Duration kProbeOnlyWait = std::chrono::milliseconds(5);

}  // namespace

VideoPipeline::VideoPipeline(Setup setup, DatagramSocket& socket, Callbacks callbacks)
    : first_budget_(setup.wire_budget),
      frame_limit_(setup.frame_limit),
      socket_(socket),
      callbacks_(std::move(callbacks)),
      mode_(setup.source.mode),
      wire_budget_bps_(setup.wire_budget.bits_per_second) {
  if (setup.source.capturer && setup.source.encoder)
    stage_ = std::make_unique<EncodeStage>(std::move(setup.source), 0, queue_,
                                           static_cast<EncodeStage::Session&>(*this));
}

Result<void> VideoPipeline::start_capture() {
  if (!stage_) return {};
  return stage_->start_capture();
}

void VideoPipeline::start_sending(const endpoint::MediaGrant& grant) {
  shard_bytes_ = grant.params.shard_payload;
  if (stage_) stage_->start_encoding();
  send_thread_ = std::thread([this, grant, has_frames = stage_ != nullptr] {
    pthread_setname_np(pthread_self(), "pf-send");
    send_loop(grant, has_frames);
  });
}

void VideoPipeline::stop() {
  stopping_ = true;
  stop_source();
  queue_.units.close();
  if (send_thread_.joinable()) send_thread_.join();
}

void VideoPipeline::stop_source() {
  std::unique_ptr<EncodeStage> stage;
  {
    const std::lock_guard lock(stage_mutex_);
    stage = std::move(stage_);
  }
  if (stage) stage->stop();
}

Result<void> VideoPipeline::start_source(PictureSource source, std::uint8_t epoch) {
  stop_source();
  if (std::exchange(mode_, source.mode) != source.mode) {
    // What the encoder managed was about other pictures.
    const std::lock_guard lock(cadence_mutex_);
    cadence_ = {};
  }
  auto stage = std::make_unique<EncodeStage>(std::move(source), epoch, queue_,
                                             static_cast<EncodeStage::Session&>(*this));
  if (auto capturing = stage->start_capture(); !capturing) return capturing;
  stage->start_encoding();
  const std::lock_guard lock(stage_mutex_);
  stage_ = std::move(stage);
  return {};
}

void VideoPipeline::request_keyframe() {
  const std::lock_guard lock(stage_mutex_);
  if (stage_) stage_->request_keyframe();
}

void VideoPipeline::go_on_without(const media::FrameRange& lost) {
  const std::lock_guard lock(stage_mutex_);
  if (stage_) stage_->go_on_without(lost);
}

void VideoPipeline::send_again(std::uint32_t frame, std::span<const std::uint16_t> shards) {
  {
    const std::lock_guard lock(again_mutex_);
    if (again_.size() >= kMostAgain) return;
    again_.push_back({frame, {shards.begin(), shards.end()}});
  }
  is_again_wanted_ = true;
  queue_.units.wake();
}

void VideoPipeline::send_wanted_again(media::MediaSender& sender, const endpoint::MediaGrant& grant) {
  if (!is_again_wanted_.exchange(false)) return;
  std::vector<Again> wanted;
  {
    const std::lock_guard lock(again_mutex_);
    wanted.swap(again_);
  }
  const auto path = grant.path->get();
  SendOptions options;
  options.patience = kSendPatience;
  options.allow_offload = use_offload_;
  std::size_t sent = 0;
  for (const Again& one : wanted) {
    const auto shards = std::span(one.shards).first(std::min(one.shards.size(), again_credit_));
    const MutableBytes datagrams = sender.seal_again(one.frame, shards);
    if (datagrams.empty()) continue;
    const std::size_t count = datagrams.size() / sender.datagram_bytes();
    again_credit_ -= count;
    sent += count;
    (void)socket_.send(path.local, path.remote, datagrams, sender.datagram_bytes(), options);
  }
  datagrams_ += sent;
  {
    const std::lock_guard lock(parity_mutex_);
    parity_.on_sent_again(sent);
  }
  const std::lock_guard lock(statistics_mutex_);
  statistics_.datagrams_again += sent;
  statistics_.wire_bytes += sent * sender.datagram_bytes();
}

void VideoPipeline::poke() {
  const std::lock_guard lock(stage_mutex_);
  if (stage_) stage_->poke();
}

std::optional<EncodeStage::Progress> VideoPipeline::progress() const {
  const std::lock_guard lock(stage_mutex_);
  return stage_ ? std::optional(stage_->progress()) : std::nullopt;
}

void VideoPipeline::set_wire_budget(BitRate budget) {
  const std::uint64_t before = wire_budget_bps_.exchange(budget.bits_per_second);
  if (budget.bits_per_second >= before) return;
  const std::lock_guard lock(parity_mutex_);
  parity_.on_rate_lowered();
}

BitRate VideoPipeline::encoder_rate(std::uint32_t refresh_hz) {
  const std::lock_guard lock(parity_mutex_);
  return media::encoder_share(wire_budget(), refresh_hz, shard_bytes_, parity_);
}

void VideoPipeline::encoded(const EncodedUnit& unit) {
  if (unit.repeat) return;
  const std::lock_guard lock(cadence_mutex_);
  cadence_.on_frame(unit.encode_end - unit.encode_start, unit.frame_interval, wire_budget(), unit.encode_end);
}

std::optional<BitRate> VideoPipeline::cadence_ceiling() const {
  const std::lock_guard lock(cadence_mutex_);
  return cadence_.ceiling();
}

void VideoPipeline::start_probe(const wire::ProbeRequest& request) {
  const std::lock_guard lock(probe_mutex_);
  probe_wanted_ = request;
  is_probe_wanted_ = true;
  // Before the first frame nothing else wakes the thread soon.
  queue_.units.wake();
}

std::optional<TimePoint> VideoPipeline::first_frame_at() const {
  const Duration::rep ns = first_frame_ns_;
  return ns == 0 ? std::nullopt : std::optional(TimePoint(Duration(ns)));
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

SessionStatistics VideoPipeline::statistics() const {
  std::string encoder;
  {
    const std::lock_guard lock(stage_mutex_);
    if (stage_) encoder = stage_->encoder_name();
  }
  const std::lock_guard lock(statistics_mutex_);
  SessionStatistics result = statistics_;
  result.encoder = std::move(encoder);
  result.datagrams_dropped = send_drops_;
  result.wire_budget = wire_budget();
  result.cadence_ceiling = cadence_ceiling();
  return result;
}

void VideoPipeline::send_loop(const endpoint::MediaGrant& grant, bool has_frames) {
  media::MediaSender sender(grant.host_to_client, grant.params);
  sender.keep_for_resend();
  media::PacerConfig config;
  config.stream_rate = first_budget_;
  config.floor_rate = media::kPacingFloor;
  media::Pacer pacer(config);
  FillerSender filler(sender, socket_, grant);
  const Duration idle_wait = has_frames ? kIdleWait : kProbeOnlyWait;
  std::uint32_t sent = 0;
  while (!stopping_) {
    auto unit = queue_.units.pop(std::min(idle_wait, filler.idle_for(monotonic_now())));
    send_filler(filler);
    send_wanted_again(sender, grant);
    if (!unit) continue;
    if (send_unit(*unit, sender, pacer, filler, grant)) ++sent;
    queue_.spare.push(std::move(unit->au));
    if (frame_limit_ != 0 && sent >= frame_limit_) return callbacks_.finished();
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

bool VideoPipeline::send_unit(EncodedUnit& unit, media::MediaSender& sender, media::Pacer& pacer,
                              FillerSender& filler, const endpoint::MediaGrant& grant) {
  const TimePoint taken = monotonic_now();
  // Section 12.5: capture times do not decrease, whatever source they come from.
  unit.captured = last_captured_ = std::max(unit.captured, last_captured_);
  media::MediaSender::FrameInfo info;
  info.pts_us = grant.clock.pts_us(unit.captured);
  info.epoch = unit.epoch;
  if (unit.keyframe) info.flags |= wire::kFlagKeyframe;
  if (unit.anchor) info.flags |= wire::kFlagRecoveryAnchor;
  if (unit.repeat) info.flags |= wire::kFlagRepeat;
  const std::uint32_t data_shards = sender.data_shards(unit.au.size());
  {
    const std::lock_guard lock(parity_mutex_);
    info.parity_percent = parity_.percent_for(data_shards);
  }
  if (unit.keyframe)
    info.parity_percent = std::max(info.parity_percent, media::ParityControl::kKeyframePercent);
  // The encoder's count and the wire's stay one, also when a unit was never sent.
  while (wire::is_newer(unit.index, sender.next_frame_index())) sender.skip_frame();
  if (!sender.begin_frame(unit.au, info)) {
    {
      const std::lock_guard lock(statistics_mutex_);
      ++statistics_.units_too_large;
    }
    request_keyframe();
    return false;
  }
  const std::size_t each = sender.datagram_bytes();
  const std::size_t datagrams = sender.datagrams_ready();
  const auto path = grant.path->get();
  pacer.set_frame_interval(unit.frame_interval);
  pacer.set_stream_rate(wire_budget());
  pacer.set_floor_rate({pacing_floor_bps_});
  pacer.begin_frame(datagrams, each, monotonic_now());
  SendOptions options;
  options.patience = kSendPatience;
  while (const auto step = pacer.next(monotonic_now())) {
    if (stopping_) return false;
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
    send_wanted_again(sender, grant);
  }
  again_credit_ = std::min(again_credit_ + datagrams / 2 + 1, kMostAgainCredit);
  const TimePoint sent_at = monotonic_now();
  {
    const std::lock_guard lock(statistics_mutex_);
    SessionStatistics& s = statistics_;
    s.capture_to_encode.add(unit.encode_start - unit.captured);
    s.encode.add(unit.encode_end - unit.encode_start);
    s.queue.add(taken - unit.encode_end);
    s.send.add(sent_at - taken);
    ++s.frames;
    s.keyframes += unit.keyframe ? 1 : 0;
    s.anchors += unit.anchor ? 1 : 0;
    s.repeats += unit.repeat ? 1 : 0;
    s.video_bytes += unit.au.size();
    s.video_datagrams += datagrams;
    s.parity_datagrams += datagrams - data_shards;
    s.wire_bytes += datagrams * each;
  }
  if (unit.epoch != std::exchange(epoch_sent_, unit.epoch) && last_sent_)
    callbacks_.resumed(sent_at - *last_sent_);
  if (!last_sent_) first_frame_ns_ = sent_at.time_since_epoch().count();
  last_sent_ = sent_at;
  if (grant.wants_host_timing) callbacks_.timing(timing_of(unit, sent_at, grant.clock));
  return true;
}

wire::HostTiming VideoPipeline::timing_of(const EncodedUnit& unit, TimePoint sent_at,
                                          const media::SessionClock& clock) {
  const auto micros = [](Duration d) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.count() / 1000, 0, UINT32_MAX));
  };
  wire::HostTiming timing;
  timing.pts_ns = clock.unix_ns(unit.captured);
  timing.host_us = micros(sent_at - unit.captured);
  timing.queue_us = micros(unit.encode_start - unit.captured);
  timing.encode_us = micros(unit.encode_end - unit.encode_start);
  timing.pace_us = micros(sent_at - unit.encode_end);
  return timing;
}

}  // namespace punktfunk::host
