// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/stream_ends.h"

#include <algorithm>
#include <array>

#include "base/synthetic_frame.h"
#include "core/session/bitrate_grant.h"
#include "core/session/wire_budget.h"
#include "core/wire/control_frame.h"
#include "core/wire/media_header.h"

namespace punktfunk::loss_harness {

namespace {

using sim::NodeId;

// SetBitrate and BitrateChanged as datagrams: type, number, body. The types lie above every tag that feedback
// begins with and every tag of a media packet.
constexpr auto kSetBitrate = static_cast<std::uint8_t>(wire::FrameType::set_bitrate);
constexpr auto kBitrateChanged = static_cast<std::uint8_t>(wire::FrameType::bitrate_changed);
// QUIC repeats what was not acknowledged after about as long.
constexpr Duration kRepeat = std::chrono::milliseconds(100);
constexpr BitRate kMostBudget = BitRate::from_kbps(200'000);
// Our own choice: what hardware encoders keep at most.
constexpr std::size_t kReferences = 16;

Secret<32> secret() { return Secret<32>(std::array<std::uint8_t, 32>{7}); }

media::PacerConfig pacer_of(const HostSetup& setup) {
  media::PacerConfig config;
  config.stream_rate = setup.rate;
  config.frame_interval = interval_of(setup.frames_hz);
  config.floor_rate = media::kPacingFloor;
  return config;
}

Bytes message(std::uint8_t type, std::uint8_t number, const Bytes& body) {
  Bytes bytes(2 + body.size());
  bytes[0] = type;
  bytes[1] = number;
  std::copy(body.begin(), body.end(), bytes.begin() + 2);
  return bytes;
}

}  // namespace

StreamHost::StreamHost(const HostSetup& setup)
    : setup_(setup),
      rate_(setup.rate),
      sizes_(setup.seed),
      sender_(secret(), setup.params),
      pacer_(pacer_of(setup)),
      chain_(kReferences) {
  if (setup_.resends) sender_.keep_for_resend();
}

void StreamHost::receive(TimePoint, NodeId, MutableBytes datagram) {
  if (datagram.size() > 2 && datagram[0] == kSetBitrate) return on_set_bitrate(datagram);
  const auto feedback = wire::Feedback::decode(datagram);
  if (!feedback) return;
  (void)parity_.on_feedback(*feedback);
  pacer_.set_floor_rate(media::pacing_floor(feedback->link_kbps));
  recover(*feedback);
}

void StreamHost::recover(const wire::Feedback& feedback) {
  using Action = media::AskReader::Action;
  using Answer = media::ReferenceChain::Answer;
  if (const Action action = asks_.read(feedback); action == Action::invalidate && setup_.invalidates) {
    const auto outcome = chain_.invalidate(*feedback.invalidate_first, *feedback.invalidate_last);
    anchor_.reset();
    if (outcome.answer == Answer::anchor) anchor_ = outcome.reference;
    if (outcome.answer == Answer::keyframe) keyframe_wanted_ = true;
  } else if (action != Action::none) {
    keyframe_wanted_ = true;
  }
  if (!setup_.resends || !asks_.read_resend(feedback)) return;
  const MutableBytes again = sender_.seal_again(*feedback.resend_frame, feedback.resend_shards);
  const std::size_t each = sender_.datagram_bytes();
  // Before what waits for the pacer, like the answers of the control stream.
  for (std::size_t at = 0; at < again.size(); at += each) {
    const auto one = again.subspan(at, each);
    answers_.emplace_back(one.begin(), one.end());
  }
  counts_.shards_again += again.size() / each;
  counts_.sent_bytes += again.size();
  parity_.on_sent_again(again.size() / each);
}

void StreamHost::on_set_bitrate(ByteView bytes) {
  const auto asked = wire::SetBitrate::decode(bytes.subspan(2));
  if (!asked) return;
  wire::BitrateChanged answer =
      media::grant_bitrate(asked->bitrate_kbps, rate_, {.most = kMostBudget, .is_pinned = !setup_.budgeted});
  if (bytes[1] == next_message_) {
    ++next_message_;
    if (rate_.kbps() > answer.bitrate_kbps) parity_.on_rate_lowered();
    rate_ = BitRate::from_kbps(answer.bitrate_kbps);
    pacer_.set_stream_rate(rate_);
  } else {
    answer.bitrate_kbps = static_cast<std::uint32_t>(rate_.kbps());
  }
  answers_.push_back(message(kBitrateChanged, bytes[1], answer.encode()));
}

std::optional<TimePoint> StreamHost::next_deadline() const {
  if (!step_) return frame_due_;
  return frame_due_ ? std::min(*frame_due_, step_->not_before) : step_->not_before;
}

void StreamHost::handle_deadline(TimePoint now) {
  send_due(now);
  if (frame_due_ && *frame_due_ <= now) begin_frame(now);
  send_due(now);
}

std::optional<std::pair<NodeId, Bytes>> StreamHost::poll_transmit(TimePoint) {
  if (!answers_.empty()) {
    auto answer = std::make_pair(kClient, std::move(answers_.front()));
    answers_.pop_front();
    return answer;
  }
  if (ready_ == 0) return std::nullopt;
  --ready_;
  auto first = std::make_pair(kClient, std::move(unsent_.front()));
  unsent_.pop_front();
  return first;
}

std::uint8_t StreamHost::percent_for(std::uint32_t data_shards, bool keyframe) const {
  if (setup_.parity_percent) return *setup_.parity_percent;
  const std::uint8_t percent = parity_.percent_for(data_shards);
  return keyframe ? std::max(percent, media::ParityControl::kKeyframePercent) : percent;
}

std::uint64_t StreamHost::mean_bytes() const {
  const BitRate rate =
      setup_.budgeted ? media::encoder_share(rate_, setup_.frames_hz, setup_.params.shard_payload, parity_)
                      : rate_;
  return std::max<std::uint64_t>(rate.bits_per_second / 8 / setup_.frames_hz, 2 * kSyntheticHeaderBytes);
}

void StreamHost::begin_frame(TimePoint now) {
  const std::uint64_t mean = mean_bytes();
  const bool keyframe = keyframe_wanted_ && now >= keyframes_.next().value_or(now);
  if (keyframe) {
    keyframe_wanted_ = false;
    keyframes_.on_keyframe(now);
    anchor_.reset();
  }
  const bool anchor = anchor_.has_value();
  const std::uint32_t index = sender_.next_frame_index();
  references_.push_back(keyframe ? std::nullopt
                                 : std::optional(std::exchange(anchor_, std::nullopt).value_or(index - 1)));
  chain_.on_coded(index, references_.back());
  const std::uint64_t bytes = mean / 2 + sizes_() % (mean + 1);
  // What refers to an older picture finds less in it: our own choice, half as large again.
  Bytes au(static_cast<std::size_t>(keyframe ? 3 * mean : anchor ? bytes * 3 / 2 : bytes));
  fill_synthetic(au, setup_.seed, index);
  media::MediaSender::FrameInfo info;
  info.pts_us = static_cast<std::uint32_t>((now - kStart) / std::chrono::microseconds(1));
  info.flags = keyframe ? wire::kFlagKeyframe : anchor ? wire::kFlagRecoveryAnchor : std::uint16_t{0};
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

  counts_.highest_percent = std::max(counts_.highest_percent, info.parity_percent);
  counts_.data_shards += data_shards;
  counts_.parity_shards += datagrams.size() / each - data_shards;
  counts_.au_bytes += au.size();
  counts_.sent_bytes += datagrams.size();
  counts_.keyframes += keyframe ? 1U : 0U;
  counts_.anchors += anchor ? 1U : 0U;
  frame_due_ =
      ++counts_.frames < setup_.frames
          ? std::optional(kStart + interval_of(setup_.frames_hz) * static_cast<Duration::rep>(counts_.frames))
          : std::nullopt;
}

void StreamHost::send_due(TimePoint now) {
  while (step_ && step_->not_before <= now) {
    ready_ += step_->count;
    step_ = pacer_.next(now);
  }
}

StreamClient::StreamClient(const ClientSetup& setup)
    : setup_(setup),
      receiver_(secret(), setup.params, /*clock_origin_ns=*/0),
      window_(kStart),
      losses_(setup.frames_hz, setup.invalidates) {
  if (setup_.rate_control) rate_.emplace(*setup_.rate_control, kStart);
}

void StreamClient::receive(TimePoint now, NodeId, MutableBytes datagram) {
  if (datagram.size() > 2 && datagram[0] == kBitrateChanged) {
    const auto changed = wire::BitrateChanged::decode(ByteView(datagram).subspan(2));
    if (!changed || messages_.empty() || datagram[1] != first_message_) return;
    messages_.pop_front();
    ++first_message_;
    if (messages_.empty()) repeat_at_.reset();
    rate_->on_bitrate_changed(*changed, now);
    return;
  }
  (void)receiver_.receive(datagram, now);
  if (receiver_.has_frame()) drain(now);
  losses_.look(receiver_, now);
}

std::optional<TimePoint> StreamClient::next_deadline() const {
  std::optional<TimePoint> next = window_.due();
  for (const auto at : {receiver_.next_deadline(), losses_.next_deadline(), repeat_at_}) {
    if (at && *at < *next) next = at;
  }
  return rate_ ? std::min(*next, rate_->next_deadline()) : next;
}

void StreamClient::handle_deadline(TimePoint now) {
  drain(now);
  losses_.set_path(setup_.round_trip ? std::optional(setup_.round_trip()) : std::nullopt,
                   rate_ ? rate_->queue() : Duration::zero());
  losses_.look(receiver_, now);
  if (rate_) run_rate_control(now);
  const bool window_closed = window_.update(receiver_.stats(), /*client_drops=*/0, now);
  bool sent = false;
  for (; auto feedback = losses_.next(now); sent = true) send(std::move(*feedback));
  if (!window_closed || sent) return;
  wire::Feedback feedback;
  losses_.write(feedback);
  send(std::move(feedback));
}

void StreamClient::send(wire::Feedback feedback) {
  window_.write(feedback);
  if (rate_) feedback.link_kbps = rate_->link_kbps();
  outgoing_.push_back(feedback.encode());
}

void StreamClient::run_rate_control(TimePoint now) {
  while (const auto arrival = receiver_.poll_arrival()) rate_->on_arrival(*arrival);
  const auto rate = rate_->update(receiver_.stats(), now);
  if (rate) {
    wire::SetBitrate ask;
    ask.bitrate_kbps = static_cast<std::uint32_t>(rate->kbps());
    const auto number = static_cast<std::uint8_t>(first_message_ + messages_.size());
    messages_.push_back(message(kSetBitrate, number, ask.encode()));
    outgoing_.push_back(messages_.back());
    if (!repeat_at_) repeat_at_ = now + kRepeat;
    if (on_ask) on_ask(*rate_, now);
  }
  if (repeat_at_ && now >= *repeat_at_) {
    outgoing_.insert(outgoing_.end(), messages_.begin(), messages_.end());
    repeat_at_ = now + kRepeat;
  }
}

std::optional<std::pair<NodeId, Bytes>> StreamClient::poll_transmit(TimePoint) {
  if (outgoing_.empty()) return std::nullopt;
  auto first = std::make_pair(kHost, std::move(outgoing_.front()));
  outgoing_.pop_front();
  return first;
}

ClientCounts StreamClient::counts() const {
  ClientCounts counts = counts_;
  counts.asks = losses_.recovery().asks_opened();
  counts.healed = losses_.resends().frames_healed();
  return counts;
}

void StreamClient::drain(TimePoint now) {
  while (auto frame = losses_.poll(receiver_, now)) {
    take(*frame, now);
    receiver_.recycle(std::move(frame->au));
  }
}

void StreamClient::take(media::Frame& frame, TimePoint now) {
  ++counts_.delivered;
  if (check_synthetic(frame.au, setup_.seed, frame.index) != SyntheticCheck::good) ++counts_.wrong;
  if (frame.recovered_shards > 0) ++counts_.recovered;
  const bool shows = chain_.push(frame.index, frame.flags);
  if (shows) {
    ++counts_.shown;
    losses_.on_clean(frame.index);
  } else if (chain_.needs_keyframe()) {
    losses_.on_undecodable(frame.index, now);
  }
  if (on_frame) on_frame(frame, shows, now);
}

}  // namespace punktfunk::loss_harness
