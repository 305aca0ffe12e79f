// SPDX-License-Identifier: MIT OR Apache-2.0
// When to ask for the next frame: at t0 + n / rate, computed from n so that no rounding adds up.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace punktfunk::host {

// Pure; time is an argument.
class SampleClock {
 public:
  // Frames a second × 1000, above 0.
  explicit SampleClock(std::uint32_t rate_millihertz) : rate_(rate_millihertz) {}

  // The instant of the next sample. At once for the first.
  [[nodiscard]] TimePoint next(TimePoint now) const { return origin_ ? instant(index_ + 1) : now; }

  // A picture arrived. In a moving scene the instants stay where they are, so that 60 a second are 60.0; when
  // the picture came more than one interval after its instant (a still desktop that changed), the instants
  // start anew from it, so that the one after it is neither early nor late.
  void sampled(TimePoint now);

 private:
  [[nodiscard]] TimePoint instant(std::uint64_t index) const;

  const std::uint32_t rate_;
  std::optional<TimePoint> origin_;
  std::uint64_t index_ = 0;
};

}  // namespace punktfunk::host
