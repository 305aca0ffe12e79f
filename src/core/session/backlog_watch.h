// SPDX-License-Identifier: MIT OR Apache-2.0
// When a queue in front of the decoder stands so long that jumping to live beats working it off.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace punktfunk::media {

// A queue stands when even the item that waited least, over a stretch of time, waited long: a burst that is
// being worked off passes. One per queue, one thread. Pure in time.
class BacklogWatch {
 public:
  static constexpr Duration kStretch = std::chrono::milliseconds(250);
  // What a person feels in a pointer's lag; at low frame rates two frames, since one may always be under way.
  static constexpr Duration kLeastLimit = std::chrono::milliseconds(50);
  // A decoder that is too slow falls behind again at once; then each jump waits twice as long as the one
  // before, so that pictures are shown in between.
  static constexpr Duration kFirstRest = std::chrono::seconds(1);
  static constexpr Duration kLongestRest = std::chrono::seconds(8);

  explicit BacklogWatch(Duration frame_interval) : limit_(std::max(kLeastLimit, 2 * frame_interval)) {}

  // An item was taken after `waited` in the queue. True: drop what waits and jump to live.
  [[nodiscard]] bool on_item(Duration waited, TimePoint now) {
    if (waited < limit_) {
      since_.reset();
      return false;
    }
    if (!since_) since_ = now;
    if (now - *since_ < kStretch || (last_ && now - *last_ < rest_)) return false;
    rest_ = last_ && now - *last_ < 2 * rest_ ? std::min(2 * rest_, kLongestRest) : kFirstRest;
    last_ = now;
    since_.reset();
    return true;
  }

 private:
  const Duration limit_;
  std::optional<TimePoint> since_;  // every item since then waited long
  std::optional<TimePoint> last_;   // jump
  Duration rest_ = kFirstRest;
};

}  // namespace punktfunk::media
