// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/capture/sample_clock.h"

namespace punktfunk::host {

TimePoint SampleClock::instant(std::uint64_t index) const {
  // 10^12 = ns a second × millihertz a hertz; whole seconds apart so that nothing overflows in a long
  // session.
  const std::uint64_t seconds = index / rate_ * 1000;
  const std::uint64_t rest = index % rate_ * 1'000'000'000'000u / rate_;
  return *origin_ + std::chrono::seconds(seconds) + Duration(static_cast<Duration::rep>(rest));
}

void SampleClock::sampled(TimePoint now) {
  if (!origin_ || now >= instant(index_ + 2)) {
    origin_ = now;
    index_ = 0;
    return;
  }
  ++index_;
}

}  // namespace punktfunk::host
