// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "base/time.h"

namespace punktfunk::host {

// When a still picture is sent once more. A desktop that stands still delivers no frames, yet the client
// needs some: the last ones before the rest are coarse, because the rate control had to spend on motion, and
// a lost last frame would be noticed by nobody, because only a later packet shows the hole. So: a short run
// at full rate that lets the picture settle, then a heartbeat. Pure in time.
class RepeatSchedule {
 public:
  // A quarter of a second at 60 Hz, in which x264's per-frame budget takes a static picture close to its
  // best.
  static constexpr int kSettleFrames = 15;
  // Bounds how long a client can show a stale picture after the loss of the last frame.
  static constexpr Duration kHeartbeat = std::chrono::milliseconds(250);

  explicit RepeatSchedule(Duration frame_interval) : interval_(frame_interval) {}

  void on_new_picture(TimePoint now) {
    repeats_ = 0;
    // 2.5 intervals: content at half the rate (30 on a 60 Hz display) is not padded with repeats.
    next_ = now + interval_ * 5 / 2;
  }
  void on_repeat(TimePoint now) {
    ++repeats_;
    next_ = now + (repeats_ < kSettleFrames ? interval_ : kHeartbeat);
  }
  [[nodiscard]] TimePoint next() const { return next_; }

 private:
  Duration interval_;
  TimePoint next_{};
  int repeats_ = 0;
};

}  // namespace punktfunk::host
