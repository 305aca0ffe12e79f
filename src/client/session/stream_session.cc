// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/stream_session.h"

#include <pthread.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "core/wire/media_header.h"

namespace punktfunk::client {

namespace {
constexpr Duration kIdleWait = std::chrono::milliseconds(100);
constexpr Duration kStatisticsEvery = std::chrono::seconds(1);
}  // namespace

Result<std::unique_ptr<StreamSession>> StreamSession::start(const StreamOptions& options,
                                                            const control::Identity& identity,
                                                            RandomSource& random, StreamListener& listener) {
  std::unique_ptr<StreamSession> session(new StreamSession(options, listener));
  auto endpoint =
      endpoint::ClientEndpoint::create(options.endpoint, options.host, &identity, random, *session);
  if (!endpoint) return tl::unexpected(endpoint.error());
  session->endpoint_ = std::move(*endpoint);
  session->decode_thread_ = std::thread([raw = session.get()] {
    pthread_setname_np(pthread_self(), "pf-decode");
    raw->decode_loop();
  });
  endpoint::ConnectOptions connect;
  connect.takes_anchors = true;
  connect.pin = options.pin;
  connect.budget = options.connect_budget;
  session->endpoint_->connect(connect, options.hello);
  return session;
}

void StreamSession::stop() {
  endpoint_->stop();
  stopping_ = true;
  units_.close();
  if (decode_thread_.joinable()) decode_thread_.join();
}

void StreamSession::on_session(const wire::ServerHello& hello, const control::Fingerprint& host) {
  {
    const std::lock_guard lock(mutex_);
    epochs_.emplace(hello.mode);
    codec_ = hello.codec;
  }
  listener_.on_connected(hello, host);
}

void StreamSession::on_stream_config(const wire::StreamConfig& config) {
  const std::lock_guard lock(mutex_);
  epochs_->on_config(config);
}

void StreamSession::on_reconfigured(const wire::Reconfigured& answer) {
  {
    const std::lock_guard lock(mutex_);
    epochs_->on_reconfigured(answer);
  }
  listener_.on_reconfigured(answer);
}

void StreamSession::on_frame(media::Frame frame) {
  // The decode thread sees by `before` that a unit was evicted, and asks for a keyframe.
  const auto before = std::exchange(last_handed_over_, frame.index);
  (void)units_.push({std::move(frame), monotonic_now(), before});
}

void StreamSession::on_host_timing(const wire::HostTiming& timing) {
  const std::lock_guard lock(mutex_);
  latency_.add_timing(timing, clock_offset_ns_);
}

void StreamSession::on_ended(const endpoint::ClientEnd& end) { listener_.on_ended(end); }

StreamStatistics StreamSession::statistics() const {
  const std::lock_guard lock(mutex_);
  StreamStatistics result = statistics_;
  result.latency = latency_.stages();
  result.network = endpoint_->snapshot();
  return result;
}

void StreamSession::decode_loop() {
  statistics_due_ = monotonic_now() + kStatisticsEvery;
  while (!stopping_) {
    if (auto unit = units_.pop(kIdleWait)) {
      const TimePoint now = monotonic_now();
      if (!backlog_) {
        const std::lock_guard lock(mutex_);
        backlog_.emplace(Duration(std::chrono::seconds(1)) / std::max(1U, epochs_->mode().refresh_hz));
      }
      if (backlog_->on_item(now - unit->handed_over, now)) {
        jump_to_live(std::move(*unit));
      } else {
        decode_and_recycle(std::move(*unit));
      }
    }
    if (monotonic_now() >= statistics_due_) {
      statistics_due_ += kStatisticsEvery;
      listener_.on_statistics(statistics());
    }
  }
}

void StreamSession::decode_and_recycle(Unit unit) {
  decode_time_ = Duration::zero();
  clean_.reset();
  decode_unit(unit);
  endpoint_->recycle(std::move(unit.frame.au), decode_time_, clean_);
}

void StreamSession::jump_to_live(Unit first) {
  std::vector<Unit> waiting;
  std::uint64_t skipped = 0;
  const auto skip = [&] {
    skipped += waiting.size();
    for (Unit& unit : waiting) endpoint_->recycle(std::move(unit.frame.au));
    waiting.clear();
  };
  for (std::optional<Unit> unit = std::move(first); unit; unit = units_.try_pop()) {
    if ((unit->frame.flags & wire::kFlagKeyframe) != 0) skip();
    waiting.push_back(std::move(*unit));
  }
  if ((waiting.front().frame.flags & wire::kFlagKeyframe) == 0) {
    skip();
    chain_.damage();
    endpoint_->report_undecodable();
  }
  {
    const std::lock_guard lock(mutex_);
    ++statistics_.jumps_to_live;
    statistics_.skipped += skipped;
  }
  for (Unit& unit : waiting) decode_and_recycle(std::move(unit));
}

void StreamSession::decode_unit(Unit& unit) {
  const media::Frame& frame = unit.frame;
  const bool keyframe = (frame.flags & wire::kFlagKeyframe) != 0;
  const auto offset = endpoint_->snapshot().clock_offset_ns;
  FrameReport report{frame.index, keyframe, {frame.capture_ns, frame.last_packet, unit.handed_over, {}}};
  if (last_index_ && unit.before != last_index_) chain_.damage();
  last_index_ = frame.index;
  const bool shows = chain_.push(frame.index, frame.flags);
  follow_epoch(frame.epoch);
  wire::Mode mode;
  std::uint8_t codec = 0;
  {
    const std::lock_guard lock(mutex_);
    ++statistics_.frames;
    if (keyframe) ++statistics_.keyframes;
    if ((frame.flags & wire::kFlagRepeat) != 0) ++statistics_.repeats;
    statistics_.video_bytes += frame.au.size();
    clock_offset_ns_ = offset;
    mode = epochs_->expected();
    codec = codec_;
  }
  if (!options_.decode) {
    report.times.decoded = monotonic_now();
    listener_.on_access_unit(frame.au, report);
    return picture_came(frame, report);
  }
  if (!decoder_) {
    auto decoder = create_decoder({static_cast<VideoCodec>(codec), mode.width, mode.height, 0});
    if (!decoder) {
      spdlog::error("{}", decoder.error().message);
      return endpoint_->close(wire::CloseCode::error, decoder.error().message);
    }
    decoder_ = std::move(*decoder);
  }
  listener_.on_access_unit(frame.au, report);
  if (!shows) {
    // Built on something that is missing: the last good picture stays until what was asked for comes. The
    // network thread knows of gaps of the network alone.
    if (chain_.needs_keyframe()) endpoint_->report_undecodable(frame.index);
    const std::lock_guard lock(mutex_);
    ++statistics_.held_back;
    return;
  }
  const TimePoint started = monotonic_now();
  if ((frame.flags & wire::kFlagRecoveryAnchor) != 0) decoder_->expect_gap();
  DecodeOutcome outcome = decoder_->push(frame.au);
  report.times.decoded = monotonic_now();
  decode_time_ = report.times.decoded - started;
  switch (outcome.status) {
    case DecodeStatus::need_more:
      return;
    case DecodeStatus::fatal:
      return endpoint_->close(wire::CloseCode::error, outcome.message);
    case DecodeStatus::corrupt: {
      chain_.damage();
      endpoint_->report_undecodable(frame.index);
      const std::lock_guard lock(mutex_);
      ++statistics_.undecodable;
      return;
    }
    case DecodeStatus::picture:
      break;
  }
  clean_ = frame.index;
  picture_came(frame, report);
  listener_.on_picture(outcome.picture, report);
}

void StreamSession::follow_epoch(std::uint8_t epoch) {
  const std::lock_guard lock(mutex_);
  // Past ones were dropped before they came here.
  const bool is_first = epochs_->on_frame(epoch) == media::EpochGate::Frame::first;
  const auto change = epochs_->take_change();
  if (is_first) {
    opens_epoch_ = true;
    ++statistics_.epochs;
  }
  if (change) {
    mode_to_tell_ = change;
    backlog_.reset();  // its limit depends on the rate
  }
  // Its config may come later; then the picture is most likely what the host promised.
  if (decoder_ && (is_first || change))
    decoder_->set_mode(epochs_->expected().width, epochs_->expected().height);
}

void StreamSession::picture_came(const media::Frame& frame, const FrameReport& report) {
  std::optional<ModeChange> change;
  {
    const std::lock_guard lock(mutex_);
    if (options_.decode) ++statistics_.pictures;
    if (!first_picture_) first_picture_ = report.times.decoded;
    statistics_.shown = report.times.decoded - *first_picture_;
    const Duration gap = last_picture_ ? report.times.decoded - *last_picture_ : Duration::zero();
    if (std::exchange(opens_epoch_, false)) {
      epoch_gap_ = gap;
      statistics_.longest_epoch_gap = std::max(statistics_.longest_epoch_gap, gap);
    }
    if (mode_to_tell_) {
      change = ModeChange{*mode_to_tell_, frame.epoch, epoch_gap_};
      mode_to_tell_.reset();
    }
    if (last_picture_) {
      statistics_.longest_gap = std::max(statistics_.longest_gap, gap);
      if (gap > kFreeze) {
        ++statistics_.freezes;
        statistics_.frozen += gap;
      }
    }
    // A repeat shows what was there before: its way says nothing about the age of the picture.
    if (!options_.decode || (frame.flags & wire::kFlagRepeat) == 0)
      latency_.add_frame(report.times, clock_offset_ns_);
  }
  last_picture_ = report.times.decoded;
  if (change) listener_.on_mode_changed(*change);
}

}  // namespace punktfunk::client
