// SPDX-License-Identifier: MIT OR Apache-2.0
// Adaptive bitrate: the controller of section 18, which sits in the client. Time and figures in, the total
// wire budget to ask the host for out. Policy of this client, not protocol.
//
// Steps of 100 ms look at delay: a queue that stands, and does not drain, for two of them is more than the
// link carries, and the rate goes below what arrived meanwhile. Slices of 500 ms look at loss beyond what
// parity repairs and at the time decoding and encoding take, and climb when nothing is wrong: quickly up to
// the rate that was last found to be too much, slowly through it, and never to more than twice what has been
// proven by arriving.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/session/media_receiver.h"
#include "core/wire/host_timing.h"
#include "core/wire/session_messages.h"

namespace punktfunk::media {

struct RateControlConfig {
  BitRate start;                            // in force at the start: ServerHello tag 13
  BitRate ceiling;                          // never asked beyond: what the picture deserves
  BitRate floor = BitRate::from_kbps(500);  // the host's, section 18
  Duration frame_interval = std::chrono::milliseconds(16);
};

// One per session, client side, one thread. Pure in time.
class RateControl {
 public:
  static constexpr Duration kStep = std::chrono::milliseconds(100);
  static constexpr Duration kSlice = std::chrono::milliseconds(500);

  // Why the rate was changed last.
  enum class Cause : std::uint8_t { none, climb, delay, loss, decode, encode, host };

  RateControl(const RateControlConfig& config, TimePoint start);

  // A frame began to arrive. Any constant offset between the clocks will do.
  void on_arrival(const MediaReceiver::Arrival& arrival);
  // The host's own share in that frame's delay; from the first of these on only frames that have one count,
  // so that a slow encoder is not taken for a slow link.
  void on_host_timing(const wire::HostTiming& timing);
  // How long the decoder worked on a frame.
  void on_decoded(Duration work);
  void on_bitrate_changed(const wire::BitrateChanged& changed, TimePoint now);
  // The pictures have another size or rate: `factor` times as many pixels a second as at the start.
  void on_picture_changed(double factor, Duration frame_interval);
  // The host was silent for reasons of its own: what was measured meanwhile says nothing.
  void on_pipeline_gap(TimePoint now);
  // What the start-up ramp found: this much came through, or the link carries no more than this. The next
  // update() then has the rate to ask for.
  void on_proven(BitRate rate, TimePoint now);
  void on_found_narrow(BitRate link, TimePoint now);

  // Closes the step that is due. A value: ask the host for this total rate now.
  [[nodiscard]] std::optional<BitRate> update(const MediaReceiver::Stats& stats, TimePoint now);
  [[nodiscard]] TimePoint next_deadline() const { return step_ends_; }

  // In force, or asked for and not answered yet.
  [[nodiscard]] BitRate rate() const { return rate_; }
  [[nodiscard]] Cause cause() const { return cause_; }
  // What the link was found to carry when it was last too narrow, for feedback; nullopt: it never was.
  [[nodiscard]] std::optional<std::uint32_t> link_kbps() const;
  // Delay beyond the least seen, as of the last step that could tell.
  [[nodiscard]] Duration queue() const { return queue_; }

 private:
  struct Mark {  // totals of the receiver at some instant
    TimePoint at{};
    std::uint64_t bytes = 0, packets = 0, lost_shards = 0, frames_lost = 0;
  };
  struct Pending {  // a frame that waits for its host timing
    std::uint64_t capture_ns = 0;
    Duration delay{};
  };
  struct Work {  // durations added up over a slice
    Duration sum{};
    int count = 0;
    int slow_slices = 0;
  };

  static Mark mark_of(const MediaReceiver::Stats& stats, TimePoint now);
  void add_delay(Duration delay);
  void close_step(const Mark& now);
  void close_slice(const Mark& now);
  [[nodiscard]] bool is_slow(Work& work) const;
  void note_baseline(Duration delay, TimePoint now);
  void back_off(Cause cause, BitRate to, TimePoint now);
  void climb(BitRate received, TimePoint now);
  [[nodiscard]] bool judge_loss(BitRate received, double loss, std::uint64_t frames_lost, TimePoint now);
  [[nodiscard]] BitRate ceiling(TimePoint now) const;

  RateControlConfig config_;
  const BitRate first_ceiling_;
  BitRate rate_;
  BitRate asked_;  // what the host was last told, or said itself
  Cause cause_ = Cause::none;
  int unanswered_ = 0;
  bool pinned_ = false;
  std::optional<BitRate> governor_ceiling_;
  std::optional<BitRate> host_ceiling_;  // what the host managed, until …
  TimePoint host_ceiling_until_{};

  std::optional<Mark> step_, slice_;
  TimePoint step_ends_;

  // Delay. Offsets between the clocks are part of these values, so they only mean something by difference.
  bool has_timing_ = false;
  std::array<Pending, 32> pending_{};
  std::size_t pending_next_ = 0;
  std::optional<Duration> step_least_;
  int step_samples_ = 0;
  std::array<std::optional<Duration>, 2> least_;  // of this stretch of time and of the one before
  TimePoint stretch_ends_{};
  Duration queue_{};
  int standing_ = 0;  // steps in a row
  TimePoint hold_until_{};
  Duration queue_at_back_off_{};
  int futile_ = 0;  // back-offs in a row after which the queue stood as before

  // Loss.
  int lossy_slices_ = 0;
  int loss_back_offs_ = 0;
  double loss_before_ = 0;     // when the first of those was made
  double tolerated_loss_ = 0;  // shown not to follow the rate
  bool queued_in_slice_ = false;

  std::optional<BitRate> link_;
  bool was_narrow_ = false;  // there was a back-off
  bool drains_ = false;      // the rate is lower than the link for the queue's sake
  BitRate proven_{};
  TimePoint climb_from_{};
  Duration patience_{};
  Work decode_, encode_;
};

[[nodiscard]] const char* name_of(RateControl::Cause cause);

}  // namespace punktfunk::media
