// SPDX-License-Identifier: MIT OR Apache-2.0
// Spreads the datagrams of one frame in time, so that a large frame does not arrive at a bottleneck as one
// burst at line rate. A token bucket: it fills at a multiple of the stream's rate, holds one burst, and every
// group of datagrams takes its bytes out. A small frame fits the bucket and leaves at once. A large one
// leaves in groups, each no earlier than the bucket allows; the rate is raised where needed so that the frame
// is out within a stated part of its interval.
//
// Pure: what comes out depends on the configuration and on the sizes and times passed in, and on nothing
// else. In any stretch of time no more leaves than one burst and what the rate fills in, however late the
// caller comes: lateness inside a frame is made up for by a higher rate for the rest of it, never by several
// groups at once, which segmentation offload would turn into one burst at line rate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace punktfunk::media {

// What Wi-Fi carries in a bad corner and every cable always: a 45 KB frame of 1080p60 at 20 Mbit/s is out
// in 1.2 ms instead of the 3.3 ms that 2.5 times the stream's rate would take.
inline constexpr BitRate kPacingFloor = BitRate::from_kbps(150'000);

// The floor for a link of which the client says what it carries (feedback tag 8): no more than that, so that
// a large frame does not overflow a short queue in front of it.
[[nodiscard]] constexpr BitRate pacing_floor(std::optional<std::uint32_t> link_kbps) {
  return link_kbps ? std::min(kPacingFloor, BitRate::from_kbps(*link_kbps)) : kPacingFloor;
}

struct PacerConfig {
  BitRate stream_rate;        // total wire budget of the stream; zero = unlimited, everything leaves at once
  Duration frame_interval{};  // 1 / refresh
  // 24 KiB is 17 datagrams of 1454 bytes: what any home router's queue takes, and 0.2 ms at 1 Gbit/s.
  std::size_t burst_bytes = 24 * 1024;
  std::size_t burst_datagrams = 16;
  double rate_multiple = 2.5;  // of stream_rate
  // Pacing never spreads more slowly than this; zero = no floor. For a low-rate stream a multiple of its rate
  // is far below what any link in the house carries, and would only add delay.
  BitRate floor_rate;
  double interval_share = 0.75;  // a frame is out within this part of its interval
};

// One per stream, used by the one sending thread.
class Pacer {
 public:
  explicit Pacer(const PacerConfig& config) : config_(config) {}

  // Takes effect with the next frame.
  void set_stream_rate(BitRate rate) { config_.stream_rate = rate; }
  void set_floor_rate(BitRate rate) { config_.floor_rate = rate; }
  void set_frame_interval(Duration interval) { config_.frame_interval = interval; }

  // Starts a frame of `datagrams`, each of `datagram_bytes`. What an earlier frame left unsent is forgotten.
  void begin_frame(std::size_t datagrams, std::size_t datagram_bytes, TimePoint now);

  struct Step {
    TimePoint not_before{};
    std::size_t count = 0;  // datagrams, 1 … the burst: one GSO send
  };

  // The next group; the caller waits until not_before and sends it, then calls again at once, with `now` not
  // before the group left. nullopt when the frame is out.
  [[nodiscard]] std::optional<Step> next(TimePoint now);

  // Rate in force for what is left of the frame; zero = unlimited.
  [[nodiscard]] BitRate rate() const { return {static_cast<std::uint64_t>(rate_ * 8e9)}; }

 private:
  [[nodiscard]] Duration share() const;
  void set_rate();

  PacerConfig config_;
  double base_rate_ = 0;  // bytes per ns; 0 = unlimited
  double rate_ = 0;       // the same, of the frame under way
  double tokens_ = 0;     // bytes that may leave at cursor_
  bool primed_ = false;
  TimePoint cursor_{};    // when the last group left, or leaves
  TimePoint deadline_{};  // the frame is to be out then
  std::size_t left_ = 0;
  std::size_t datagram_bytes_ = 0;
  std::size_t group_ = 0;
};

}  // namespace punktfunk::media
