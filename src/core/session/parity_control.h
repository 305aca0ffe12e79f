// SPDX-License-Identifier: MIT OR Apache-2.0
// How much parity the host adds, driven by the client's loss windows (section 17). Policy of this host, not
// protocol.
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/feedback.h"

namespace punktfunk::media {

// ceil(ppm · 14 / 100000) + 1, held in 5 … 50: 1.4 times the loss, and one point on top.
[[nodiscard]] std::uint8_t adaptive_parity_percent(std::uint32_t loss_ppm);

// One thread.
class ParityControl {
 public:
  // In force until the first window: light loss is covered from the first frame on.
  static constexpr std::uint8_t kInitialPercent = 10;
  // A keyframe gets at least this much. A lost one costs a still picture and another keyframe, and one opens
  // the session before any loss was measured: at 5 % random loss 25 % on 45 shards fails once in 10^5, 10 %
  // once in 25.
  static constexpr std::uint8_t kKeyframePercent = 25;

  // So long after it last asked for packets again a client counts as near: 40 windows are 30 s.
  static constexpr int kWindowsNear = 40;

  // Reads each window number once, in half-space order. True if it was a new window.
  bool on_feedback(const wire::Feedback& feedback);

  // So many packets were sent again because the client asked: they were lost, though it does not count them.
  void on_sent_again(std::size_t packets);
  // The stream's rate was lowered: what the window under way lost, it lost to a full queue, of which parity
  // is a part.
  void on_rate_lowered() { congested_ = true; }

  // Of the last window: packets received in it, and the share lost, 0 … 1.
  [[nodiscard]] std::uint64_t window_received() const { return window_received_; }
  [[nodiscard]] double window_loss() const { return window_loss_; }

  // The session's percentage.
  [[nodiscard]] std::uint8_t percent() const { return percent_; }

  // The percentage for a frame of `data_shards`, at least percent(): small frames need more, because a few
  // lost shards are a large part of them. At most 90.
  [[nodiscard]] std::uint8_t percent_for(std::uint32_t data_shards) const;

 private:
  std::optional<std::uint32_t> window_;
  std::uint64_t packets_received_ = 0;
  std::uint64_t window_received_ = 0;
  double window_loss_ = 0;
  std::uint64_t sent_again_ = 0;
  int windows_since_again_ = kWindowsNear;
  bool congested_ = false;
  std::uint8_t percent_ = kInitialPercent;
  double loss_ = 0;  // share of packets lost, as the small-frame rule sees it
};

}  // namespace punktfunk::media
