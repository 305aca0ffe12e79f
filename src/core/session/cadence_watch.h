// SPDX-License-Identifier: MIT OR Apache-2.0
// Whether a host encodes as fast as its pictures come, and the ceiling for its bitrate where it does not:
// section 18's reason "cadence".
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace punktfunk::media {

// An encoder that takes longer than the frame interval loses pictures before they are coded, however good the
// link is. Fewer bits take less of its time, because each one goes through the entropy coder: x264's CABAC
// takes 5.5 ns for a pixel at ordinary rates and less below. It is the smallest of the levers, since what is
// spent on motion and transform stays; a smaller picture or a quicker preset gains more, but needs another
// encoder, a keyframe and, for the size, the client's consent. So the ceiling does not sink below a quarter
// of the rate at which the trouble began: there the picture pays for time that is no longer gained.
//
// One per sequence of pictures of one size and rate, one thread. Pure in time.
class CadenceWatch {
 public:
  // One verdict, and so one step, for each of these.
  static constexpr Duration kWindow = std::chrono::seconds(2);
  static constexpr double kSlow = 0.9;  // of the interval: what is left goes to taking and handing on
  static constexpr double kEasy = 0.6;  // a step up takes some 10 % more time, and does not end up slow again
  static constexpr double kStep = 0.8;
  static constexpr int kEasyWindows = 5;  // 10 s in a row before a step up
  static constexpr double kLeast = 0.25;  // of the rate at the beginning

  // A new picture was encoded within `took` while `in_force` was the total wire budget. Repeats of a still
  // one do not count: nobody misses those that come late.
  void on_frame(Duration took, Duration interval, BitRate in_force, TimePoint now);

  // The wire budget that the host is to stay under, in whole kbit/s; nullopt: it keeps up.
  [[nodiscard]] std::optional<BitRate> ceiling() const { return ceiling_; }

 private:
  struct Window {
    TimePoint began;
    Duration busy;
    std::uint32_t frames, slow, not_easy;
  };
  void step_down(BitRate in_force);
  void step_up();

  std::optional<Window> window_;
  int easy_windows_ = 0;  // in a row
  std::optional<BitRate> ceiling_;
  BitRate first_;  // in force when the ceiling came
};

}  // namespace punktfunk::media
