// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/session/probe_meter.h"
#include "core/wire/host_messages.h"

namespace punktfunk::media {

// The start-up ramp of a session whose rate is automatic (section 19): short steps of filler beside the first
// pictures, from a quarter of the rate in force up to all of it, each twice the one before, until the link no
// longer follows. So a link that cannot carry the rate is found before the pictures need all of it, and never
// sees more than 50 ms of what is twice its rate. Pure; one thread.
class StartRamp {
 public:
  // Section 19 gives a second from the first frame; the host counts it from when the frame left, and until
  // the request arrives.
  static constexpr Duration kAfterFirstFrame = std::chrono::milliseconds(750);
  static constexpr int kMostSteps = 6;  // three and their repetitions

  // `rate`: in force at the start.
  explicit StartRamp(BitRate rate);

  // The step to ask for now; nullopt: the ramp is over, and the two below are its result.
  [[nodiscard]] std::optional<wire::ProbeRequest> next(TimePoint now);
  void on_step(const ProbeFigures& figures);
  // A frame is there; all but the first are ignored.
  void on_frame(TimePoint now);
  // No further step.
  void stop() { is_over_ = true; }

  // The most that arrived, pictures included, without a queue or loss; zero: nothing is proven.
  [[nodiscard]] BitRate proven() const { return proven_; }
  // What the link carries, where the ramp was too much for it.
  [[nodiscard]] std::optional<BitRate> link() const { return link_; }

 private:
  const BitRate rate_;
  BitRate target_;
  int steps_ = 0;
  bool is_repeated_ = false;
  std::optional<BitRate> narrow_;  // what the step before found, if that was not enough for it
  std::optional<TimePoint> until_;
  bool is_over_ = false;
  BitRate proven_{};
  std::optional<BitRate> link_;
};

}  // namespace punktfunk::media
