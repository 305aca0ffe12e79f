// SPDX-License-Identifier: MIT OR Apache-2.0
// How soon after a keyframe the host makes another one for a client that asks.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace punktfunk::media {

// A few may follow each other closely, because loss that strikes a keyframe or what follows it is answered
// at once; when they go on doing so they are part of what overfills the link, and are spread. One per
// session, one thread. Pure in time.
class KeyframeThrottle {
 public:
  // A second keyframe within this time would answer a loss that the first is already on its way to heal.
  static constexpr Duration kLeast = std::chrono::milliseconds(100);
  // So many at that distance, then one in each kSpread. Waits of 200 ms and more from the second on doubled
  // the longest freeze at 10 % random loss.
  static constexpr int kClose = 4;
  static constexpr Duration kSpread = std::chrono::milliseconds(400);

  void on_keyframe(TimePoint now) {
    last_ = now;
    paid_until_ = std::max(paid_until_, now) + kSpread;
  }

  // From when on another may be made; nullopt: there was none yet.
  [[nodiscard]] std::optional<TimePoint> next() const {
    if (!last_) return std::nullopt;
    return std::max(*last_ + kLeast, paid_until_ - (kClose - 1) * kSpread);
  }

 private:
  std::optional<TimePoint> last_;
  TimePoint paid_until_{};  // each keyframe pays for kSpread
};

}  // namespace punktfunk::media
