// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/media_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "base/synthetic_frame.h"
#include "core/fec/parity.h"
#include "core/pacing/pacer.h"
#include "core/session/ask_reader.h"
#include "core/session/feedback_window.h"
#include "core/session/media_sender.h"
#include "core/session/parity_control.h"
#include "core/session/recovery.h"
#include "core/wire/limits.h"
#include "core/wire/media_header.h"

namespace punktfunk::loss_harness {

namespace {

using sim::NodeId;

constexpr NodeId kHost = 1;
constexpr NodeId kClient = 2;
// Virtual time starts off zero, so that nothing mistakes "never" for "at the start".
constexpr TimePoint kStart{std::chrono::seconds(1000)};
// What a link that changes is looked at this often.
constexpr Duration kStep = std::chrono::milliseconds(1);

media::MediaParams params_of(const RunSpec& spec) {
  media::MediaParams params;
  if (spec.scheme == Scheme::gf8) {
    params.scheme = fec::Scheme::gf8;
    // As many as leave room for their parity among the 255 shards of a block.
    const std::uint32_t percent = spec.parity_percent;
    params.max_data_per_block = fec::max_block_shards(fec::Scheme::gf8) * 100 / (100 + percent);
    if (percent != 0) params.max_data_per_block = std::min(params.max_data_per_block, 253U);
  }
  if (spec.scheme == Scheme::gf8 || spec.scheme == Scheme::gf16) params.fec_percent = spec.parity_percent;
  params.max_frame_bytes =
      wire::max_frame_bytes(static_cast<std::uint32_t>(spec.stream.rate.kbps()), spec.stream.frames_hz);
  return params;
}

Duration interval_of(const StreamShape& stream) {
  return Duration(std::chrono::seconds(1)) / stream.frames_hz;
}

media::PacerConfig pacer_of(const RunSpec& spec) {
  media::PacerConfig config;
  config.stream_rate = spec.stream.rate;
  config.frame_interval = interval_of(spec.stream);
  config.floor_rate = media::kPacingFloor;
  return config;
}

Secret<32> secret() { return Secret<32>(std::array<std::uint8_t, 32>{7}); }

class Host final : public sim::Participant {
 public:
  Host(const RunSpec& spec, RunResult& result)
      : spec_(spec),
        result_(result),
        sizes_(spec.seed),
        sender_(secret(), params_of(spec)),
        pacer_(pacer_of(spec)) {}

  void receive(TimePoint, NodeId, MutableBytes datagram) override {
    const auto feedback = wire::Feedback::decode(datagram);
    if (!feedback) return;
    (void)parity_.on_feedback(*feedback);
    if (asks_.read(*feedback) == media::AskReader::Action::keyframe) keyframe_wanted_ = true;
  }

  std::optional<TimePoint> next_deadline() const override {
    if (!step_) return frame_due_;
    return frame_due_ ? std::min(*frame_due_, step_->not_before) : step_->not_before;
  }

  void handle_deadline(TimePoint now) override {
    send_due(now);
    if (frame_due_ && *frame_due_ <= now) begin_frame(now);
    send_due(now);
  }

  std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint) override {
    if (ready_ == 0) return std::nullopt;
    --ready_;
    auto first = std::make_pair(kClient, std::move(unsent_.front()));
    unsent_.pop_front();
    return first;
  }

 private:
  std::uint8_t percent_for(std::uint32_t data_shards, bool keyframe) const {
    switch (spec_.scheme) {
      case Scheme::none:
        return 0;
      case Scheme::gf8:
      case Scheme::gf16:
        return spec_.parity_percent;
      case Scheme::adaptive:
        break;
    }
    const std::uint8_t percent = parity_.percent_for(data_shards);
    return keyframe ? std::max(percent, media::ParityControl::kKeyframePercent) : percent;
  }

  void begin_frame(TimePoint now) {
    const std::uint64_t mean = std::max<std::uint64_t>(spec_.stream.mean_bytes(), 2 * kSyntheticHeaderBytes);
    const bool keyframe = std::exchange(keyframe_wanted_, false);
    Bytes au(static_cast<std::size_t>(keyframe ? 3 * mean : mean / 2 + sizes_() % (mean + 1)));
    fill_synthetic(au, spec_.seed, sender_.next_frame_index());
    media::MediaSender::FrameInfo info;
    info.pts_us = static_cast<std::uint32_t>((now - kStart) / std::chrono::microseconds(1));
    info.flags = keyframe ? wire::kFlagKeyframe : std::uint16_t{0};
    const std::uint32_t data_shards = sender_.data_shards(au.size());
    info.parity_percent = percent_for(data_shards, keyframe);
    const auto datagrams = sender_.seal_frame(au, info);
    const std::size_t each = sender_.datagram_bytes();
    for (std::size_t at = 0; at < datagrams.size(); at += each) {
      const auto one = datagrams.subspan(at, each);
      unsent_.emplace_back(one.begin(), one.end());
    }
    pacer_.begin_frame(datagrams.size() / each, each, now);
    step_ = pacer_.next(now);

    result_.highest_percent = std::max(result_.highest_percent, info.parity_percent);
    result_.data_shards += data_shards;
    result_.parity_shards += datagrams.size() / each - data_shards;
    result_.au_bytes += au.size();
    result_.sent_bytes += datagrams.size();
    result_.keyframes += keyframe ? 1U : 0U;
    frame_due_ = ++result_.frames_sent < spec_.frames
                     ? std::optional(kStart + interval_of(spec_.stream) *
                                                  static_cast<Duration::rep>(result_.frames_sent))
                     : std::nullopt;
  }

  void send_due(TimePoint now) {
    while (step_ && step_->not_before <= now) {
      ready_ += step_->count;
      step_ = pacer_.next(now);
    }
  }

  const RunSpec& spec_;
  RunResult& result_;
  std::mt19937_64 sizes_;
  media::MediaSender sender_;
  media::Pacer pacer_;
  media::ParityControl parity_;
  media::AskReader asks_;
  bool keyframe_wanted_ = true;
  std::optional<TimePoint> frame_due_ = kStart;
  std::deque<Bytes> unsent_;
  std::size_t ready_ = 0;  // of those, what the pacer lets go
  std::optional<media::Pacer::Step> step_;
};

// Does what the client does with a frame, up to the decoder.
class Client final : public sim::Participant {
 public:
  Client(const RunSpec& spec, RunResult& result)
      : spec_(spec),
        result_(result),
        receiver_(secret(), params_of(spec), /*clock_origin_ns=*/0),
        window_(kStart),
        recovery_(spec.stream.frames_hz) {}

  void receive(TimePoint now, NodeId, MutableBytes datagram) override {
    if (receiver_.receive(datagram, now) == media::MediaReceiver::Outcome::frame_ready) drain(now);
    if (receiver_.is_loss_suspected(now)) recovery_.on_frame_lost(now);
  }

  std::optional<TimePoint> next_deadline() const override {
    std::optional<TimePoint> next = window_.due();
    for (const auto at : {receiver_.next_deadline(), recovery_.next_deadline()}) {
      if (at && *at < *next) next = at;
    }
    return next;
  }

  void handle_deadline(TimePoint now) override {
    drain(now);
    const bool window_closed = window_.update(receiver_.stats(), /*client_drops=*/0, now);
    const auto ask = recovery_.next(now);
    if (!window_closed && !ask) return;
    wire::Feedback feedback;
    window_.write(feedback);
    if (const auto open = recovery_.open_ask()) open->write(feedback);
    outgoing_.push_back(feedback.encode());
  }

  std::optional<std::pair<NodeId, Bytes>> poll_transmit(TimePoint) override {
    if (outgoing_.empty()) return std::nullopt;
    auto first = std::make_pair(kHost, std::move(outgoing_.front()));
    outgoing_.pop_front();
    return first;
  }

  void finish() {
    // Pictures that never came again were missed until the stream's end.
    const auto frames = static_cast<Duration::rep>(result_.frames_sent);
    shown_at(std::max(last_shown_, kStart + interval_of(spec_.stream) * frames));
    result_.asks = recovery_.asks_opened();
    result_.media = receiver_.stats();
  }

 private:
  void drain(TimePoint now) {
    while (true) {
      auto frame = receiver_.poll_frame(now);
      const std::uint64_t lost = receiver_.stats().frames_lost;
      if (lost != lost_seen_) {
        lost_seen_ = lost;
        recovery_.on_frame_lost(now);
      }
      if (!frame) return;
      recovery_.on_frame(frame->index, frame->flags, now);
      take(*frame, now);
      receiver_.recycle(std::move(frame->au));
    }
  }

  void take(const media::Frame& frame, TimePoint now) {
    ++result_.frames_delivered;
    if (check_synthetic(frame.au, spec_.seed, frame.index) != SyntheticCheck::good) ++result_.frames_wrong;
    if (frame.recovered_shards > 0) ++result_.frames_recovered;
    const TimePoint captured = kStart + Duration(static_cast<Duration::rep>(frame.capture_ns));
    if (now - captured > spec_.late) ++result_.frames_late;

    if (frame.index != next_index_) holding_ = true;
    next_index_ = frame.index + 1;
    if ((frame.flags & wire::kFlagKeyframe) != 0) holding_ = false;
    if (holding_) {
      recovery_.on_frame_undecodable(now);
    } else {
      ++result_.frames_shown;
      shown_at(now);
    }
  }

  void shown_at(TimePoint now) {
    result_.longest_gap = std::max(result_.longest_gap, now - last_shown_);
    last_shown_ = now;
  }

  const RunSpec& spec_;
  RunResult& result_;
  media::MediaReceiver receiver_;
  media::FeedbackWindow window_;
  media::Recovery recovery_;
  std::deque<Bytes> outgoing_;
  std::uint64_t lost_seen_ = 0;
  std::uint32_t next_index_ = 0;
  bool holding_ = true;  // until the first keyframe, and from a hole to the next one
  TimePoint last_shown_ = kStart;
};

}  // namespace

const char* name_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::none:
      return "none";
    case Scheme::gf8:
      return "gf8";
    case Scheme::gf16:
      return "gf16";
    case Scheme::adaptive:
      break;
  }
  return "adaptive";
}

std::uint64_t RunResult::packets_refused() const {
  return media.packets_dropped() - media.count(media::MediaReceiver::Outcome::replayed);
}

Result<RunResult> run_stream(const RunSpec& spec) {
  RunResult result;
  Host host(spec, result);
  Client client(spec, result);
  sim::SimNetwork network(spec.seed);
  sim::SimDriver driver(network, kStart);
  driver.add(kHost, host);
  driver.add(kClient, client);

  // Whatever can still come has come a second after the last frame.
  const Duration length =
      interval_of(spec.stream) * static_cast<Duration::rep>(spec.frames) + std::chrono::seconds(1);
  const Duration step = spec.pattern.changes() ? kStep : length;
  for (Duration at{}; at < length; at += step) {
    sim::LinkOptions link = spec.pattern.link_at(at, spec.stream.rate, spec.seed);
    network.set_link(kHost, kClient, link);
    // Feedback is sparse: a burst counted in its datagrams would last far longer than one of video.
    link.loss += spec.pattern.burst_share;
    link.burst_start = 0;
    network.set_link(kClient, kHost, link);
    if (!driver.run_until(kStart + std::min(at + step, length)))
      return fail("The simulated time stood still: this build is broken.");
  }
  result.link = network.stats(kHost, kClient);
  client.finish();
  result.frames_lost = result.frames_sent - result.frames_delivered;
  return result;
}

}  // namespace punktfunk::loss_harness
