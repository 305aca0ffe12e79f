// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace punktfunk::host {

// Whether the source of a session's pictures still works. A desktop that stands still delivers nothing, and
// so does one that hangs: silence alone says nothing. So a silent source is poked, asked for a picture that
// it owes whether anything changed or not, and only one that leaves that unanswered stalls. Pure in time;
// made anew with each source.
class SourceWatch {
 public:
  // How long a source may be silent before it is poked: a copy of the picture, now and then, is cheap.
  static constexpr Duration kQuiet = std::chrono::seconds(2);
  // The same after input: that usually moves something, and somebody is there who waits for it.
  static constexpr Duration kQuietAfterInput = std::chrono::milliseconds(250);
  // A healthy compositor answers within a frame interval. This is what a machine under heavy load, or a game
  // that loads, may take.
  static constexpr Duration kAnswer = std::chrono::seconds(2);
  // The first picture: programs are starting at the same time.
  static constexpr Duration kFirstPicture = std::chrono::seconds(5);
  // One picture in the encoder. The slowest this host can do is some 100 ms.
  static constexpr Duration kEncode = std::chrono::seconds(5);

  explicit SourceWatch(TimePoint now) : last_(now), updated_(now) {}

  // Input was given to the desktop.
  void on_input(TimePoint now) {
    if (!input_) input_ = now;
  }

  enum class Verdict : std::uint8_t { fine, poke, no_first_picture, stalled, encoder_stuck };
  // To be called every tenth of a second or so. `captured`: pictures so far. `encoding_since`: of the picture
  // in the encoder, if there is one.
  [[nodiscard]] Verdict update(std::uint64_t captured, std::optional<TimePoint> encoding_since,
                               TimePoint now);

 private:
  // A host that did not run (suspended, stopped, starved) for this long between two calls knows nothing about
  // its source.
  static constexpr Duration kOwnPause = std::chrono::milliseconds(500);

  TimePoint last_;  // picture, or the start
  TimePoint updated_;
  std::uint64_t captured_ = 0;
  std::optional<TimePoint> input_;     // since the last picture
  std::optional<TimePoint> poked_;     // the same
  std::optional<TimePoint> encoding_;  // what update() was told of the picture in the encoder …
  TimePoint encoding_seen_{};          // … and when for the first time
};

}  // namespace punktfunk::host
