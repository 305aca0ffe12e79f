// SPDX-License-Identifier: MIT OR Apache-2.0
// The two ends of one simulated stream: the real sender, pacer, receiver, feedback, recovery, parity and rate
// control, with synthetic access units in place of an encoder. Also the control messages the loop needs, over
// a small reliable exchange in place of QUIC.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "core/media/frame.h"
#include "core/pacing/pacer.h"
#include "core/session/ask_reader.h"
#include "core/session/feedback_window.h"
#include "core/session/keyframe_throttle.h"
#include "core/session/loss_response.h"
#include "core/session/media_receiver.h"
#include "core/session/media_sender.h"
#include "core/session/parity_control.h"
#include "core/session/picture_chain.h"
#include "core/session/rate_control.h"
#include "core/session/reference_chain.h"
#include "transport/sim/sim_network.h"

namespace punktfunk::loss_harness {

inline constexpr sim::NodeId kHost = 1;
inline constexpr sim::NodeId kClient = 2;
// Virtual time starts off zero, so that nothing mistakes "never" for "at the start".
inline constexpr TimePoint kStart{std::chrono::seconds(1000)};

[[nodiscard]] inline Duration interval_of(std::uint32_t frames_hz) {
  return Duration(std::chrono::seconds(1)) / frames_hz;
}

struct HostSetup {
  media::MediaParams params;
  // Of access-unit bytes, or with `budgeted` of everything on the wire: then the model encoder gets what
  // parity and framing leave, and the client may ask for another.
  BitRate rate;
  bool budgeted = false;
  std::uint32_t frames_hz = 60;
  std::uint64_t frames = 1;
  // nullopt: as the host's parity control asks.
  std::optional<std::uint8_t> parity_percent;
  // The model encoder keeps its last pictures and can go on without those that were lost.
  bool invalidates = false;
  bool resends = false;
  std::uint64_t seed = 1;
};

struct HostCounts {
  std::uint64_t frames = 0, keyframes = 0, anchors = 0;
  std::uint64_t shards_again = 0;  // sent again because the client asked
  std::uint64_t data_shards = 0, parity_shards = 0;
  std::uint64_t au_bytes = 0, sent_bytes = 0;  // sent: whole datagrams
  std::uint8_t highest_percent = 0;
};

class StreamHost final : public sim::Participant {
 public:
  explicit StreamHost(const HostSetup& setup);

  void receive(TimePoint now, sim::NodeId from, MutableBytes datagram) override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
  void handle_deadline(TimePoint now) override;
  [[nodiscard]] std::optional<std::pair<sim::NodeId, Bytes>> poll_transmit(TimePoint now) override;

  [[nodiscard]] const HostCounts& counts() const { return counts_; }
  // The frame that this one was coded from; nullopt: a keyframe. Of frames sent so far.
  [[nodiscard]] std::optional<std::uint32_t> reference_of(std::uint32_t frame) const {
    return references_[frame];
  }

 private:
  [[nodiscard]] std::uint8_t percent_for(std::uint32_t data_shards, bool keyframe) const;
  [[nodiscard]] std::uint64_t mean_bytes() const;
  void on_set_bitrate(ByteView message);
  void recover(const wire::Feedback& feedback);
  void begin_frame(TimePoint now);
  void send_due(TimePoint now);

  const HostSetup setup_;
  HostCounts counts_;
  BitRate rate_;
  std::mt19937_64 sizes_;
  media::MediaSender sender_;
  media::Pacer pacer_;
  media::ParityControl parity_;
  media::AskReader asks_;
  media::KeyframeThrottle keyframes_;
  bool keyframe_wanted_ = true;
  media::ReferenceChain chain_;
  std::optional<std::uint32_t> anchor_;  // what the next frame is coded from
  std::vector<std::optional<std::uint32_t>> references_;
  std::optional<TimePoint> frame_due_ = kStart;
  std::deque<Bytes> unsent_;
  std::size_t ready_ = 0;  // of those, what the pacer lets go
  std::optional<media::Pacer::Step> step_;
  std::uint8_t next_message_ = 0;
  std::deque<Bytes> answers_;
};

struct ClientSetup {
  media::MediaParams params;
  std::uint32_t frames_hz = 60;
  std::uint64_t seed = 1;
  // nullopt: leaves the rate as it is.
  std::optional<media::RateControlConfig> rate_control;
  bool invalidates = false;
  // Round trip without queues, as the clock rounds would find it; empty: not known, and nothing is asked for
  // again.
  std::function<Duration()> round_trip;
};

struct ClientCounts {
  std::uint64_t delivered = 0;
  std::uint64_t recovered = 0;  // of those, with parity
  std::uint64_t shown = 0;      // of those, decodable: unbroken since a keyframe
  std::uint64_t wrong = 0;      // of those, not what was sent: never, or this build is broken
  std::uint64_t asks = 0;
  std::uint64_t healed = 0;  // frames complete after shards were asked for again
};

// Does what the client does with a frame, up to the decoder.
class StreamClient final : public sim::Participant {
 public:
  explicit StreamClient(const ClientSetup& setup);

  // For each frame that comes out; `shown`: a decoder could show it.
  std::function<void(const media::Frame& frame, bool shown, TimePoint now)> on_frame;
  // For each rate asked for.
  std::function<void(const media::RateControl& control, TimePoint now)> on_ask;

  void receive(TimePoint now, sim::NodeId from, MutableBytes datagram) override;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
  void handle_deadline(TimePoint now) override;
  [[nodiscard]] std::optional<std::pair<sim::NodeId, Bytes>> poll_transmit(TimePoint now) override;

  [[nodiscard]] ClientCounts counts() const;
  [[nodiscard]] media::MediaReceiver::Stats media() const { return receiver_.stats(); }

 private:
  void drain(TimePoint now);
  void take(media::Frame& frame, TimePoint now);
  void send(wire::Feedback feedback);
  void run_rate_control(TimePoint now);

  const ClientSetup setup_;
  ClientCounts counts_;
  media::MediaReceiver receiver_;
  media::FeedbackWindow window_;
  media::LossResponse losses_;
  std::optional<media::RateControl> rate_;
  std::deque<Bytes> messages_;  // not answered yet
  std::uint8_t first_message_ = 0;
  std::optional<TimePoint> repeat_at_;
  std::deque<Bytes> outgoing_;
  media::PictureChain chain_;
};

}  // namespace punktfunk::loss_harness
